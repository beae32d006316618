"""Losses of amounts, per row, that large errors do not rule: as those of `losses.py`, in float64 and rounded once."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_positive
from dnn.nn.loss_terms import paired_outputs
from dnn.nn.protocols import TensorLike


def absolute_error(targets: TensorLike, predictions: TensorLike) -> tf.Tensor:
    """Return Σ_j |y_j − p_j| / outputs for each row, in the unit of the targets; its least mean is at the median.

    Derivative: ∂l/∂p_j = sign(p_j − y_j) / outputs, 0 where they are equal.
    Keras calls it mean_absolute_error, PyTorch L1Loss; `dnn.mean_absolute_error` is scikit-learn's score of all rows.
    Source: P. Bloomfield, W. Steiger, "Least Absolute Deviations", 1983, section 1.1.

    Args:
        targets: Numbers of any dtype [batch, outputs]; beside one output also [batch].
        predictions: What the model gives, float[batch, outputs].

    Returns:
        float32[batch], or float64 for float64 predictions.

    Raises:
        ValueError: If the shapes differ.
        TypeError: If targets are not numbers or predictions are not floats.

    Example:
        >>> dnn.absolute_error([1.0, 2.0], [[1.5], [4.0]]).numpy().tolist()
        [0.5, 2.0]
    """
    targets, predictions, dtype = paired_outputs(targets, predictions, "predictions")
    return tf.cast(tf.reduce_mean(tf.abs(targets - predictions), axis=-1), dtype)


def huber(targets: TensorLike, predictions: TensorLike, *, delta: float = 1.0) -> tf.Tensor:
    """Return the mean over the outputs of e²/2 where |e| <= δ, else δ |e| − δ²/2, for each row; e = y − p.

    A square for small errors, and a line, which outliers pull at with δ only, for large ones.
    Derivative: ∂l/∂p_j = (p_j − y_j, but at least −δ and at most δ) / outputs.
    Keras and PyTorch's HuberLoss have the same; PyTorch's SmoothL1Loss is it divided by δ.
    Source: P. Huber, "Robust Estimation of a Location Parameter", 1964, section 3, proposal 1.

    Args:
        targets: Numbers of any dtype [batch, outputs]; beside one output also [batch].
        predictions: What the model gives, float[batch, outputs].
        delta: δ, > 0, in the unit of the targets: from which error on the loss is a line.

    Returns:
        float32[batch], or float64 for float64 predictions.

    Raises:
        ValueError: If the shapes differ, or δ is not positive.
        TypeError: If targets are not numbers or predictions are not floats, or δ is not a number.

    Example:
        >>> dnn.huber([1.0, 2.0], [[1.5], [4.0]]).numpy().tolist()
        [0.125, 1.5]
    """
    delta = checked_positive(delta, "delta")
    targets, predictions, dtype = paired_outputs(targets, predictions, "predictions")
    size = tf.abs(predictions - targets)
    inner = tf.minimum(size, delta)
    # not as inner²/2 + δ (size − inner), whose derivative is computed as e + δ − δ, and loses the digits of a small e
    return tf.cast(tf.reduce_mean(inner * (size - inner / 2), axis=-1), dtype)
