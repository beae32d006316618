"""Mish: against Python's own arithmetic, value and derivative, with its limits."""

import math

import numpy as np
import tensorflow as tf

import dnn


def by_hand(x):
    """Value and derivative in float64, for numbers of usual size: g = tanh(ln(1 + eˣ)), g' = (1 − g²) s(x)."""
    g = math.tanh(math.log1p(math.exp(x)))
    return x * g, g + x * (1 - g * g) / (1 + math.exp(-x))


def value_and_derivative(x, dtype):
    x = tf.constant(x, dtype)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = dnn.mish(x)
    return y.numpy(), tape.gradient(y, x).numpy()


def test_value_and_derivative_are_the_formula_s():
    x = np.linspace(-20, 20, 81)
    expected = np.array([by_hand(each) for each in x]).T
    for dtype, rtol, atol in ((tf.float64, 1e-12, 1e-13), (tf.float32, 1e-5, 1e-6)):
        for found, wanted in zip(value_and_derivative(x, dtype), expected, strict=True):
            np.testing.assert_allclose(found, wanted, rtol=rtol, atol=atol)


def test_it_has_its_limits_and_keeps_nan():
    value, slope = value_and_derivative([-np.inf, -1e30, 0.0, 1e30, np.inf, np.nan], tf.float32)
    np.testing.assert_array_equal(value, np.float32([0, 0, 0, 1e30, np.inf, np.nan]))
    np.testing.assert_allclose(slope, [0, 0, 0.6, 1, 1, np.nan], rtol=1e-6)
