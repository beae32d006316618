"""Metrics of a fit: (labels, logits) -> one number for each row, in TensorFlow.

Scores of all rows at once, as scikit-learn has them, stand in `dnn/nn/scores/`.
"""

import math

import tensorflow as tf

from dnn.nn.argument_checks import checked_float, checked_logits, checked_numbers
from dnn.nn.protocols import TensorLike


def accuracy(labels: TensorLike, logits: TensorLike) -> tf.Tensor:
    """Return for each row whether its largest logit is the label's. Of equal logits the first is taken.

    Args:
        labels: Class numbers int[batch], or one-hot rows [batch, classes].
        logits: What the model gives, float[batch, classes].

    Returns:
        bool[batch]; its mean is the accuracy.

    Raises:
        TypeError: If class numbers are not integers or logits are not floats.
        ValueError: If the shapes do not fit, if there is one output, whose largest logit says nothing, or if a trace
            does not know the number of classes.

    Example:
        >>> dnn.accuracy([0, 1], [[2.0, 1.0], [2.0, 1.0]]).numpy().tolist()
        [True, False]
    """
    labels, logits = _class_numbers_and_logits(labels, logits)
    return tf.equal(tf.argmax(logits, axis=-1), labels)


def top_k_accuracy(labels: TensorLike, logits: TensorLike, *, k: int = 5) -> tf.Tensor:
    """Return for each row whether the label's logit is among the k largest. Of equal logits the first come first.

    k = 1 is `accuracy`. Keras lets all that tie in, so that logits which are all equal score 1 for every k.

    Args:
        labels: Class numbers int[batch], or one-hot rows [batch, classes].
        logits: What the model gives, float[batch, classes]. A NaN of the label's is never among the largest.
        k: How many logits count, >= 1.

    Returns:
        bool[batch]; its mean is the top-k accuracy.

    Raises:
        TypeError: If class numbers are not integers or logits are not floats.
        ValueError: If k < 1, if the shapes do not fit, if there is one output, or if a trace does not know the number
            of classes.
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


def binary_accuracy(labels: TensorLike, logits: TensorLike, *, threshold: float = 0.5) -> tf.Tensor:
    """Return for each row the share of its outputs whose sigmoid(logit) is on the right side of the threshold.

    The logit itself is compared, with ln(p / (1 − p)) for the threshold p, since a sigmoid near 1 rounds to 1.

    Args:
        labels: 0 or 1 [batch, outputs]; beside one output also [batch].
        logits: What the model gives, float[batch, outputs].
        threshold: A probability in (0, 1); more than it predicts 1.

    Returns:
        float32[batch], in [0, 1].

    Raises:
        ValueError: If the threshold is out of its range, or if the shapes differ.
        TypeError: If labels are not numbers or logits are not floats.
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


def _class_numbers_and_logits(labels: TensorLike, logits: TensorLike) -> tuple[tf.Tensor, tf.Tensor]:
    """Return int64[batch], from class numbers or one-hot rows, and float[batch, classes]."""
    labels = checked_numbers(labels, "labels")
    logits = checked_logits(logits, labels)
    if logits.shape[-1] == 1:
        raise ValueError(
            "with one output, argmax is always class 0, so accuracy is meaningless: "
            'use metrics={"accuracy": dnn.binary_accuracy}, or metrics={} where the output is not a class'
        )
    if labels.shape.rank == 2 and labels.shape.is_compatible_with(logits.shape):
        return tf.argmax(labels, axis=-1), logits
    if labels.shape.rank not in (None, 1):
        raise ValueError(f"labels must be [batch] or one-hot, [batch, {logits.shape[-1]}], got shape {labels.shape}")
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, or one-hot rows, got {labels.dtype.name}")
    return tf.cast(labels, tf.int64), logits
