"""What the laws are built from: a comparison that lets nothing pass but rounding, and gradients by name."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.testing import MODES, assert_near, with_gradients
from dnn.testing.modes import EPSILON

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
def test_nan_and_the_infinities_are_near_themselves_alone(value, other):
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


class Product(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([2.0], name="w")
        self.unused = tf.Variable(1.0, name="unused")

    def __call__(self, labels, x):
        return {"y": self.w * x, "more": x + 1}


@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_those_of_a_third_of_the_cubes(mode):
    """y = w x, so that of y³/3 they are w³x² and w²x³; with the other result, (x + 1)² more."""
    product, inputs = Product(), (np.zeros(2), np.float32([1, 3]))
    expected = {
        "y": [2, 6],
        "more": [2, 4],
        "gradient by the last argument": [8, 72],
        "gradient by variable 0, unused:0": 0,
        "gradient by variable 1, w:0": [4 + 4 * 27],
    }
    results = MODES[mode](lambda *inputs: with_gradients(product, inputs, without={"more"}))(*inputs)
    assert set(results) == set(expected)
    for name, value in expected.items():
        assert_near(results[name], np.float32(value), name)
    both = with_gradients(product, inputs)
    assert_near(both["gradient by the last argument"], np.float32([8 + 4, 72 + 16]), "both")
