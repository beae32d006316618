"""Losses of amounts: against Keras, SciPy and scikit-learn, in fit too, with several outputs."""

import keras
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from keras_peer import value_and_gradient
from loss_examples import SMALL, pairs_of_outputs
from tolerance import assert_near

import dnn
from dnn.nn.regression_losses import absolute_error, huber

EPS = float(np.finfo(np.float32).eps)


@given(pairs_of_outputs(SMALL, SMALL))
def test_the_losses_of_amounts_are_keras_s_and_the_float64_values(example):
    targets, outputs = example
    errors = outputs.astype(np.float64) - targets
    for ours, keras_s, values, slopes in (
        (absolute_error, keras.losses.mean_absolute_error, np.abs(errors), np.sign(errors)),
        (huber, keras.losses.huber, scipy.special.huber(1.0, errors), np.clip(errors, -1, 1)),
    ):
        value, gradient = value_and_gradient(lambda p, loss=ours: loss(targets, p), outputs)
        assert_near(value, values.mean(axis=1), ulps=1)
        assert_near(gradient, slopes / targets.shape[1], ulps=1)
        value_of_keras, gradient_of_keras = value_and_gradient(lambda p, loss=keras_s: loss(targets, p), outputs)
        assert_near(value, value_of_keras, absolute=60 * EPS)
        assert_near(gradient, gradient_of_keras, absolute=EPS)


def test_delta_is_where_the_square_becomes_a_line():
    errors = np.array([[-9.0], [-2.5], [-2.0], [0.5], [2.5], [9.0]])
    value, gradient = value_and_gradient(lambda p: huber(np.zeros(6), p, delta=2.5), errors)
    assert_near(value, scipy.special.huber(2.5, errors[:, 0]), dtype=np.float64)
    assert_near(gradient, np.clip(errors, -2.5, 2.5), dtype=np.float64)
    for delta, message in ((0.0, "delta must be positive, got 0.0"), (-1.0, "delta must be positive, got -1.0")):
        with pytest.raises(ValueError, match=message):
            huber([0.0], [[1.0]], delta=delta)


@pytest.mark.parametrize(
    ("ours", "keras_s", "targets"),
    [
        (dnn.mean_squared_error, "mean_squared_error", "amounts"),
        (huber, "huber", "amounts"),
        (dnn.binary_cross_entropy, keras.losses.BinaryCrossentropy(from_logits=True), "labels"),
    ],
)
def test_a_fit_on_targets_of_several_outputs_is_keras_s(ours, keras_s, targets):
    """y [rows, 3], with weights of rows, of amounts and of three labels, which may be integers."""
    random = np.random.default_rng(0)
    x, weights = random.normal(size=(60, 4)).astype(np.float32), random.uniform(0.5, 2, 60).astype(np.float32)
    y = x[:, :3] * 2 - 0.5 if targets == "amounts" else (x[:, :3] > 0.2).astype(np.int32)
    model = dnn.mlp([4, 3], seed=0)
    peer = keras.Sequential([keras.layers.Dense(3)])
    peer.build((None, 4))
    peer.set_weights(dnn.get_weights(model))
    peer.compile(keras.optimizers.SGD(0.1), loss=keras_s)
    theirs = peer.fit(x, y, sample_weight=weights, batch_size=20, epochs=2, shuffle=False, verbose=0)
    ours = dnn.fit(
        model, (x, y, weights), loss=ours, optimizer=dnn.SGD(model.trainable_variables, 0.1), metrics={},
        batch_size=20, epochs=2, shuffle=False, jit_compile=False,
    )  # fmt: skip
    np.testing.assert_allclose(ours["loss"], theirs.history["loss"], rtol=1e-5)
    for weight, expected in zip(dnn.get_weights(model), peer.get_weights(), strict=True):
        np.testing.assert_allclose(weight, expected, rtol=1e-5, atol=1e-6)
