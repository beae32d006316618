"""Whole trainings beside Keras's fit, from the same weights and in the same order of rows (shuffle=False), in float32.

Each step may round otherwise. By how much a weight then differs has a measure: a step of Adam, which is the learning
rate. A wrong term would show as a part of each step, so a hundredth of one, after 90 of them, is the bound.
"""

import numpy as np
import pytest
from keras_peer import keras_mlp, largest_difference, twin_of

import dnn

EPOCHS, LEARNING_RATE = 3, 1e-3


@pytest.fixture(scope="module")
def sample():
    """(training, validation) rows of the embedded sample, as the command trains on them."""
    train, validation, _ = dnn.split(dnn.read_csv(dnn.sample_path()), "y")
    features, labels = dnn.Features(train.columns), dnn.Labels(train.target)
    return [(features(part.columns).numpy(), labels(part.target)) for part in (train, validation)]


@pytest.fixture(scope="module")
def keras_s(sample):
    """(Keras's model after three epochs, its history)."""
    data, validation = sample
    model = keras_mlp([data[0].shape[1], 30, 30, 2], seed=1, learning_rate=LEARNING_RATE)
    options = {"batch_size": 100, "epochs": EPOCHS, "shuffle": False, "verbose": 0}
    return model, model.fit(*data, validation_data=validation, validation_batch_size=100, **options).history


@pytest.fixture(scope="module", params=[False, True], ids=["graph", "xla"])
def ours(request, sample):
    """(our model after the same epochs, its history)."""
    data, validation = sample
    model = untrained(data)
    optimizer = dnn.Adam(model.trainable_variables, LEARNING_RATE)
    options = {"batch_size": 100, "epochs": EPOCHS, "shuffle": False, "jit_compile": request.param}
    return model, dnn.fit(
        model, data, validation, loss=dnn.sparse_softmax_cross_entropy, optimizer=optimizer, **options
    )


def untrained(data):
    return twin_of(keras_mlp([data[0].shape[1], 30, 30, 2], seed=1))


def test_every_weight_stays_within_a_hundredth_of_a_step_of_keras_s(ours, keras_s):
    difference = largest_difference(ours[0], keras_s[0])
    print(f"largest difference of a weight after {EPOCHS} epochs: {difference:.2g}")
    assert difference < LEARNING_RATE / 100


@pytest.mark.parametrize("part", ["", "val_"], ids=["training", "validation"])
def test_the_figures_are_keras_s(ours, keras_s, sample, part):
    rows = len(sample[1 if part else 0][0])
    np.testing.assert_allclose(ours[1][f"{part}loss"], keras_s[1][f"{part}loss"], rtol=1e-5)
    one_row = 1.1 / rows  # may have two logits so near that rounding decides
    np.testing.assert_allclose(ours[1][f"{part}accuracy"], keras_s[1][f"{part}accuracy"], atol=one_row, rtol=0)


def test_the_weights_have_moved(ours, sample):
    """Or the tests above would hold for a fit that does nothing."""
    model, history = ours
    before = untrained(sample[0]).layers[0].kernel.numpy()
    assert np.abs(model.layers[0].kernel.numpy() - before).max() > 10 * LEARNING_RATE
    assert history["loss"][-1] < history["loss"][0] * 0.7
