"""The first weights of a layer, drawn from a seed: the same seed gives the same weights, bit for bit, as in Keras."""

import math
from collections.abc import Callable

import numpy as np
import tensorflow as tf


def variance_scaling(
    shape, seed, dtype=tf.float32, *, scale: float = 1.0, mode: str = "fan_in", distribution: str = "truncated_normal"
):
    """dtype[inputs, units] of mean 0 and variance scale / n: the formula of all the other random initializers.

    mode: n is the inputs ("fan_in"), the units ("fan_out"), or the mean of the two ("fan_avg").
    distribution: "uniform" in [−L, L), L = √(3 scale / n); or "truncated_normal", cut off at two standard deviations
    of the uncut normal. Cutting lowers the deviation to 0.8796… of it, which a division undoes.
    seed: int, or a pair of ints; an int in [0, 2³¹ − 2) alone draws what Keras's initializer draws from it.
    Source: Y. LeCun et al., "Efficient BackProp", 1998, equation 16; K. He et al., "Delving Deep into Rectifiers",
    ICCV 2015, section 2.2.
    Raises: ValueError for a scale that is not positive, another shape, mode or distribution.
    """
    variance = scale / _fan(shape, mode)
    if not 0 < variance < math.inf:
        raise ValueError(f"scale must be a positive number, got {scale}")
    pair = (seed, 0) if np.ndim(seed) == 0 else seed
    if distribution == "uniform":
        limit = float(np.float32(math.sqrt(3 * variance)))  # as Keras rounds it, for float64 too
        return tf.random.stateless_uniform(shape, pair, -limit, limit, dtype)
    if distribution == "truncated_normal":
        deviation = math.sqrt(variance) / 0.87962566103423978
        return tf.random.stateless_truncated_normal(shape, pair, 0.0, deviation, dtype)
    raise ValueError(f"distribution must be 'uniform' or 'truncated_normal', got {distribution!r}")


def glorot_uniform(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], uniform in [−L, L), L = √(6 / (inputs + units)).

    It keeps the variance of activations and of gradients near that of the layer before (linear units).
    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.
    """
    return variance_scaling(shape, seed, dtype, mode="fan_avg", distribution="uniform")


def glorot_normal(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], cut normal with variance 2 / (inputs + units).

    Source: as `glorot_uniform`, equation 12.
    """
    return variance_scaling(shape, seed, dtype, mode="fan_avg")


def he_uniform(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], uniform in [−L, L), L = √(6 / inputs). Source: as `he_normal`."""
    return variance_scaling(shape, seed, dtype, scale=2.0, distribution="uniform")


def he_normal(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], cut normal with variance 2 / inputs.

    It keeps the variance of activations under relu, which sets half of them to 0.
    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10.
    """
    return variance_scaling(shape, seed, dtype, scale=2.0)


def lecun_uniform(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], uniform in [−L, L), L = √(3 / inputs). Source: as `lecun_normal`."""
    return variance_scaling(shape, seed, dtype, distribution="uniform")


def lecun_normal(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], cut normal with variance 1 / inputs: it keeps the variance of sums, as selu needs.

    Source: Y. LeCun et al., "Efficient BackProp", 1998, equation 16.
    """
    return variance_scaling(shape, seed, dtype)


def zeros(shape, seed=None, dtype=tf.float32):
    """dtype[shape] of zeros; `seed` is not looked at."""
    return tf.zeros(shape, dtype)


def constant(value: float = 0.0) -> Callable:
    """The initializer that gives dtype[shape] of this value: `bias_initializer=dnn.constant(-2.0)`."""

    def filled(shape, seed=None, dtype=tf.float32):
        return tf.fill(shape, tf.cast(value, dtype))

    return filled


def _fan(shape, mode: str) -> float:
    """n of the formula. An empty side counts as 1, as in Keras."""
    if len(shape) != 2:
        raise ValueError(f"shape must be (inputs, units), got {tuple(shape)}")
    inputs, units = shape
    fans = {"fan_in": inputs, "fan_out": units, "fan_avg": (inputs + units) / 2}
    if mode not in fans:
        raise ValueError(f"mode must be 'fan_in', 'fan_out' or 'fan_avg', got {mode!r}")
    return max(1.0, fans[mode])
