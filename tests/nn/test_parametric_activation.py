"""Parametric activations: between x and f(x), and Keras's PReLU where f is relu."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn

X = np.random.default_rng(0).normal(size=(6, 4)).astype(np.float32)


def test_it_is_x_for_a_weight_of_0_and_the_activation_for_1():
    np.testing.assert_array_equal(dnn.parametric(X, dnn.mish, np.zeros(4, np.float32)), X)
    np.testing.assert_allclose(dnn.parametric(X, dnn.mish, np.ones(4, np.float32)), dnn.mish(X), rtol=1e-6, atol=1e-7)


def test_of_relu_it_is_keras_s_prelu_with_its_gradient():
    slopes = np.array([0.0, 0.1, 0.25, 1.0], np.float32)
    theirs = keras.layers.PReLU()
    theirs.build((None, 4))
    theirs.set_weights([slopes])
    ours = dnn.ParametricActivation(4, dnn.relu, factor=0.5)
    ours.weight.assign((1 - slopes) / 0.5)
    np.testing.assert_allclose(ours(X), theirs(X), rtol=1e-6, atol=1e-7)
    with tf.GradientTape(persistent=True) as tape:
        results = [tf.reduce_sum(layer(X) ** 2) for layer in (ours, theirs)]
    slope_gradient = tape.gradient(results[1], theirs.trainable_variables[0].value)
    np.testing.assert_allclose(tape.gradient(results[0], ours.weight), -0.5 * slope_gradient, rtol=1e-5, atol=1e-6)


def test_what_it_cannot_be_made_of_is_refused():
    with pytest.raises(TypeError, match="activation must be a function, got 'relu'"):
        dnn.ParametricActivation(4, "relu")
    with pytest.raises(ValueError, match="factor must be positive"):
        dnn.ParametricActivation(4, dnn.relu, factor=0)
