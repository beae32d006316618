"""Plain random initializers, of any shape: a normal, a cut normal, a uniform one, and an orthogonal matrix."""

import math
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative, checked_number
from dnn.nn.precision import at_least_float32


def random_normal(
    shape: Sequence[int],
    seed: int | Sequence[int],
    dtype: tf.DType = tf.float32,
    *,
    mean: float = 0.0,
    stddev: float = 0.05,
) -> tf.Tensor:
    """Draw from a normal: `functools.partial(dnn.random_normal, stddev=0.1)` is one of another deviation.

    Args:
        shape: of the variable, of any rank.
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.
        mean: the mean; Keras's default.
        stddev: the standard deviation, >= 0; Keras's default.

    Returns:
        dtype[shape].

    Raises:
        ValueError: If the deviation is negative.
    """
    checked_number(mean, "mean")
    return tf.random.stateless_normal(shape, seed_pair(seed), mean, checked_not_negative(stddev, "stddev"), dtype)


def truncated_normal(
    shape: Sequence[int],
    seed: int | Sequence[int],
    dtype: tf.DType = tf.float32,
    *,
    mean: float = 0.0,
    stddev: float = 0.05,
) -> tf.Tensor:
    """Draw from a normal that is cut off at two deviations from its mean, which leaves 0.88 of the deviation.

    Args:
        shape: of the variable, of any rank.
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit.
        dtype: floating dtype of the result.
        mean: the mean; Keras's default.
        stddev: the standard deviation before it is cut, >= 0; Keras's default.

    Returns:
        dtype[shape].

    Raises:
        ValueError: If the deviation is negative.
    """
    checked_number(mean, "mean")
    deviation = checked_not_negative(stddev, "stddev")
    return tf.random.stateless_truncated_normal(shape, seed_pair(seed), mean, deviation, dtype)


def random_uniform(
    shape: Sequence[int],
    seed: int | Sequence[int],
    dtype: tf.DType = tf.float32,
    *,
    minval: float = -0.05,
    maxval: float = 0.05,
) -> tf.Tensor:
    """Draw uniformly from [minval, maxval).

    Args:
        shape: of the variable, of any rank.
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it, bit for bit;
            in float64 Keras rounds the ends to float32.
        dtype: floating dtype of the result.
        minval: the lower end; Keras's default.
        maxval: the upper end; Keras's default.

    Returns:
        dtype[shape].

    Raises:
        ValueError: If the upper end is below the lower one.
    """
    if not checked_number(minval, "minval") <= checked_number(maxval, "maxval"):
        raise ValueError(f"maxval must be at least minval, {minval}, got {maxval}")
    return tf.random.stateless_uniform(shape, seed_pair(seed), minval, maxval, dtype)


def orthogonal(
    shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType = tf.float32, *, gain: float = 1.0
) -> tf.Tensor:
    """Draw a matrix whose columns, or rows if there are fewer of them, are orthogonal and of length `gain`.

    Q of A = Q R, A drawn from a normal, with the signs of R's diagonal, by which no matrix is likelier than another. In
    float32 at least, and rounded once; Keras refuses half precisions.
    Source: A. Saxe, J. McClelland, S. Ganguli, "Exact Solutions to the Nonlinear Dynamics of Learning in Deep Linear
    Neural Networks", ICLR 2014, section 3; F. Mezzadri, "How to Generate Random Matrices from the Classical Compact
    Groups", Notices of the AMS 54, 2007, section 5.

    Args:
        shape: (inputs, units), or with more leading axes, which are as many inputs.
        seed: int, or pair of ints. An int in [0, 2³¹ − 2) draws what Keras's initializer draws from it.
        dtype: floating dtype of the result.
        gain: length of the columns or rows.

    Returns:
        dtype[shape].

    Raises:
        ValueError: If the shape has fewer than two axes.
    """
    if len(shape) < 2:
        raise ValueError(f"shape must be (inputs, units), or with more axes before these, got {tuple(shape)}")
    inputs, units = math.prod(shape[:-1]), shape[-1]
    wide = at_least_float32(dtype)
    drawn = tf.random.stateless_normal([max(inputs, units), min(inputs, units)], seed_pair(seed), dtype=wide)
    q, r = tf.linalg.qr(drawn)
    q = q * tf.sign(tf.linalg.diag_part(r))
    matrix = tf.transpose(q) if inputs < units else q
    return tf.cast(checked_number(gain, "gain") * tf.reshape(matrix, shape), dtype)


def seed_pair(seed: int | Sequence[int]) -> Sequence[int]:
    """Return the pair that a stateless draw takes: (seed, 0) of an int."""
    return (seed, 0) if np.ndim(seed) == 0 else seed  # type: ignore[return-value]
