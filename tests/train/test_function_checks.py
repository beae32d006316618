"""A loss or a metric that mixes rows is refused; one that is of its own row is not, however it is written."""

import functools
from dataclasses import dataclass

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train.border import checked_data
from dnn.train.function_checks import check_functions

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 3)).astype(np.float32)
REAL, BINARY, CLASSES = X[:, 0], (X[:, 0] > 0).astype(np.int64), RANDOM.integers(0, 4, 50)
ONE, FOUR = dnn.mlp([3, 1], seed=0), dnn.mlp([3, 4], seed=0)


def check(function, y, model, metrics=()):
    check_functions(model, checked_data(model, (X, y), "data"), function, dict(metrics), "data")


def squared(labels, outputs):
    return tf.square(tf.cast(labels, tf.float32) - outputs)


def right(labels, outputs):
    return tf.cast(tf.equal(tf.cast(labels, tf.bool), outputs > 0), tf.float32)


MIXING = {
    "mean over the labels": (lambda y, p: tf.reduce_mean(squared(y, p), axis=-1), REAL, ONE),
    "mean over the outputs": (lambda y, p: tf.reduce_mean(squared(y, p), axis=0), REAL, ONE),
    "sum": (lambda y, p: tf.reduce_sum(squared(y, p), axis=1), BINARY, ONE),
    "largest": (lambda y, p: tf.reduce_max(squared(y, p), axis=1), REAL, ONE),
    "accuracy over the labels": (lambda y, p: tf.reduce_mean(right(y, p), axis=1), BINARY, ONE),
    "accuracy over the outputs": (lambda y, p: tf.reduce_mean(right(y, p), axis=0), BINARY, ONE),
    "cross-entropy of a whole batch": (
        lambda y, p: tf.reduce_sum(tf.one_hot(y, 4) * -tf.nn.log_softmax(p, axis=0), axis=1),
        CLASSES,
        FOUR,
    ),
    "mean over the rows, of as many outputs as rows": (
        lambda y, p: tf.reduce_mean(squared(y, p), axis=0),
        np.eye(4)[CLASSES],
        FOUR,
    ),
    "minus the mean": (lambda y, p: tf.square((p - tf.reduce_mean(p))[:, 0] - y), REAL, ONE),
    "of the row before": (lambda y, p: tf.square(tf.roll(y, 1, axis=0) - p[:, 0]), REAL, ONE),
}


@pytest.mark.parametrize(("function", "y", "model"), MIXING.values(), ids=MIXING)
@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)], ids=["forward", "backward"])
def test_a_function_that_mixes_rows_is_refused(function, y, model, order):
    with pytest.raises(ValueError, match="^the loss mixes rows: the value of a row changes with"):
        check(function, y[order], model)
    with pytest.raises(ValueError, match="^the metric 'mine' mixes rows"):
        check(lambda labels, outputs: outputs[:, 0], y[order], model, {"mine": function})


def test_the_message_says_what_broadcasts_and_what_to_do():
    message = (
        r"Labels are \[rows\] and outputs \[rows, 1\], which broadcast to \[rows, rows\]: use labels\[:, tf\.newax"
    )
    with pytest.raises(ValueError, match=message):
        check(MIXING["sum"][0], np.sort(REAL), ONE)


@dataclass(frozen=True)
class Weighted:
    """A loss that is a dataclass, with a weight of its own."""

    weight: float = 2.0

    def __call__(self, labels, logits):
        return self.weight * dnn.sparse_softmax_cross_entropy(labels, logits)


def shifted_by_the_largest_of_all(labels, logits):
    """What is mixed here is only the rounding."""
    z = logits - tf.reduce_max(logits)
    return tf.math.log(tf.reduce_sum(tf.exp(z), axis=1)) - tf.gather(z, labels, batch_dims=1)


def noisy(labels, outputs):
    return tf.square(labels - outputs[:, 0]) + tf.random.normal(tf.shape(labels))


def of_probabilities_alone(labels, outputs):
    tf.debugging.assert_greater_equal(outputs, 0.0)
    return -tf.math.log(tf.gather(outputs, labels, batch_dims=1))


def undefined_for_some(labels, outputs):
    return tf.math.log(outputs[:, 0] - 0.5) / tf.cast(labels, tf.float32)


