"""Softmax and its logarithm: probabilities of classes from logits, computed in float64 and rounded once."""

import tensorflow as tf

from dnn.nn.precision import rounded_once_from_float64


@rounded_once_from_float64
def softmax(logits, axis: int = -1):
    """exp(z_j − max z) / Σ_k exp(z_k − max z): each in [0, 1], every row sums to 1.

    logits: float[..., classes], or the classes on another axis. Subtracting the maximum changes no value and lets no
    exp overflow. A −inf has probability 0 and derivative 0. A row with a NaN, a +inf, or only −inf is all NaN, as in
    Keras: it comes from a network that diverged, which should not look certain.
    """
    exponentials = tf.exp(logits - maximum(logits, axis))
    return exponentials / tf.reduce_sum(exponentials, axis=axis, keepdims=True)


@rounded_once_from_float64
def log_softmax(logits, axis: int = -1):
    """z_j − max z − ln Σ_k exp(z_k − max z), in nats, each <= 0: never the log of a probability rounded to 0.

    logits: float[..., classes], or the classes on another axis. Infinities and NaN are as in `softmax`.
    """
    shifted = logits - maximum(logits, axis)
    return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=axis, keepdims=True))


def maximum(logits, axis: int = -1):
    """The largest logit of each row, [..., 1], as a constant: the shift by it has derivative 0 in exact arithmetic."""
    return tf.stop_gradient(tf.reduce_max(logits, axis=axis, keepdims=True))
