"""The traffic of a graph, beside counts by hand, and that the fused ops make less of it."""

import numpy as np
import pytest
import tensorflow as tf
from modes import THOROUGH
from needs_compiler import needs_compiler

from benchmarks.custom_steps import ADAM, LOSSES, NORMALIZATIONS, adam_step, loss_step, normalization_step
from dnn.bench.traffic import traffic

ROWS, CLASSES = 256, 1000
MATRIX = ROWS * CLASSES * 4  # bytes


def traced(function, *specs):
    return tf.function(function, autograph=False).get_concrete_function(*specs)


def test_each_operation_reads_its_inputs_and_writes_its_outputs_once():
    x = tf.TensorSpec([10, 3])
    assert traffic(traced(tf.exp, x)) == 2 * 120
    assert traffic(traced(lambda x: tf.reshape(x, [3, 10]) + 1.0, x)) == 2 * 120 + 4  # the reshape moves nothing
    assert traffic(traced(lambda x: tf.exp(tf.cast(x, tf.float64)), x)) == 120 + 240 + 2 * 240
    assert traffic(traced(lambda x: (tf.exp(x), tf.sin(x))[1], x)) == 2 * 120  # of what nobody asks for, nothing


def test_a_variable_that_is_changed_is_read_and_written_and_one_that_is_read_is_not_copied():
    variable = tf.Variable(tf.zeros([10]))
    assert traffic(traced(lambda x: variable.assign_add(x), tf.TensorSpec([10])), [variable]) == 3 * 40
    assert traffic(traced(lambda x: x + variable, tf.TensorSpec([10]))) == 3 * 40


def test_what_cannot_be_counted_is_refused():
    variable, ten = tf.Variable(tf.zeros([10])), tf.TensorSpec([10])
    with pytest.raises(ValueError, match=r"the size of .* is not known: float32 of shape \(None,\)"):
        traffic(traced(tf.exp, tf.TensorSpec([None])))
    with pytest.raises(ValueError, match="is not known: resource of shape"):
        traffic(traced(lambda x: variable.assign_add(x), ten))
    with pytest.raises(ValueError, match="an inner function is not counted: PartitionedCall"):
        traffic(traced(tf.function(tf.exp), ten))


@needs_compiler
def test_the_fused_loss_makes_a_twentieth_of_the_traffic_and_no_more_than_tensorflow_s():
    package, tensorflow, fused = (loss_step(loss, ROWS, CLASSES).traffic for loss in LOSSES)
    assert fused < 4.1 * MATRIX  # reads the logits, writes the gradient, and that times the gradient of the loss
    assert 20 * fused < package
    assert fused < 1.01 * tensorflow


@needs_compiler
@pytest.mark.skipif(not THOROUGH, reason="takes long: HYPOTHESIS_PROFILE=thorough")
def test_the_other_fused_ops_make_less_of_it_too():
    package, tensorflow, fused = (normalization_step(f, ROWS, CLASSES).traffic for f in NORMALIZATIONS)
    assert fused < 5.1 * MATRIX  # forward reads x, writes y; backward reads x and ∂y, writes ∂x
    assert 5 * fused < min(package, tensorflow)
    package, tensorflow, fused = (adam_step(make, [(ROWS, CLASSES)]).traffic for make in ADAM)
    assert fused < 7.1 * MATRIX  # reads p, m, v and g, writes p, m and v
    assert 4 * fused < package
    assert fused < 1.01 * tensorflow


@needs_compiler
def test_what_is_timed_side_by_side_computes_the_same():
    for steps in ([loss_step(loss, 5, 7) for loss in LOSSES], [normalization_step(f, 5, 7) for f in NORMALIZATIONS]):
        first, *others = (step.run() for step in steps)
        for other in others:
            for one, two in zip(first, other, strict=True):
                np.testing.assert_allclose(one, two, atol=1e-5)
    package, *others = (ended(adam_step(make, [(5, 7), (3,)])) for make in ADAM)
    for other in others:
        for one, two in zip(package, other, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6)


def ended(step):
    """m, the parameters and v after a step."""
    step.run()
    return [variable.numpy() for variable in step.changes if variable.dtype == tf.float32]