def labels_matter_for_nobody(labels, outputs):
    return tf.zeros(tf.shape(labels))


APART = {
    "softmax": (dnn.sparse_softmax_cross_entropy, CLASSES, FOUR),
    "smoothed": (functools.partial(dnn.sparse_softmax_cross_entropy, label_smoothing=0.1), CLASSES, FOUR),
    "one-hot": (dnn.softmax_cross_entropy, np.eye(4)[CLASSES], FOUR),
    "one-hot of bool": (dnn.softmax_cross_entropy, np.eye(4, dtype=bool)[CLASSES], FOUR),
    "binary": (dnn.binary_cross_entropy, BINARY, ONE),
    "binary column": (dnn.binary_cross_entropy, BINARY[:, np.newaxis], ONE),
    "squared": (dnn.mean_squared_error, REAL, ONE),
    "unsigned": (dnn.mean_squared_error, BINARY.astype(np.uint32), ONE),
    "dataclass": (Weighted(), CLASSES, FOUR),
    "top-k": (lambda y, p: tf.cast(dnn.top_k_accuracy(y, p, k=2), tf.int32), CLASSES, FOUR),
    "integers": (lambda y, p: tf.argmax(p, axis=1), CLASSES, FOUR),
    "own, in the right shape": (lambda y, p: tf.reduce_mean(squared(y[:, tf.newaxis], p), axis=1), REAL, ONE),
    "shift": (shifted_by_the_largest_of_all, CLASSES, FOUR),
    "noise": (noisy, REAL, ONE),
    "of probabilities": (of_probabilities_alone, CLASSES, FOUR),
    "NaN and infinity": (undefined_for_some, BINARY, ONE),
    "nothing": (labels_matter_for_nobody, REAL, ONE),
    "one label": (dnn.sparse_softmax_cross_entropy, CLASSES * 0, FOUR),
    "sorted": (dnn.mean_squared_error, np.sort(REAL), ONE),
}


@pytest.mark.parametrize(("function", "y", "model"), APART.values(), ids=APART)
def test_a_function_of_its_own_row_passes(function, y, model):
    check(function, y, model, {"mine": function})


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows_are_enough(rows):
    check_functions(ONE, checked_data(ONE, (X[:rows], REAL[:rows]), "data"), dnn.mean_squared_error, {}, "data")
    if rows > 1:
        with pytest.raises(ValueError, match="mixes rows"):
            check_functions(ONE, checked_data(ONE, (X[:rows], REAL[:rows]), "data"), MIXING["sum"][0], {}, "data")


def test_fit_and_evaluate_refuse_it_before_anything_changes():
    model = dnn.mlp([3, 1], seed=0)
    before = model.layers[0].kernel.numpy()
    with pytest.raises(ValueError, match="the loss mixes rows"):
        dnn.fit(
            model, (X, REAL), loss=MIXING["sum"][0], optimizer=dnn.Adam(model.trainable_variables), metrics={}, epochs=2
        )
    with pytest.raises(ValueError, match="the metric 'mine' mixes rows"):
        dnn.evaluate(model, (X, REAL), loss=dnn.mean_squared_error, metrics={"mine": MIXING["sum"][0]})
    assert np.array_equal(before, model.layers[0].kernel)


def test_a_loss_of_probabilities_alone_is_healthy():
    def of_probabilities(labels, p):
        tf.debugging.assert_near(tf.reduce_sum(p, axis=1), 1.0, atol=1e-3)
        return -tf.math.log(tf.gather(p, labels, batch_dims=1))

    model = dnn.Sequential([dnn.Dense(4, 3, seed=0), dnn.softmax])
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    dnn.fit(model, (x, np.arange(12) % 3), loss=of_probabilities, optimizer=dnn.Adam(model.trainable_variables))


def test_a_loss_that_mixes_rows_is_refused_however_small_it_is():
    model = dnn.mlp([4, 1], seed=0)
    x = np.random.default_rng(0).normal(size=(12, 4)).astype(np.float32)
    with pytest.raises(ValueError, match="mixes rows"):
        dnn.fit(
            model,
            (x, x[:, 0]),
            loss=lambda y, p: 1e-6 * tf.reduce_mean(tf.square(y - p), axis=-1),
            optimizer=dnn.Adam(model.trainable_variables),
            metrics={},
        )
