"""check_op of an op that is wrong only in a really large array, and of inputs that cannot be so large."""

import time

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dnn.testing import Floats, Integers, check_op
from dnn.testing.ops.larger import larger, most_numbers
from dnn.testing.ops.source import source_of

VALUES = "has the values of the reference"
BEYOND = 100_000


def is_beyond(x):
    """Whether more than so many numbers stand before each."""
    return tf.reshape(tf.range(tf.size(x)) > BEYOND, tf.shape(x))


@tf.custom_gradient
def halved_gradient_beyond(x):
    return x * x, lambda dy: tf.where(is_beyond(x), x, 2 * x) * dy


@pytest.mark.parametrize("inputs", [Floats(), Floats([3, "rows"]), Floats(["batch", 4096])], ids=str)
def test_values_that_are_wrong_only_in_a_really_large_array_are_found(inputs):
    found = broken(lambda x: tf.where(is_beyond(x), 0.0, x), lambda x: x * 1.0, inputs=inputs, gradient=None)
    assert VALUES in found


@pytest.mark.parametrize(
    ("reference", "law"),
    [(np.square, "has the gradient of finite differences"), (tf.square, "has the gradient of the reference")],
)
def test_a_gradient_that_is_wrong_only_in_a_really_large_array_is_found(reference, law):
    assert law in broken(halved_gradient_beyond, reference)


def test_a_kink_within_the_step_is_no_fault():
    """Of a million numbers between -3 and 3, one is likely to be within 10⁻⁶ of a kink of these."""
    report = check_op(lambda x: tf.abs(tf.nn.relu(x * 512) % 2 - 1), None, **QUICK)
    assert report["has the gradient of finite differences"].verdict == "holds"


@pytest.mark.parametrize(
    ("specs", "shapes"),
    [
        (Floats(), [(4081, 257)]),
        ((Floats(["batch", "inputs"]), Floats(["inputs", "units"])), [(61681, 17), (17, 17)]),
        ((Integers(["batch"]), Floats(["batch", "classes"])), [(4081,), (4081, 257)]),
        (Floats(["side", "side"]), [(1025, 1025)]),
        (Floats([4]), []),
        (Integers([4], below="classes"), []),
    ],
    ids=str,
)
def test_the_batch_is_longer_or_else_what_has_a_name(specs, shapes):
    found = larger(source_of(specs), [lambda arrays: arrays])
    assert [array.shape for array in (found[0] if found else ())] == shapes


def test_where_a_call_takes_long_arrays_are_no_larger():
    found = larger(source_of(Floats()), [lambda arrays: time.sleep(0.06)])
    assert most_numbers(found[0]) == 255 * 257


def test_where_inputs_are_a_strategy_the_table_says_that_none_is_larger():
    sides = st.integers(1, 4).flatmap(lambda n: arrays(np.float32, (n, n), elements=st.floats(0, 1, width=32)))
    report = check_op(tf.linalg.matrix_transpose, np.transpose, st.tuples(sides), **QUICK)
    assert "a large one, none larger (no axis of a spec has a name" in report[VALUES].detail
