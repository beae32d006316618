"""What rows weigh in a fit, and rows that do not count: Keras's fit from the same weights, and laws of weights."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras_peer import keras_mlp, largest_difference, twin_of

import dnn

LOSS = dnn.sparse_softmax_cross_entropy
SIZES = [4, 5, 3]
TOLERANCE = 1e-6  # float64; Keras rounds β₂ to float32, which makes each of 9 steps of 0.01 wrong by 7 in a million


def some_rows(rows=22, seed=0):
    """x, class numbers, and weights of which some are 0."""
    random = np.random.default_rng(seed)
    x, weights = random.normal(size=(rows, 4)), random.integers(0, 5, rows) / 2
    return x, random.integers(0, 3, rows).astype(np.int32), weights


def some_ignored():
    """(x, class numbers): -1 are ignored, which are a whole batch too."""
    x, y, _ = some_rows()
    y[[0, 3, 9]] = -1
    y[16:] = -1
    return x, y


def untrained(keras_loss=None):
    """Keras's model; its loss is the sparse cross-entropy."""
    model = keras_mlp(SIZES, seed=1, learning_rate=0.01, dtype="float64")
    if keras_loss:
        model.compile(keras.optimizers.Adam(0.01), keras_loss)
    return model


def fitted(model, data, validation=None, **options):
    optimizer = dnn.Adam(model.trainable_variables, 0.01)
    rules = {"batch_size": 8, "epochs": 2, "shuffle": False} | options
    return dnn.fit(model, data, validation, loss=LOSS, optimizer=optimizer, **rules)


def test_weighted_rows_train_as_in_keras():
    keras_s = untrained()
    model, (x, y, weights), validation = twin_of(keras_s), some_rows(), some_rows(9, 1)
    options = {"batch_size": 8, "epochs": 3, "shuffle": False}
    theirs = keras_s.fit(x, y, sample_weight=weights, validation_data=validation, verbose=0, **options).history
    history = fitted(model, (x, y, weights), validation, **options)
    for name in ("loss", "accuracy", "val_loss", "val_accuracy"):
        np.testing.assert_allclose(history[name], theirs[name], rtol=1e-5)
    assert largest_difference(model, keras_s) < TOLERANCE


def test_rows_of_an_ignored_class_take_no_part_as_in_keras():
    """Their epoch's loss is over the rows that count; Keras weighs each batch's mean by all its rows."""
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=-1, dtype="float64")
    keras_s = untrained(loss)
    model, (x, y) = twin_of(keras_s), some_ignored()
    fitted(model, (x, y), (x, y), ignore_class=-1)
    keras_s.fit(x, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    assert largest_difference(model, keras_s) < TOLERANCE


def test_xla_weighs_and_ignores_rows_as_graph_mode_does():
    (x, y), (*_, weights) = some_ignored(), some_rows()
    models = [dnn.mlp(SIZES, dtype=tf.float64, seed=0) for _ in range(2)]
    histories = [
        fitted(model, (x, y, weights), ignore_class=-1, jit_compile=jit_compile)
        for model, jit_compile in zip(models, (False, True), strict=True)
    ]
    np.testing.assert_allclose(histories[0]["loss"], histories[1]["loss"], rtol=1e-9)
    for one, other in zip(models[0].variables, models[1].variables, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_the_means_are_over_the_rows_that_count():
    model, (x, y, weights) = dnn.mlp(SIZES, dtype=tf.float64, seed=0), some_rows()
    counts = y != 2
    expected = dnn.evaluate(model, (x[counts], y[counts], weights[counts]), loss=LOSS)
    actual = dnn.evaluate(model, (x, np.where(counts, y, 77), weights), loss=LOSS, ignore_class=77)
    assert actual == pytest.approx(expected, rel=1e-9)
    by_hand = np.sum(weights[counts] * LOSS(y[counts], model(x[counts]))) / counts.sum()
    assert actual["loss"] == pytest.approx(by_hand, rel=1e-9)
    assert actual["accuracy"] == np.mean(model(x[counts]).numpy().argmax(axis=1) == y[counts])


def test_a_penalty_is_in_the_loss_once_whatever_the_rows_weigh():
    model = dnn.Dense(4, 3, kernel_regularizer=dnn.L2(0.5), dtype=tf.float64, seed=0)
    x, y, _ = some_rows(20)
    free = dnn.evaluate(model, (x, y, np.zeros(20)), loss=LOSS)["loss"]
    assert free == pytest.approx(0.5 * np.sum(model.kernel.numpy() ** 2), rel=1e-9)
    ignored = dnn.evaluate(model, (x, np.where(np.arange(20) % 3, y, 9), np.zeros(20)), loss=LOSS, ignore_class=9)
    assert ignored["loss"] == pytest.approx(free, rel=1e-9)


def test_weights_of_1_are_no_weights():
    x, y, _ = some_rows(16)
    models = [dnn.mlp(SIZES, dtype=tf.float64, seed=0) for _ in range(2)]
    histories = [fitted(models[0], (x, y)), fitted(models[1], (x, y, np.ones(16)))]
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(histories[0][name], histories[1][name], rtol=1e-9)
    for one, other in zip(models[0].variables, models[1].variables, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9)


def test_the_labels_of_rows_that_weigh_nothing_do_not_matter():
    x, y, _ = some_rows(16)
    model, light = dnn.mlp(SIZES, seed=0), np.arange(16) % 2
    optimizer = dnn.SGD(model.trainable_variables, 0.1)
    before, after = [variable.numpy() for variable in model.variables], []
    for labels in (y, np.where(light, y, (y + 1) % 3)):
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
        dnn.fit(model, (x, labels, light), loss=LOSS, optimizer=optimizer, batch_size=8, epochs=2)
        after.append([variable.numpy() for variable in model.variables])
    for one, other, old in zip(*after, before, strict=True):
        np.testing.assert_array_equal(one, other)
        assert (one != old).any()
