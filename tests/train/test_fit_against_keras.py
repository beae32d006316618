"""Whole trainings beside Keras's fit, from the same weights and in the same order of rows (shuffle=False)."""

import keras
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
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
        *data, batch_size=100, epochs=EPOCHS, shuffle=False, validation_data=validation, validation_batch_size=100,
        verbose=0,
    )  # fmt: skip
    history = dnn.fit(
        model, data, validation, loss=dnn.sparse_softmax_cross_entropy, optimizer=dnn.Adam(model.trainable_variables),
        batch_size=100, epochs=EPOCHS, shuffle=False, jit_compile=MODES[request.param],
    )  # fmt: skip
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


@st.composite
def trainings(draw):
    """A small network, rows that it cannot learn by heart, a batch size that seldom divides them, and a rule."""
    sizes = [draw(st.integers(1, 5)), *draw(st.lists(st.integers(2, 6), max_size=2)), draw(st.integers(2, 4))]
    random = np.random.default_rng(draw(st.integers(0, 1000)))
    rows = draw(st.integers(5, 40))
    parts = [
        (random.normal(size=(n, sizes[0])).astype(np.float32), random.integers(0, sizes[-1], n).astype(np.int32))
        for n in (rows, draw(st.integers(3, 12)))
    ]
    return sizes, parts, draw(st.integers(1, rows + 3)), draw(st.integers(1, 3)), draw(st.booleans())


@settings(max_examples=max(4, settings().max_examples // 6))
@given(trainings(), st.integers(0, 1000), st.sampled_from([0.003, 0.03]))
def test_early_stopping_ends_where_keras_s_does_with_the_same_weights(training, seed, learning_rate):
    """Unless two losses that the rule compares are too near to tell apart in float32."""
    sizes, (data, validation), batch_size, patience, restore = training
    keras_s = keras_mlp(sizes, seed=seed, learning_rate=learning_rate)
    model = twin_of(keras_s)
    rule = {"patience": patience, "restore_best_weights": restore}
    callback = keras.callbacks.EarlyStopping("val_loss", mode="min", **rule)
    theirs = keras_s.fit(
        *data, batch_size=batch_size, epochs=8, shuffle=False, validation_data=validation, verbose=0,
        callbacks=[callback],
    ).history  # fmt: skip
    history = dnn.fit(
        model, data, validation, loss=dnn.sparse_softmax_cross_entropy, batch_size=batch_size, epochs=8, shuffle=False,
        optimizer=dnn.Adam(model.trainable_variables, learning_rate), early_stopping=dnn.EarlyStopping(**rule),
    )  # fmt: skip
    losses = np.sort(history["val_loss"])
    assume((np.diff(losses) > 1e-5).all())
    assert len(history.epochs) == len(theirs["val_loss"])
    assert history.best_epoch == callback.best_epoch + 1
    for name in NAMES:
        np.testing.assert_allclose(history[name], theirs[name], rtol=1e-4, atol=1e-5)
    assert largest_difference(model, keras_s) < 1e-4
