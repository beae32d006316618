"""Losses, per example: [batch] out, in nats; the mean or the sum is the caller's."""

import tensorflow as tf

from dnn.nn.activations import maximum


def softmax_cross_entropy(targets, logits):
    """Cross-entropy of softmax(logits) against target probabilities: l = Σ_j t_j (ln Σ_k exp(z_k − c) − (z_j − c)).

    c = max z, so no exp overflows: exact to rounding for logits up to ±1e38. l is in [0, ∞) nats, float[batch].
    targets: [batch, classes], one-hot or any probabilities that sum to 1, of any dtype. logits: float[batch, classes].
    Derivative: ∂l/∂z_j = softmax(z)_j Σ_k t_k − t_j, which is what TensorFlow derives from the lines below, c being
    a constant to it. A tf.custom_gradient would be kept, and its whole graph with it, until the process ends.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109.
    Raises: ValueError for shapes that differ (broadcast, they would give a loss, and a wrong one).
    """
    logits = tf.convert_to_tensor(logits)
    targets = tf.cast(targets, logits.dtype)
    if logits.shape.rank != 2 or not logits.shape.is_compatible_with(targets.shape):
        raise ValueError(f"targets and logits must be [batch, classes], got {targets.shape} and {logits.shape}")
    shifted = logits - maximum(logits)
    log_total = tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=-1, keepdims=True))
    # multiply_no_nan: a target of 0 counts as nothing even where a difference of logits overflowed to −inf
    return tf.reduce_sum(tf.math.multiply_no_nan(log_total - shifted, targets), axis=-1)


def sparse_softmax_cross_entropy(labels, logits):
    """`softmax_cross_entropy` against class numbers: l = ln Σ_k exp(z_k) − z_label, float[batch], in nats.

    labels: int[batch], each in [0, classes); one outside gives a loss of 0 here, so `fit` and `evaluate` refuse it.
    logits: float[batch, classes].
    Raises: TypeError for labels that are not integers (Keras truncates .99999 to class 0), ValueError for other shapes.
    """
    labels, logits = tf.convert_to_tensor(labels), tf.convert_to_tensor(logits)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, got {labels.dtype.name}")
    if labels.shape.rank != 1:
        raise ValueError(f"labels must be [batch], got {labels.shape}; softmax_cross_entropy takes one-hot targets")
    targets = tf.one_hot(tf.cast(labels, tf.int64), logits.shape[-1], dtype=logits.dtype)
    return softmax_cross_entropy(targets, logits)
