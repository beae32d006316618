"""new_name against NumPy in float64, and against finite differences."""

import numpy as np
import pytest
import tensorflow as tf
from new_name import new_name

import dnn

X = np.concatenate([np.random.default_rng(0).normal(size=1000), [0.0, -0.0, 1e-20, -1e30, 1e30]])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_value_is_that_of_the_formula(dtype):
    expected = X / (1 + np.abs(X))
    for function in (new_name, tf.function(new_name)):
        np.testing.assert_allclose(function(tf.constant(X, dtype)), expected, rtol=4 * np.finfo(dtype).eps)


def test_the_gradient_is_that_of_finite_differences():
    x = tf.constant([[0.5, -2.0, 3.0], [0.1, -0.2, 10.0]], tf.float64)
    theory, numeric = tf.test.compute_gradient(new_name, [x], delta=1e-6)
    np.testing.assert_allclose(theory[0], numeric[0], atol=1e-8)


def test_the_shape_is_known_before_the_number_of_rows_is():
    traced = tf.function(new_name).get_concrete_function(tf.TensorSpec([None, 3]))
    assert traced.output_shapes.as_list() == [None, 3]


def test_it_keeps_the_laws_of_an_activation():
    dnn.testing.check_activation(new_name, xla=False)


@pytest.mark.parametrize("shape", [(0,), (0, 3), (2, 0)])
def test_nothing_gives_nothing(shape):
    assert new_name(tf.zeros(shape)).shape == shape


def test_another_dtype_is_refused():
    with pytest.raises(TypeError, match="x must be floats, got int32"):
        new_name([1])
