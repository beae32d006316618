"""Maxout: the largest of a few sums, instead of a fixed activation."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_float
from dnn.nn.protocols import TensorLike


def maxout(x: TensorLike, pieces: int = 2) -> tf.Tensor:
    """Return the largest of each group of `pieces` neighbours: [..., units · pieces] -> [..., units].

    It comes after a `Dense` layer of units · pieces. A NaN in a group gives NaN.

    Derivative: 1 for the largest, shared equally between those that tie, and 0 for the others.
    Source: I. Goodfellow et al., "Maxout Networks", ICML 2013, section 2.

    Args:
        x: float[..., units · pieces].
        pieces: size of a group, >= 1.

    Returns:
        float[..., units], of the dtype of x.

    Raises:
        TypeError: If x does not hold floats.
        ValueError: If `pieces` does not divide the last axis.

    Example:
        >>> maxout([[1.0, 3.0, -5.0, -4.0]]).numpy().tolist()
        [[3.0, -4.0]]
    """
    x = checked_float(x, "x")
    if pieces < 1 or x.shape[-1] % pieces:
        raise ValueError(f"pieces must divide the {x.shape[-1]} numbers of the last axis, got {pieces}")
    groups = tf.reshape(x, tf.concat([tf.shape(x)[:-1], [x.shape[-1] // pieces, pieces]], axis=0))
    is_nan = tf.reduce_any(tf.math.is_nan(groups), axis=-1)
    return tf.where(is_nan, tf.reduce_sum(groups, axis=-1), tf.reduce_max(groups, axis=-1))  # XLA's max overlooks NaN
