"""Straight-through estimators: a step forward, the identity backward. An op in Python, from stop_gradient alone.

f(x) = step(x) + (x − x), first and last behind tf.stop_gradient: the value of the step, and the derivative of x.
A tf.custom_gradient would say the same, but each trace of one is kept until the process ends.
"""

import tensorflow as tf


def straight_through_round(x):
    """x rounded to the nearest integer, halves to the even one: float[shape], with derivative 1 everywhere.

    An infinity gives NaN, as a NaN does.
    The true derivative is 0, with which nothing before it would learn.
    Source: Y. Bengio, N. Léonard, A. Courville, "Estimating or Propagating Gradients Through Stochastic Neurons for
    Conditional Computation", 2013, section 4.
    Raises: TypeError for what are no floats.

    >>> straight_through_round([0.4, 1.5, -2.6]).numpy().tolist()
    [0.0, 2.0, -3.0]
    """
    return _through(x, tf.round)


def straight_through_sign(x):
    """1 where x >= 0, and −1 elsewhere: float[shape], with derivative 1 for −1 <= x <= 1, and 0 outside. NaN stays NaN.

    Outside, a step back would change nothing: the gradient is left out there.
    Source: M. Courbariaux et al., "Binarized Neural Networks", 2016, equations 1 and 4, after Bengio et al., 2013.
    Raises: TypeError for what are no floats.
    """
    return _through(
        x,
        lambda x: tf.where(x >= 0, tf.ones_like(x), tf.where(x < 0, -tf.ones_like(x), x)),
        lambda x: tf.clip_by_value(x, -1, 1),
    )


def _through(x, step, slope=tf.identity):
    """step(x), with the derivative of slope(x)."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise TypeError(f"x must be floats, got {x.dtype.name}")
    y = slope(x)
    # step + (y − y) is the step exactly; y + (step − y), as it is mostly written, rounds it
    return tf.stop_gradient(step(x)) + (y - tf.stop_gradient(y))
