"""A comparison that lets nothing pass but rounding: of the largest number, of each number itself, bit by bit."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.ops.comparing import EPSILON, allowed_ulps, array_text, assert_near, assert_outputs_near, bits, in_ulps

NAN, INF = np.nan, np.inf


@pytest.mark.parametrize("dtype", EPSILON, ids=lambda dtype: dtype.name)
def test_epsilon_is_the_distance_from_1_to_the_next_number(dtype):
    epsilon = EPSILON[dtype]
    assert float(tf.constant(1 + epsilon, dtype)) > 1
    assert float(tf.constant(1 + epsilon / 2, dtype)) == 1


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_numbers_are_near_within_ulps_of_the_largest_or_of_1(size):
    expected = np.array([[size, 0, -size / 2]])
    off = 8 * 2.0**-52 * max(size, 1)
    apart = np.array([[0, off, 0]])
    assert_near(expected + 0.9 * apart, expected, "", ulps=8)
    with pytest.raises(AssertionError, match=r"^the sum: .* instead of 0.0 at \(0, 1\), .* allowed$"):
        assert_near(expected + 1.1 * apart, expected, "the sum", ulps=8)


@pytest.mark.parametrize("value", [NAN, INF, -INF, 0.0])
@pytest.mark.parametrize("other", [NAN, INF, -INF, 0.0])
def test_nan_and_the_infinities_are_near_only_themselves(value, other):
    pair = [np.array([1.0, value]), np.array([1.0, other])]
    if str(value) == str(other):
        assert_near(*pair, "")
    else:
        with pytest.raises(AssertionError, match=f"{value} instead of {other} at"):
            assert_near(*pair, "")


def test_dtype_and_shape_count():
    with pytest.raises(AssertionError, match=r"^y: float64\[2\] instead of float32\[2\]$"):
        assert_near(np.ones(2), np.ones(2, np.float32), "y")
    with pytest.raises(AssertionError, match=r"^y: float32\[2, 1\] instead of float32\[2\]$"):
        assert_near(tf.ones([2, 1]), tf.ones([2]), "y")
    assert_near(np.zeros((0, 3)), np.zeros((0, 3)), "no rows")


@pytest.mark.parametrize("dtype", [bool, np.int64])
def test_integers_and_truth_values_are_equal_or_not(dtype):
    one, other = dtype(0), dtype(1)
    with pytest.raises(AssertionError, match=rf"{one} instead of {other} at \(2,\)"):
        assert_near(np.array([1, 0, 0], dtype), np.array([1, 0, 1], dtype), "")


def test_complex_numbers_are_near_in_ulps_of_their_parts():
    one = tf.constant([1 + 1j], tf.complex64)
    assert_near(one, one * (1 + 2**-20), "near")
    with pytest.raises(AssertionError, match=r"far: \(1\+1j\) instead of \(1-1j\) at \(0,\)"):
        assert_near(one, tf.math.conj(one), "far")


def test_ulps_are_those_of_the_largest_number_and_of_each_itself():
    expected = tf.constant([1e-3, 8.0, np.inf])
    actual = expected + tf.constant([8 * 2.0**-23, 0.0, 0.0])
    of_largest, of_itself = in_ulps(actual, expected)
    np.testing.assert_allclose(of_largest, [1, 0, 0], rtol=0.01)
    np.testing.assert_allclose(of_itself, [8 / 1e-3, 0, 0], rtol=0.01)
    assert not np.any(in_ulps(tf.constant([1]), tf.constant([2])))


def test_outputs_are_compared_in_number_in_turn_and_each_number_with_elementwise():
    one, off = tf.constant([1.0, 1e-3]), tf.constant([1.0, 1e-3 + 8 * 2.0**-23])
    with pytest.raises(AssertionError, match=r"^2 outputs instead of 1$"):
        assert_outputs_near([one, one], [one], "y", ulps=64, elementwise=False)
    of_largest, of_itself = assert_outputs_near([one, off], [one, one], "y", ulps=64, elementwise=False)
    assert 7 < of_largest < 9 < 1000 < of_itself
    with pytest.raises(AssertionError, match=r"^y 1: .* instead of .* at \(1,\), .* ulps of it, 64 allowed$"):
        assert_outputs_near([one, off], [one, one], "y", ulps=64, elementwise=True)


@pytest.mark.parametrize(("ulps", "allowed"), [(1, 1), (4, 4), (32, 4), (64, 4), (512, 32)])
def test_half_precision_has_fewer_ulps(ulps, allowed):
    assert [allowed_ulps(ulps, dtype) for dtype in EPSILON] == [allowed, allowed, ulps, ulps]


def test_bits_tell_0_from_minus_0_and_nan_from_nothing():
    assert bits([tf.constant([0.0])]) != bits([tf.constant([-0.0])])
    assert bits({"a": tf.constant(NAN)}) == bits([tf.constant(NAN)])
    assert bits(tf.constant(["a", "b"])) == bits(tf.constant(["a", "b"])) != bits(tf.constant(["a", "c"]))


def test_an_array_is_shown_with_up_to_six_numbers():
    assert array_text(np.arange(6)) == "int64[6] [0, 1, 2, 3, 4, 5]"
    assert array_text(np.ones([7, 1], np.float32)) == "float32[7, 1]"
