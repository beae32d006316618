"""Straight-through estimators: a step forward, the identity backward. Ops in Python, from stop_gradient alone.

f(x) = step(x) + (x − x), first and last behind tf.stop_gradient: the value of the step, and the derivative of x.
A tf.custom_gradient would say the same, but each trace of one is kept until the process ends.
"""

from collections.abc import Callable

import tensorflow as tf

from dnn.nn.protocols import TensorLike


def straight_through_round(x: TensorLike) -> tf.Tensor:
    """Round to the nearest integer, halves to the even one, with derivative 1 everywhere.

    An infinity gives NaN, as a NaN does. The true derivative is 0, with which no layer below would learn.
    Source: Y. Bengio, N. Léonard, A. Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
    Conditional Computation", 2013, section 4.

    Args:
        x: float[shape].

    Returns:
        float[shape], whole numbers.

    Raises:
        TypeError: If `x` is not floats.

    Example:
        >>> straight_through_round([0.4, 1.5, -2.6]).numpy().tolist()
        [0.0, 2.0, -3.0]
    """
    return _straight_through(x, tf.round, tf.identity)


def straight_through_sign(x: TensorLike) -> tf.Tensor:
    """Return 1 where x >= 0 and −1 elsewhere, with derivative 1 for −1 <= x <= 1 and 0 outside.

    Outside, a step back would change nothing, so no gradient is passed there. NaN stays NaN.
    Source: M. Courbariaux et al., "Binarized Neural Networks", 2016, equations 1 and 4, after Bengio et al., 2013.

    Args:
        x: float[shape].

    Returns:
        float[shape].

    Raises:
        TypeError: If `x` is not floats.

    Example:
        >>> straight_through_sign([0.4, -0.0, -2.6]).numpy().tolist()
        [1.0, 1.0, -1.0]
    """
    return _straight_through(
        x,
        lambda x: tf.where(x >= 0, tf.ones_like(x), tf.where(x < 0, -tf.ones_like(x), x)),
        lambda x: tf.clip_by_value(x, -1, 1),
    )


def _straight_through(x: TensorLike, step: Callable[..., tf.Tensor], slope: Callable[..., tf.Tensor]) -> tf.Tensor:
    """Return step(x), with the derivative of slope(x)."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise TypeError(f"x must be floats, got {x.dtype.name}")
    y = slope(x)
    # step + (y − y) is the step exactly; y + (step − y), as it is mostly written, rounds it
    return tf.stop_gradient(step(x)) + (y - tf.stop_gradient(y))
