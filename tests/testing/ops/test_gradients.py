"""Laws of the gradient of an op: a wrong one is found, beside NumPy too, for large numbers and in large arrays."""

import re

import numpy as np
import pytest
import tensorflow as tf
from op_laws import DIFFERENCES, REFERENCE_GRADIENT, broken, broken_laws, found, holds, not_applicable

from dnn.testing import Floats

BOTH = [DIFFERENCES, REFERENCE_GRADIENT]
BEYOND = 100_000


@tf.custom_gradient
def relu_with_the_gradient_of_identity(x):
    return tf.nn.relu(x), lambda g: g


@tf.custom_gradient
def product_with_swapped_gradients(x, y):
    return x * y, lambda g: (g * x, g * y)


@tf.custom_gradient
def gradient_off_by_a_thousandth(x):
    return tf.exp(x), lambda g: 1.001 * g * tf.exp(x)


def zero_without_a_reason(x):
    return tf.stop_gradient(x * x)


def with_a_gradient_of_another_shape(x):
    return tf.custom_gradient(lambda x: (tf.square(x), lambda dy: tf.reduce_sum(2 * x * dy)))(x)


FAULTS = [
    (relu_with_the_gradient_of_identity, tf.nn.relu, Floats()),
    (product_with_swapped_gradients, tf.multiply, (Floats(), Floats())),
    (gradient_off_by_a_thousandth, tf.exp, Floats(low=-3, high=3)),
    (zero_without_a_reason, tf.square, Floats()),
]


@pytest.mark.parametrize(("op", "reference", "inputs"), FAULTS, ids=[op.__name__ for op, *_ in FAULTS])
def test_a_wrong_gradient_is_found(op, reference, inputs):
    by_differences, by_reference = found(op, reference, inputs, laws=BOTH)
    assert by_differences.verdict == by_reference.verdict == "BROKEN"
    assert "gradient by float argument" in by_differences.detail


def test_beside_numpy_finite_differences_find_it():
    def reference(x):
        return np.maximum(x, 0)

    assert broken_laws(relu_with_the_gradient_of_identity, reference, laws=BOTH) == {DIFFERENCES}
    reason = not_applicable(tf.nn.relu, reference, law=REFERENCE_GRADIENT)
    assert reason == "there is no reference in TensorFlow"


def test_a_gradient_that_is_nan_is_found():
    assert "in every number is nan" in broken(lambda x: np.nan * x, law=DIFFERENCES)


@pytest.mark.parametrize("reference", [tf.square, np.square], ids=["TensorFlow", "NumPy"])
def test_a_gradient_of_another_shape_is_told_as_one(reference):
    detail = broken(with_a_gradient_of_another_shape, reference, law=DIFFERENCES)
    assert "the gradient by float argument or variable 0 has shape () instead of (" in detail


def test_a_gradient_that_is_none_is_told_from_0():
    by_differences, by_reference = found(lambda x: tf.square(tf.stop_gradient(x)), tf.square, laws=BOTH)
    assert re.search(
        r" gradient by float argument 0 at \(\d+, \d+\) is None \(unconnected\), by", by_differences.detail
    )
    assert by_reference.detail.startswith("gradient by float argument 0 (None): 0.0 in")
    pair = (Floats(), Floats())
    holds(lambda x, y: x + 0 * tf.stop_gradient(y), lambda x, y: x, pair, law=DIFFERENCES)


@tf.custom_gradient
def straight_through_round(x):
    return tf.round(x), lambda g: g


def test_a_surrogate_gradient_is_compared_only_with_the_references():
    def reference(x):
        return x + tf.stop_gradient(tf.round(x) - x)

    assert broken_laws(straight_through_round, reference, laws=BOTH) == {DIFFERENCES}
    assert not_applicable(straight_through_round, reference, law=DIFFERENCES, gradient="surrogate")
    holds(straight_through_round, reference, law=REFERENCE_GRADIENT, gradient="surrogate")
    broken(straight_through_round, tf.round, law=REFERENCE_GRADIENT, gradient="surrogate")


@tf.custom_gradient
def relu6_with_the_gradient_of_relu(x):
    return tf.nn.relu6(x), lambda g: tf.where(x > 0, g, 0)


@tf.custom_gradient
def softplus_with_no_gradient_beyond_20(x):
    return tf.math.softplus(x), lambda g: g * tf.sigmoid(x) * tf.cast(x < 20, x.dtype)


def in_float32_alone(function):
    def called(x):
        tf.debugging.assert_type(x, tf.float32)
        return function(x)

    return called


OF_LARGE_NUMBERS = {
    "relu6": (relu6_with_the_gradient_of_relu, lambda x: np.clip(x, 0, 6)),
    "softplus": (softplus_with_no_gradient_beyond_20, lambda x: np.logaddexp(0, x)),
    "softplus of float32": (in_float32_alone(softplus_with_no_gradient_beyond_20), lambda x: np.logaddexp(0, x)),
}


@pytest.mark.parametrize(("op", "reference"), OF_LARGE_NUMBERS.values(), ids=OF_LARGE_NUMBERS)
def test_a_gradient_that_is_wrong_only_beyond_3_is_found(op, reference):
    assert "gradient by float argument 0 at (" in broken(op, reference, law=DIFFERENCES)


