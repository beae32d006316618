"""Periodic features of numbers: a layer with parameters of its own, for the numeric columns of a table."""

import math

import tensorflow as tf


def periodic(x, frequencies):
    """sin and cos of 2π c x, side by side for each column: float[batch, columns · 2 · waves].

    x: float[batch, columns]. frequencies: c, float[columns, waves].
    Of column j: sin(2π c_j1 x_j), …, sin(2π c_jk x_j), cos(2π c_j1 x_j), …, cos(2π c_jk x_j).
    Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
    NeurIPS 2022, equation 2.
    """
    angles = (2 * math.pi) * x[:, :, tf.newaxis] * frequencies  # [batch, columns, waves]
    waves = tf.concat([tf.sin(angles), tf.cos(angles)], axis=2)
    return tf.reshape(waves, [-1, frequencies.shape[0] * 2 * frequencies.shape[1]])


class Periodic(tf.Module):
    """`periodic` with frequencies to be learnt: [batch, columns] -> [batch, columns · 2 · waves], before a Dense layer.

    A network of relus learns a function of one number slowly if it goes up and down; of its waves it is a weighted sum.
    """

    def __init__(self, columns: int, waves: int = 8, *, sigma: float = 0.1, seed: int = 0, dtype=tf.float32):
        """columns, waves: > 0. sigma: the standard deviation of the first frequencies, > 0, for standardized columns.
        Raises: ValueError for others.
        """
        super().__init__()
        if columns < 1 or waves < 1 or not sigma > 0:
            raise ValueError(f"columns, waves and sigma must be positive, got {columns}, {waves} and {sigma}")
        first = tf.random.stateless_normal([columns, waves], [seed, 0], stddev=sigma, dtype=dtype)
        self.frequencies = tf.Variable(first, name="frequencies")

    @property
    def width(self) -> int:
        """Of what comes out: the inputs of the next layer."""
        return 2 * self.frequencies.shape[0] * self.frequencies.shape[1]

    def __call__(self, x):
        """x: [batch, columns]. Raises: ValueError for another shape, TypeError for another dtype."""
        x, columns = tf.convert_to_tensor(x), self.frequencies.shape[0]
        if x.dtype != self.frequencies.dtype:
            raise TypeError(f"x must be {self.frequencies.dtype.name}, got {x.dtype.name}")
        if x.shape.rank is not None and not x.shape.is_compatible_with([None, columns]):
            raise ValueError(f"x must be [batch, {columns}], got shape {x.shape}")
        return periodic(x, self.frequencies)
