"""Losses, per example: [batch] out, in nats; the mean or the sum is the caller's."""

import tensorflow as tf

from dnn.nn.activations import maximum


@tf.custom_gradient
def softmax_cross_entropy(targets, logits):
    """Cross-entropy of softmax(logits) against target probabilities: l = Σ_j t_j (ln Σ_k exp(z_k − c) − (z_j − c)).

    c = max z, so no exp overflows: exact to rounding for logits up to ±1e38. l is in [0, ∞) nats, float[batch].
    targets: float[batch, classes], one-hot or any probabilities that sum to 1. logits: float[batch, classes].
    Derivative: ∂l/∂z_j = softmax(z)_j Σ_k t_k − t_j; none with respect to the targets.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109.
    """
    shifted = logits - maximum(logits)
    exponentials = tf.exp(shifted)
    total = tf.reduce_sum(exponentials, axis=-1, keepdims=True)
    # multiply_no_nan: a target of 0 counts as nothing even where a difference of logits overflowed to −inf
    losses = tf.reduce_sum(tf.math.multiply_no_nan(tf.math.log(total) - shifted, targets), axis=-1)

    def gradient(upstream):
        weight = tf.reduce_sum(targets, axis=-1, keepdims=True)
        return None, upstream[:, tf.newaxis] * (exponentials / total * weight - targets)

    return losses, gradient


def sparse_softmax_cross_entropy(labels, logits):
    """`softmax_cross_entropy` against class numbers: l = ln Σ_k exp(z_k) − z_label, float[batch], in nats.

    labels: int[batch], each in [0, classes); one outside gives a loss of 0 here, so `fit` and `evaluate` refuse it.
    logits: float[batch, classes].
    Raises: TypeError for labels that are not integers (Keras truncates .99999 to class 0).
    """
    labels = tf.convert_to_tensor(labels)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, got {labels.dtype.name}")
    return softmax_cross_entropy(tf.one_hot(labels, logits.shape[-1], dtype=logits.dtype), logits)
