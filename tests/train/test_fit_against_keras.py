"""Whole trainings beside Keras's fit, from the same weights and in the same order of rows (shuffle=False)."""

import numpy as np
import pytest
from keras_peer import keras_mlp, largest_difference, twin_of

import dnn

EPOCHS = 3
NAMES = ("loss", "accuracy", "val_loss", "val_accuracy")
MODES = {"graph": False, "xla": True}


@pytest.fixture(scope="module")
def sample():
    """(training, validation) rows of the embedded sample, as the command trains on them."""
    train, validation, _ = dnn.split(dnn.read_csv(dnn.sample_path()), "y")
    features, labels = dnn.Features(train.columns), dnn.Labels(train.target)
    return [(features(part.columns).numpy(), labels(part.target)) for part in (train, validation)]


@pytest.fixture(scope="module", params=MODES)
def trajectory(request, sample):
    """Our three epochs and Keras's: (our model, our history, Keras's model, Keras's history)."""
    data, validation = sample
    keras_s = keras_mlp([data[0].shape[1], 30, 30, 2], seed=1, jit_compile=MODES[request.param])
    model = twin_of(keras_s)
    theirs = keras_s.fit(
        *data,
        batch_size=100,
        epochs=EPOCHS,
        shuffle=False,
        validation_data=validation,
        validation_batch_size=100,
        verbose=0,
    )
    history = dnn.fit(
        model,
        data,
        validation,
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(model.trainable_variables),
        batch_size=100,
        epochs=EPOCHS,
        shuffle=False,
        jit_compile=MODES[request.param],
    )
    return model, history, keras_s, theirs.history


def test_every_weight_stays_within_a_millionth_of_keras_s(trajectory):
    model, _, keras_s, _ = trajectory
    difference = largest_difference(model, keras_s)
    print(f"largest difference of a weight after {EPOCHS} epochs: {difference:.2g}")
    assert difference < 1e-6


@pytest.mark.parametrize("name", NAMES)
def test_the_printed_figures_are_keras_s(trajectory, name):
    _, history, _, theirs = trajectory
    assert [f"{value:.4f}" for value in history[name]] == [f"{value:.4f}" for value in theirs[name]]


def test_the_weights_have_moved(trajectory):
    """Or the tests above would hold for a fit that does nothing."""
    model, history, _, _ = trajectory
    assert (
        np.abs(model.layers[0].kernel.numpy() - twin_of(keras_mlp([51, 30, 30, 2], seed=1)).layers[0].kernel).max()
        > 0.01
    )
    assert history["loss"][-1] < history["loss"][0] * 0.7
