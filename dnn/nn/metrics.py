"""Metrics of a fit: (labels, logits) -> one number for each row, in TensorFlow.

Scores of all rows at once, as scikit-learn has them, stand in `dnn/nn/scores/`.
"""

import math

import tensorflow as tf

from dnn.nn.checks import checked_float, checked_logits, checked_numbers


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
