"""How good predictions are: of each example, in TensorFlow, for the loop; and per class, from a table of counts."""

import math

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import (
    checked_class_numbers,
    checked_float,
    checked_logits,
    checked_numbers,
    checked_size,
    checked_square,
)


def accuracy(labels, logits):
    """1 where the largest logit is the label's, else 0: bool[batch]. Of equal logits the first is taken.

    labels: int[batch], or one-hot [batch, classes]. logits: float[batch, classes].
    Raises: TypeError for class numbers that are no integers or logits that are no floats, ValueError for other shapes,
    for one output, whose largest logit says nothing, and for a number of classes that a trace does not know.
    """
    labels, logits = _class_numbers_and_logits(labels, logits)
    return tf.equal(tf.argmax(logits, axis=-1), labels)


def top_k_accuracy(labels, logits, *, k: int = 5):
    """1 where the label's logit is among the k largest, else 0: bool[batch]. Of equal logits the first come first.

    labels: int[batch], or one-hot [batch, classes]. logits: float[batch, classes]; a label's NaN is never among them.
    k = 1 is `accuracy`. Keras lets all that tie in, so that logits which are all equal score 1 for every k.
    Raises: ValueError for k < 1, and as `accuracy`.
    """
    if k < 1:
        raise ValueError(f"k must be 1 or more, got {k}")
    labels, logits = _class_numbers_and_logits(labels, logits)
    labels = labels[:, tf.newaxis]
    classes = logits.shape[-1]
    of_label = tf.gather(logits, labels, batch_dims=1)  # [batch, 1]
    ties_from_it_on = tf.equal(logits, of_label) & (tf.range(classes, dtype=tf.int64) >= labels)
    not_before = tf.math.count_nonzero((logits < of_label) | ties_from_it_on, axis=-1)
    return classes - not_before < min(k, classes)


def binary_accuracy(labels, logits, *, threshold: float = 0.5):
    """The share of a row's outputs on whose right side of the threshold sigmoid(logit) is: float32[batch], in [0, 1].

    labels: 0 or 1, [batch, outputs]; beside one output also [batch]. logits: float[batch, outputs].
    threshold: a probability in (0, 1); more than it predicts 1. Compared as ln(p / (1 − p)) with the logit itself,
    since a sigmoid near 1 rounds to 1.
    Raises: ValueError for a threshold out of its range, and for shapes that differ, TypeError for logits that are no
    floats.
    """
    if not 0 < threshold < 1:
        raise ValueError(f"threshold must be in (0, 1), got {threshold}")
    labels, logits = checked_numbers(labels, "labels"), checked_float(logits, "logits")
    if labels.shape.rank == 1 and logits.shape.rank == 2 and logits.shape[1] == 1:
        labels = labels[:, tf.newaxis]
    if logits.shape.rank != 2 or not logits.shape.is_compatible_with(labels.shape):
        raise ValueError(f"labels and logits must be [batch, outputs], got {labels.shape} and {logits.shape}")
    predicted = logits > math.log(threshold / (1 - threshold))
    return tf.reduce_mean(tf.cast(tf.equal(predicted, tf.cast(labels, tf.bool)), tf.float32), axis=-1)


def confusion_matrix(labels, predictions, classes: int) -> np.ndarray:
    """int64[classes, classes]: rows of each true class (down) that were predicted as each class (across).

    labels, predictions: int[rows]. The matrices of two parts of the rows add up to that of both.
    Raises: ValueError for one outside [0, classes) or another shape, TypeError for one that is no integer.
    """
    checked_size(classes, "classes")
    labels = checked_class_numbers(labels, classes, "labels")
    predictions = checked_class_numbers(predictions, classes, "predictions")
    if labels.ndim != 1 or labels.shape != predictions.shape:
        raise ValueError(f"labels and predictions must be [rows], got {labels.shape} and {predictions.shape}")
    cells = np.ravel_multi_index((labels, predictions), (classes, classes))
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def precision(confusion: np.ndarray) -> np.ndarray:
    """Of the rows predicted as a class, the share that are of it: float64[classes]; NaN where none was predicted."""
    confusion = checked_square(confusion, "confusion")
    return _ratio(np.diag(confusion), confusion.sum(axis=0))


def recall(confusion: np.ndarray) -> np.ndarray:
    """Of the rows of a class, the share predicted as it: float64[classes]; NaN where there are none."""
    confusion = checked_square(confusion, "confusion")
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def f1(confusion: np.ndarray) -> np.ndarray:
    """2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall: float64[classes]; NaN for a class with
    neither rows nor predictions.

    Source: C. van Rijsbergen, "Information Retrieval", 1979, chapter 7 (1 − E, with both of one weight).
    """
    confusion = checked_square(confusion, "confusion")
    return _ratio(2 * np.diag(confusion), confusion.sum(axis=0) + confusion.sum(axis=1))


def _class_numbers_and_logits(labels, logits) -> tuple[tf.Tensor, tf.Tensor]:
    """int64[batch], from class numbers or one-hot rows, and float[batch, classes]."""
    labels = checked_numbers(labels, "labels")
    logits = checked_logits(logits, labels)
    if logits.shape[-1] == 1:
        raise ValueError(
            "the largest logit of one output is always that of class 0, which is no accuracy: "
            'use metrics={"accuracy": dnn.binary_accuracy}, or metrics={} where the output is no class'
        )
    if labels.shape.rank == 2 and labels.shape.is_compatible_with(logits.shape):
        return tf.argmax(labels, axis=-1), logits
    if labels.shape.rank not in (None, 1):
        raise ValueError(f"labels must be [batch] or one-hot, [batch, {logits.shape[-1]}], got shape {labels.shape}")
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, or one-hot rows, got {labels.dtype.name}")
    return tf.cast(labels, tf.int64), logits


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
