"""Skip connections are those of Keras's functional model, values and gradients; what cannot be added is refused."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn


def test_a_residual_mlp_is_keras_s_functional_model_with_the_same_weights():
    model = dnn.mlp([4, 6, 6, 5, 5, 3], residual=True, seed=1)
    assert [type(layer).__name__ for layer in model.layers] == ["Dense", "Residual", "Dense", "Residual", "Dense"]
    x = y = keras.Input([4])
    for width, added in ((6, False), (6, True), (5, False), (5, True)):
        units = keras.layers.Dense(width, "relu")(y)
        y = keras.layers.Add()([y, units]) if added else units
    theirs = keras.Model(x, keras.layers.Dense(3)(y))
    theirs.set_weights(dnn.get_weights(model))
    rows = tf.random.stateless_normal([20, 4], [1, 2])
    values = []
    for network, variables in ((model, dnn.weights(model)), (theirs, [v.value for v in theirs.trainable_variables])):
        with tf.GradientTape() as tape:
            outputs = network(rows)
            loss = tf.reduce_sum(outputs**2)
        values.append([outputs, *tape.gradient(loss, variables)])
    for ours, keras_s in zip(*values, strict=True):
        np.testing.assert_allclose(ours, keras_s, rtol=1e-5, atol=1e-5)
    assert np.abs(values[0][0] - dnn.mlp([4, 6, 6, 5, 5, 3], seed=1)(rows)).max() > 0.1  # the same weights, no skips


def test_the_key_of_a_step_reaches_the_layer_within_as_without():
    ones, key, dropout = tf.ones([4, 50]), tf.constant([1, 2, 3]), dnn.Dropout(0.5)
    np.testing.assert_array_equal(dnn.Residual(dropout)(ones, key), 1 + dropout(ones, key))
    np.testing.assert_array_equal(dnn.Residual(dropout)(ones), 2 * ones)


def test_an_ensemble_of_residual_networks_is_its_members():
    networks = [dnn.mlp([4, 6, 6, 2], residual=True, seed=seed) for seed in range(2)]
    x = tf.random.stateless_normal([9, 4], [1, 2])
    np.testing.assert_allclose(dnn.Ensemble(networks).member_logits(x)[1], networks[1](x), rtol=1e-5, atol=1e-6)


def test_what_cannot_be_added_is_refused():
    with pytest.raises(ValueError, match=r"inner must keep the shape of x, \(2, 3\), to be added to it, got \(2, 5\)"):
        dnn.Residual(dnn.Dense(3, 5))(tf.ones([2, 3]))
    with pytest.raises(ValueError, match=r"inner must keep the shape of x, \(2, 3\), to be added to it, got \(2, 1\)"):
        dnn.Residual(dnn.Dense(3, 1))(tf.ones([2, 3]))  # which + would spread over the columns
    with pytest.raises(TypeError, match="inner must keep the dtype of x, float32, got float64"):
        dnn.Residual(lambda x: tf.cast(x, tf.float64))(tf.ones([2, 3]))
    with pytest.raises(ValueError, match="residual=True needs two hidden layers of the same width"):
        dnn.mlp([4, 4, 3, 2], residual=True)
