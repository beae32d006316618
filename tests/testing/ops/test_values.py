"""Laws of what an op computes: a wrong value is found, be it of an edge, of NaN, or in a very large array alone."""

import numpy as np
import pytest
import tensorflow as tf
from op_laws import NAN, UNMODIFIED, VALUES, broken, by_numpy, holds, not_applicable, relu

import dnn
from dnn.testing import Floats, Integers

FIRST_64_BITS = 2**60
BEYOND = 100_000


def is_beyond(x):
    """Whether more than so many numbers stand before each."""
    return tf.reshape(tf.range(tf.size(x)) > BEYOND, tf.shape(x))


def wrong_at_minus_zero(x):
    return tf.where((x == 0) & (1 / x < 0), 5.0, x)


FAULTS = {
    "overflow": (lambda x: tf.math.log(1 + tf.exp(x)), tf.math.softplus, None, "inf instead of"),
    "beyond 33": (lambda x: tf.where(x > 33, x + 1, x), tf.identity, None, "instead of"),
    "minus zero": (wrong_at_minus_zero, lambda x: x + 0.0, None, "5.0 instead of"),
    "batch that is not drawn": (
        lambda x: x + tf.cast(tf.shape(x)[0] > 64, x.dtype),
        lambda x: x * 1.0,
        None,
        "instead of",
    ),
    "shape": (lambda x: x[:2] + 0 * x[1], tf.identity, None, "InvalidArgumentError"),
    "two outputs": (lambda x: tf.math.top_k(x, 1), lambda x: tf.reduce_max(x, 1), None, "2 outputs instead of 1"),
    "integers": (lambda x: tf.argmax(x, 1), lambda x: np.argmin(x, 1), None, "instead of"),
    "integers for floats": (lambda x: tf.cast(x, tf.int32), np.abs, None, "the reference gives floats"),
    "dtype": (tf.abs, lambda x: tf.abs(tf.cast(x, tf.float64)), None, "float32[1, 1] instead of float64[1, 1]"),
    "complex": (lambda x: tf.complex(x, x), lambda x: tf.complex(x, -x), None, "instead of"),
    "complex beside NumPy": (lambda x: tf.complex(x, x), lambda x: x - 1j * x, None, "instead of"),
    "int64": (
        lambda x: x + FIRST_64_BITS + 1,
        lambda x: x + FIRST_64_BITS,
        Integers(dtype=np.int64, below=9),
        "1152921504606846977 instead of 1152921504606846976",
    ),
    "strings": (tf.strings.as_string, lambda x: tf.strings.as_string(x + 1), Integers(below=9), "b'0' instead of b'1'"),
}


@pytest.mark.parametrize(("op", "reference", "inputs", "says"), FAULTS.values(), ids=FAULTS)
def test_a_wrong_value_is_found(op, reference, inputs, says):
    assert says in broken(op, reference, inputs, law=VALUES, gradient=None)


@pytest.mark.parametrize("inputs", [Floats(), Floats([3, "rows"]), Floats(["batch", 4096])], ids=lambda i: str(i.shape))
def test_values_that_are_wrong_only_in_a_very_large_array_are_found(inputs):
    def zero_beyond(x):
        return tf.where(is_beyond(x), 0.0, x)

    assert "0.0 instead of" in broken(zero_beyond, lambda x: x * 1.0, inputs, law=VALUES, very_large=(2**18,))


def test_an_example_with_rows_is_shown_rather_than_one_without():
    detail = broken(lambda x: tf.reduce_mean(x, axis=0), lambda x: tf.reduce_sum(x, axis=0), law=VALUES)
    assert "nan" not in detail
    assert "; for float32[2, 1] " in detail


def test_an_op_that_is_wrong_only_without_rows_is_found():
    def wrong(x):
        return tf.reduce_sum(x, axis=0) + (1.0 if x.shape[0] == 0 else 0.0)

    assert "; for float32[0, 1]" in broken(wrong, lambda x: tf.reduce_sum(x, axis=0), law=VALUES)


def test_two_results_of_the_same_call_are_told_as_such():
    failed = []

    def once_wrong(x):
        if 0 < tf.size(x) < 300 and not failed:
            failed.append(x.shape)
            return x + 1
        return x

    detail = broken(once_wrong, tf.identity, law=VALUES, gradient=None)
    assert detail.startswith("the same call gave two results: once result 0: ")


def test_a_formula_in_numpy_that_also_takes_tensors_is_one_in_numpy():
    """tensor / (1 + array) is a tensor, whose derivative takes |x| for a constant."""
    assert "beside NumPy in float64" in holds(tf.nn.softsign, lambda x: x / (1 + np.abs(x)), law=VALUES)
    assert "beside TensorFlow" in holds(tf.nn.softsign, lambda x: x / (1 + tf.abs(x)), law=VALUES)


def loses_nan(x):
    return tf.where(x > 0, x, tf.zeros_like(x))


NOT_FINITE = Floats(finite=False)


def test_nan_is_fed_where_an_argument_may_be_nan():
    assert not_applicable(loses_nan, relu, law=NAN) == "no argument is Floats(finite=False)"
    assert "result 0: 0.0 instead of nan at (" in broken(loses_nan, tf.nn.relu, NOT_FINITE, law=NAN)
    holds(loses_nan, tf.nn.relu, NOT_FINITE, law=VALUES)
    holds(dnn.relu, relu, NOT_FINITE, law=NAN)


def test_infinity_that_becomes_nan_is_found():
    def softsign(x):
        return np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x)))

    assert "nan instead of" in broken(lambda x: x / (1 + tf.abs(x)), softsign, NOT_FINITE, law=NAN)


ABOVE_MINUS_1 = Floats(low=-0.5, high=100)


def test_how_far_results_are_off_is_told_in_ulps_of_each_number_too():
    naive = holds(lambda x: tf.math.log(1 + x), np.log1p, ABOVE_MINUS_1, law=VALUES)
    assert naive.startswith("off by at most 0.")
    assert " ulps of the largest number (64 allowed) and 8.4e+06 of the number itself (any allowed); 8 ex" in naive


def test_with_elementwise_each_number_is_near_in_ulps_of_itself():
    """At x = 1e-30, log(1 + x) is 0: 1 / ε = 2²³ ulps of it off."""
    naive = broken(lambda x: tf.math.log(1 + x), np.log1p, ABOVE_MINUS_1, law=VALUES, elementwise=True)
    assert "8.4e+06 ulps of it, 64 allowed; for float32[1, 1] [[" in naive
    exact = holds(tf.math.log1p, np.log1p, ABOVE_MINUS_1, law=VALUES, elementwise=True, ulps=4)
    assert float(exact.split(" of the number itself")[0].split()[-1]) < 4
    holds(lambda x: tf.argmax(x, 1), lambda x: np.argmax(x, 1), law=VALUES, elementwise=True)


def test_complex_numbers_are_near_in_ulps_of_their_parts():
    near_zero = Floats(low=-3, high=3)
    holds(lambda x: tf.complex(tf.exp(x), x), lambda x: np.exp(x) + 1j * x, near_zero, law=VALUES, gradient=None)


def test_an_op_that_writes_over_its_argument_in_a_graph_is_found():
    def halved_in_its_memory(x):
        x *= 0.5
        return x

    op = by_numpy(halved_in_its_memory, lambda x: x.shape)  # eagerly TensorFlow gives NumPy a copy
    assert broken(op, law=UNMODIFIED, gradient=None) == "argument 0 was changed by the call, graph mode"