MATRICES = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]))
RIGHT = {
    "exp": (tf.exp, np.exp, None),
    "exp of float32": (in_float32_alone(tf.exp), np.exp, None),
    "softmax": (lambda x: tf.nn.softmax(x) * x, None, None),
    "squared product": (lambda x, w: tf.square(x @ w), lambda x, w: np.square(x @ w), MATRICES),
    "log": (tf.math.log, np.log, Floats(low=0.1, high=1e30, kinks=(0.5,))),
    "sqrt, infinite at 0": (tf.sqrt, np.sqrt, Floats(low=0)),
    "sort": (tf.sort, None, None),
    "floormod": (lambda x: tf.math.floormod(100 * x, 1), None, None),
    "round": (lambda x: tf.round(256 * x) / 256, None, None),
}


@pytest.mark.parametrize(("op", "reference", "inputs"), RIGHT.values(), ids=RIGHT)
def test_a_right_gradient_holds_with_large_numbers_kinks_and_jumps(op, reference, inputs):
    holds(op, reference, inputs, law=DIFFERENCES)


def test_no_gradient_is_compared_at_a_kink_that_is_told():
    """At 0 that of tf.maximum is 1, and that of tf.nn.relu 0."""
    holds(lambda x: tf.maximum(x, 0), tf.nn.relu, Floats(kinks=(0.0,)), law=REFERENCE_GRADIENT)
    broken(lambda x: tf.maximum(x, 0), tf.nn.relu, law=REFERENCE_GRADIENT)


def test_where_an_op_and_its_reference_refuse_float64_there_are_no_differences():
    assert "neither the op nor a reference" in not_applicable(in_float32_alone(tf.exp), law=DIFFERENCES)


def test_a_kink_within_the_step_is_no_fault_in_a_very_large_array():
    """Of a quarter million numbers between -3 and 3, one is likely to be within 10⁻⁶ of a kink of these."""
    holds(lambda x: tf.abs(tf.nn.relu(x * 512) % 2 - 1), law=DIFFERENCES, very_large=(2**18,))


@tf.custom_gradient
def half_beyond_the_first_150(x):
    def gradient(dy):
        flat = tf.reshape(2 * x * dy, [-1])
        part = tf.where(tf.range(tf.size(flat)) < 150, tf.ones_like(flat), 0.5 * tf.ones_like(flat))
        return tf.reshape(flat * part, tf.shape(x))

    return x * x, gradient


def test_a_gradient_that_is_wrong_only_in_a_large_array_is_found_beside_numpy():
    assert "for a large example, float32[64, 256]" in broken(half_beyond_the_first_150, np.square, law=DIFFERENCES)


@tf.custom_gradient
def halved_gradient_beyond(x):
    beyond = tf.reshape(tf.range(tf.size(x)) > BEYOND, tf.shape(x))
    return x * x, lambda dy: tf.where(beyond, x, 2 * x) * dy


@pytest.mark.parametrize(("reference", "law"), [(np.square, DIFFERENCES), (tf.square, REFERENCE_GRADIENT)])
def test_a_gradient_that_is_wrong_only_in_a_very_large_array_is_found(reference, law):
    broken(halved_gradient_beyond, reference, law=law, very_large=(2**18,))


def sum_of_saw_teeth(x):
    return tf.reduce_sum(tf.math.floormod(100 * x, 1))


@tf.custom_gradient
def wrong_beyond_the_first_500(x):
    def gradient(dy):
        part = tf.where(tf.range(tf.size(x)) < 500, 100.0, 50.0)
        return tf.reshape(tf.cast(part, x.dtype) * dy, tf.shape(x))

    return sum_of_saw_teeth(x), gradient


def test_a_wrong_gradient_of_a_sum_of_very_many_numbers_one_of_which_is_always_at_a_kink_is_found():
    assert "for a large example" in broken(wrong_beyond_the_first_500, law=DIFFERENCES, very_large=(2**20,))
    holds(sum_of_saw_teeth, law=DIFFERENCES, very_large=(2**20,))


@pytest.mark.parametrize("dtype", [np.float16, tf.bfloat16])
def test_a_wrong_gradient_of_arguments_of_half_precision_is_found(dtype):
    @tf.custom_gradient
    def op(x):
        return tf.square(x), lambda g: 3 * x * g

    broken(op, np.square, Floats(dtype=dtype), law=DIFFERENCES)
    holds(tf.square, np.square, Floats(dtype=dtype), law=DIFFERENCES)


@pytest.mark.parametrize(("inputs", "says"), [(Floats(), True), (Floats(low=0.01), False)], ids=["too wide", "right"])
def test_where_most_numbers_have_no_derivative_the_remedy_is_told(inputs, says):
    detail = holds(tf.math.log, np.log, inputs, law=DIFFERENCES)
    assert ("narrow its domain, inputs=Floats(low=…" in detail) == says


@tf.custom_gradient
def with_a_mistaken_gradient(x):
    return tf.square(x), lambda g: {}["weights"]


def test_an_error_in_the_gradient_of_the_reference_is_told_as_such():
    detail = broken(tf.square, with_a_mistaken_gradient, law=REFERENCE_GRADIENT)
    assert detail.startswith("the gradient of the reference raised KeyError: 'weights'")
