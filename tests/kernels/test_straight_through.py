"""Straight-through estimators: NumPy's steps forward, and backward what the papers say."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dnn
from dnn.kernels.straight_through import straight_through_round, straight_through_sign

FLOATS = hnp.arrays(
    np.float32, hnp.array_shapes(max_dims=3), elements=st.floats(-(2.0**90), 2.0**90, width=32, allow_subnormal=False)
)


def value_and_gradient(function, x):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return y.numpy(), tape.gradient(y, x).numpy()


@given(x=FLOATS)
def test_rounding_is_numpy_s_and_its_gradient_is_1(x):
    y, gradient = value_and_gradient(straight_through_round, x)
    np.testing.assert_array_equal(y, np.round(x))
    np.testing.assert_array_equal(gradient, np.ones_like(x))


@given(x=FLOATS)
def test_the_sign_is_1_or_minus_1_and_its_gradient_is_1_between_them(x):
    y, gradient = value_and_gradient(straight_through_sign, x)
    np.testing.assert_array_equal(y, np.where(x < 0, -1, 1))
    np.testing.assert_array_equal(gradient, np.abs(x) <= 1)


@pytest.mark.parametrize("function", [straight_through_round, straight_through_sign])
def test_they_keep_the_laws_of_an_activation(function):
    dnn.testing.check_activation(function)
    assert np.isnan(function([np.nan]))
    with pytest.raises(TypeError, match="x must be floats, got int32"):
        function([1])
