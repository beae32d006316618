"""Softmax and its logarithm: probabilities of classes from logits, computed in float64 and rounded once."""

import tensorflow as tf

from dnn.nn.precision import rounded_once_from_float64
from dnn.nn.protocols import TensorLike


@rounded_once_from_float64
def softmax(logits: TensorLike, axis: int = -1) -> tf.Tensor:
    """Compute exp(z_j − max z) / Σ_k exp(z_k − max z): each in [0, 1], every row sums to 1.

    Subtracting the maximum changes no value and lets no exp overflow. A −inf has probability 0 and derivative 0. A row
    with a NaN, a +inf, or only −inf is all NaN, as in Keras: it comes from a network that diverged, which should not
    look certain.

    Args:
        logits: float[..., classes], or with the classes on another axis.
        axis: of the classes; the last by default.

    Returns:
        Probabilities, of the shape and dtype of `logits`.

    Example:
        >>> softmax([[0.0, 0.0]]).numpy().tolist()
        [[0.5, 0.5]]
    """
    exponentials = tf.exp(logits - _row_maximum(logits, axis))
    return exponentials / tf.reduce_sum(exponentials, axis=axis, keepdims=True)


@rounded_once_from_float64
def log_softmax(logits: TensorLike, axis: int = -1) -> tf.Tensor:
    """Compute z_j − max z − ln Σ_k exp(z_k − max z), in nats, each <= 0.

    It is never the logarithm of a probability that was rounded to 0. Infinities and NaN are treated as by `softmax`.

    Args:
        logits: float[..., classes], or with the classes on another axis.
        axis: of the classes; the last by default.

    Returns:
        Log-probabilities, of the shape and dtype of `logits`.
    """
    shifted = logits - _row_maximum(logits, axis)
    return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=axis, keepdims=True))


def _row_maximum(logits: tf.Tensor, axis: int) -> tf.Tensor:
    """Return the largest logit of each row, [..., 1], as a constant: in exact arithmetic its derivative is 0."""
    return tf.stop_gradient(tf.reduce_max(logits, axis=axis, keepdims=True))
