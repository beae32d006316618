"""Periodic features of the numeric columns of a table: a layer with parameters of its own, in Python."""

import math

import tensorflow as tf

from dnn.nn.initializers import seed_or_next
from dnn.nn.protocols import TensorLike


def periodic(x: tf.Tensor, frequencies: tf.Tensor) -> tf.Tensor:
    """Return sin and cos of 2π c x, side by side for each column.

    For column j: sin(2π c_j1 x_j), …, sin(2π c_jk x_j), cos(2π c_j1 x_j), …, cos(2π c_jk x_j).
    Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
    NeurIPS 2022, equation 2.

    Args:
        x: float[batch, columns].
        frequencies: c, float[columns, waves].

    Returns:
        float[batch, columns · 2 · waves].
    """
    angles = (2 * math.pi) * x[:, :, tf.newaxis] * frequencies  # [batch, columns, waves]
    waves = tf.concat([tf.sin(angles), tf.cos(angles)], axis=2)
    return tf.reshape(waves, [-1, frequencies.shape[0] * 2 * frequencies.shape[1]])


class Periodic(tf.Module):
    """`periodic` with trainable frequencies, for use before a Dense layer.

    A network of relus learns a function of one number slowly if it oscillates; as a function of the waves it is a
    weighted sum.

    Args:
        columns: The number of columns, > 0.
        waves: The number of frequencies for each column, > 0.
        sigma: The standard deviation of the initial frequencies, > 0, for standardized columns.
        seed: int, of the initial frequencies. None: another one for each layer that is made without one.
        dtype: Of the frequencies and of x.

    Raises:
        ValueError: If `columns`, `waves` or `sigma` is not positive.

    Example:
        >>> Periodic(columns=2, waves=3).width
        12
    """

    def __init__(
        self, columns: int, waves: int = 8, *, sigma: float = 0.1, seed: int | None = None, dtype: tf.DType = tf.float32
    ):
        super().__init__()
        if columns < 1 or waves < 1 or not sigma > 0:
            raise ValueError(f"columns, waves and sigma must be positive, got {columns}, {waves} and {sigma}")
        initial = tf.random.stateless_normal([columns, waves], [seed_or_next(seed), 0], stddev=sigma, dtype=dtype)
        self.frequencies = tf.Variable(initial, name="frequencies")

    @property
    def width(self) -> int:
        """The number of outputs, which are the inputs of the next layer."""
        columns, waves = self.frequencies.shape
        return 2 * int(columns) * int(waves)

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Return the waves of each column.

        Args:
            x: [batch, columns], of the layer's dtype.

        Returns:
            [batch, width].

        Raises:
            ValueError: If `x` has another shape.
            TypeError: If `x` has another dtype.
        """
        x, columns = tf.convert_to_tensor(x), self.frequencies.shape[0]
        if x.dtype != self.frequencies.dtype:
            raise TypeError(f"x must be {self.frequencies.dtype.name}, got {x.dtype.name}")
        if x.shape.rank is not None and not x.shape.is_compatible_with([None, columns]):
            raise ValueError(f"x must be [batch, {columns}], got shape {x.shape}")
        return periodic(x, self.frequencies)
