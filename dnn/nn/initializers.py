"""The first weights of a layer, drawn from a seed: the same seed gives the same weights, bit for bit, as in Keras."""

import numpy as np
import tensorflow as tf


def glorot_uniform(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], uniform in [−L, L), L = √(6 / (inputs + units)).

    It keeps the variance of activations and of gradients near that of the layer before (linear units).
    seed: int, or a pair of ints; an int in [0, 2³¹ − 2) alone draws what Keras's GlorotUniform(seed) draws.
    Source: X. Glorot, Y. Bengio, "Understanding the difficulty of training deep feedforward neural networks",
    AISTATS 2010, equation 16.
    """
    inputs, units = shape
    limit = (6 / (inputs + units)) ** 0.5
    return tf.random.stateless_uniform(shape, _pair(seed), -limit, limit, dtype)


def he_normal(shape, seed, dtype=tf.float32):
    """dtype[inputs, units], normal with variance 2 / inputs, cut off at two standard deviations of the uncut normal.

    It keeps the variance of activations under relu, which sets half of them to 0.
    seed: int, or a pair of ints; an int in [0, 2³¹ − 2) alone draws what Keras's HeNormal(seed) draws.
    Source: K. He et al., "Delving Deep into Rectifiers", ICCV 2015, equation 10. Cutting lowers the deviation to
    0.8796… of it, which the division undoes.
    """
    inputs, _ = shape
    deviation = (2 / inputs) ** 0.5 / 0.87962566103423978
    return tf.random.stateless_truncated_normal(shape, _pair(seed), 0.0, deviation, dtype)


def zeros(shape, seed=None, dtype=tf.float32):
    """dtype[shape] of zeros; `seed` is not looked at."""
    return tf.zeros(shape, dtype)


def _pair(seed):
    return (seed, 0) if np.ndim(seed) == 0 else seed
