"""The kernel of the fused Adam: a step is taken whole or not at all, and one after the other."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

from dnn.ops.fused_adam import FusedAdam, _library

pytestmark = needs_compiler

STEPS, MANY = 200, 100_000  # numbers: a step takes long enough for others to begin meanwhile


def at_once(optimizers):
    """STEPS steps with gradients of 1, in turn by each optimizer, of eight threads."""
    ones = [tf.ones([MANY])] * 2
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda i: optimizers[i % len(optimizers)].apply(ones), range(STEPS)))


def test_steps_at_once_are_those_of_one_after_the_other():
    ends = []
    for run in (at_once, lambda optimizers: [optimizers[0].apply([tf.ones([MANY])] * 2) for _ in range(STEPS)]):
        optimizer = FusedAdam([tf.Variable(tf.zeros([MANY])) for _ in range(2)])
        run([optimizer])
        ends.append([*optimizer.parameters, *optimizer.m, *optimizer.v, optimizer.t])
    for ours, wanted in zip(*ends, strict=True):
        np.testing.assert_array_equal(ours, wanted)


def test_optimizers_of_their_own_parameters_disturb_each_other_in_no_thread():
    def run(i):
        p, *gradients = (tf.random.stateless_normal([20_000 + i], [i, part]) for part in range(6))
        optimizer = FusedAdam([tf.Variable(p)])
        for g in gradients:
            optimizer.apply([g])
        return [x.numpy() for x in (*optimizer.parameters, *optimizer.m, *optimizer.v)]

    alone = list(map(run, range(32)))
    with ThreadPoolExecutor(8) as pool:
        for results, expected in zip(pool.map(run, range(32)), alone, strict=True):
            for ours, wanted in zip(results, expected, strict=True):
                np.testing.assert_array_equal(ours, wanted)


def test_two_optimizers_of_the_same_parameters_wait_for_each_other_in_any_order():
    p, q = tf.Variable(tf.zeros([MANY])), tf.Variable(tf.zeros([MANY]))
    optimizers = FusedAdam([p, q]), FusedAdam([q, p])
    at_once(optimizers)
    for parameter in (p, q):
        np.testing.assert_array_equal(parameter, np.full(MANY, parameter.numpy()[0]))  # none lost in a part of them
        np.testing.assert_allclose(parameter, -1e-3 * STEPS, rtol=1e-4)  # with gradients of 1, each step is the rate
    assert [optimizer.t.numpy() for optimizer in optimizers] == [STEPS / 2, STEPS / 2]


RULE = (0.1, 0.9, 0.9, 0.1, 0.1, 1e-7)


def call(p, m, v, g, rule=RULE, t=None):
    handles = {name: [x.handle for x in slot] for name, slot in {"p": p, "m": m, "v": v}.items()}
    t = tf.Variable(0, dtype=tf.int64) if t is None else t
    _library().dnn_fused_adam(**handles, t=t.handle, g=g, rule=tf.constant(rule))


def test_the_kernel_refuses_what_does_not_fit_and_changes_nothing_then():
    a, b, c, *others = (tf.Variable(tf.zeros(size)) for size in (2, 2, 2, 3, 3, 3))
    wide, t, g = tf.Variable(np.zeros(2)), tf.Variable(3, dtype=tf.int64), [tf.ones([2])]
    pairs = [[a, others[0]], [b, others[1]], [c, others[2]]]
    for message, *arguments in (
        ("a variable is given twice among p, m, v and t", [a], [a], [c], g),
        (r"gradient 0 must be as .*, float \[2\], got float \[3\]", [a], [b], [c], [tf.zeros([3])]),
        (r"gradient 0 must be as .*, float \[3\], got float \[2\]", [a], [b], others[:1], g),
        (r"gradient 1 must be as .*, float \[3\], got float \[2\]", *pairs, g * 2),
        (r"gradient 0 must .*, double \[2\], got float \[2\]", [wide], [b], [c], g),
        (r"rule must be \[6\]|dimension must be 6", [a], [b], [c], g, (0.1,)),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            call(*arguments, t=t)
    for bad, message in ((tf.Variable(0), "t must be a number of int64, got int32"),
                         (tf.Variable([0], dtype=tf.int64), r"t must be a number of int64, got int64 \[1\]"),
                         (tf.Variable(-1, dtype=tf.int64), r"t must be in \[0, 2\^63 - 1\), got -1")):  # fmt: skip
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            call([a], [b], [c], g, t=bad)
    assert t.numpy() == 3
    for variable in (a, b, c, *others):
        np.testing.assert_array_equal(variable, np.zeros(variable.shape))


def test_a_step_that_is_refused_counts_nowhere():
    optimizer = FusedAdam([tf.Variable([1.0, 2.0])], 0.1)
    unknown = tf.function(lambda g: optimizer.apply([g]), input_signature=[tf.TensorSpec(None)])
    with pytest.raises(tf.errors.InvalidArgumentError, match="gradient 0 must be as its parameter"):
        unknown(tf.ones([3]))
    for gradients in ([tf.ones([3])], [tf.ones([2], tf.float64)], [tf.ones([2], tf.int32)], [None], []):
        with pytest.raises(ValueError, match=r"gradients|the loss does not depend on"):
            optimizer.apply(gradients)
    assert optimizer.t.numpy() == 0
    unknown(tf.ones([2]))
    assert optimizer.t.numpy() == 1


def test_a_variable_without_a_value_is_refused():
    a, b, t = tf.Variable(tf.zeros([2])), tf.Variable(tf.zeros([2])), tf.Variable(0, dtype=tf.int64)
    empty = tf.raw_ops.VarHandleOp(dtype=tf.float32, shape=[2], shared_name="dnn_test_no_value")
    handles = {"m": [a.handle], "v": [b.handle], "g": [tf.zeros([2])], "rule": RULE}
    with pytest.raises((tf.errors.FailedPreconditionError, tf.errors.NotFoundError)):
        _library().dnn_fused_adam(p=[empty], t=t.handle, **handles)
    with pytest.raises((tf.errors.FailedPreconditionError, tf.errors.NotFoundError)):
        _library().dnn_fused_adam(p=[tf.Variable(tf.zeros([2])).handle], t=empty, **handles)
    assert t.numpy() == 0
