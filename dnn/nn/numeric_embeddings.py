"""Learnt embeddings of numbers: each column becomes a few numbers of its own, by weights of its own.

Each layer maps float[batch, columns] to float[batch, columns · size], column by column. The names are those of the
package rtdl_num_embeddings, whose layers return [batch, columns, size].
Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
NeurIPS 2022, section 3.
"""

import math
from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_input, checked_positive, checked_size
from dnn.nn.initializers import seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.protocols import TensorLike

Seed = int | Sequence[int] | None


def linear_embeddings(x: TensorLike, weight: TensorLike, bias: TensorLike) -> tf.Tensor:
    """Compute x_j w_j + b_j for each column j.

    Args:
        x: float[batch, columns].
        weight: float[columns, size].
        bias: float[columns, size].

    Returns:
        float[batch, columns, size].
    """
    return tf.expand_dims(x, -1) * over_rows(weight) + over_rows(bias)


def periodic_features(x: TensorLike, frequencies: TensorLike) -> tf.Tensor:
    """Compute [cos(2π c_j x_j), sin(2π c_j x_j)] for each column j and its frequencies c_j.

    Source: as above, equation 2, in the order of rtdl_num_embeddings, cosines first; the paper has the sines first.

    Args:
        x: float[batch, columns].
        frequencies: float[columns, frequencies].

    Returns:
        float[batch, columns, 2 · frequencies].
    """
    angle = over_rows(frequencies) * (2 * math.pi) * tf.expand_dims(x, -1)
    return tf.concat([tf.cos(angle), tf.sin(angle)], axis=-1)


def column_linear(x: TensorLike, weight: TensorLike) -> tf.Tensor:
    """Compute x_j · W_j: for each column j a product with a matrix of its own.

    Args:
        x: float[batch, columns, inputs].
        weight: float[columns, inputs, size].

    Returns:
        float[batch, columns, size].
    """
    return tf.einsum("...bci,...cio->...bco", x, weight)


def over_rows(weight: TensorLike) -> tf.Tensor:
    """Return [..., columns, size] as [..., 1, columns, size], for every row: of an ensemble [members, 1, …]."""
    return tf.expand_dims(weight, -3)


class ColumnEmbeddings(tf.Module):
    """What maps float[batch, columns] to float[batch, columns · size], each column by itself: abstract."""

    activation = False  # whether relu follows the linear layer
    bias: tf.Variable  # [columns, size], or of another width for each column

    def _vectors(self, x: tf.Tensor) -> tf.Tensor:
        """Return the vector of each column, float[batch, columns, size], of x float[batch, columns]."""
        raise NotImplementedError

    def __call__(self, x: TensorLike) -> tf.Tensor:
        """Embed rows.

        Args:
            x: float[batch, columns], or with more leading axes, of the dtype of the weights.

        Returns:
            float[batch, columns · size], of that dtype.

        Raises:
            ValueError: If x has another width.
            TypeError: If x has another dtype.
        """
        return flat_columns(self._vectors(checked_input(x, self.of_columns)))

    @property
    def of_columns(self) -> tf.Variable:
        """A variable [columns, …], of an ensemble [members, columns, …]."""
        return self.bias

    def _activated(self, x: tf.Tensor) -> tf.Tensor:
        return tf.nn.relu(x) if self.activation else x


class LinearEmbeddings(ColumnEmbeddings):
    """Give each column j the vector x_j w_j + b_j.

    Source: as above, section 3.4; the weights are drawn as in rtdl_num_embeddings, uniform in ±1/√size.

    Args:
        columns: number of columns, > 0.
        size: of the vector of a column, > 0.
        activation: whether relu follows.
        seed: int or pair of ints that the weights are drawn from. None: another one for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size is not positive.
        TypeError: If a size is not an integer.

    Example:
        >>> LinearEmbeddings(7, 8)(tf.ones([2, 7])).shape
        TensorShape([2, 56])
    """

    def __init__(
        self, columns: int, size: int, *, activation: bool = False, seed: Seed = None, dtype: tf.DType = tf.float32
    ) -> None:
        super().__init__()
        shape = checked_size(columns, "columns"), checked_size(size, "size")
        self.activation = bool(activation)
        seed = seed_or_next(seed)
        self.weight = tf.Variable(uniform_weights(shape, seed, 0, inputs=size, dtype=dtype), name="weight")
        self.bias = tf.Variable(uniform_weights(shape, seed, 1, inputs=size, dtype=dtype), name="bias")

    def _vectors(self, x: tf.Tensor) -> tf.Tensor:
        return self._activated(linear_embeddings(x, self.weight, self.bias))

    def __repr__(self) -> str:
        columns, size = self.weight.shape[-2:]
        return layer_line(self, f"{columns} -> {columns} · {size}")


class LinearReLUEmbeddings(LinearEmbeddings):
    """Give each column j the vector relu(x_j w_j + b_j).

    Source: as above, section 3.4, "LR".

    Args:
        columns: number of columns, > 0.
        size: of the vector of a column, > 0.
        seed: int or pair of ints that the weights are drawn from. None: another one for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size is not positive.
        TypeError: If a size is not an integer.

    Example:
        >>> LinearReLUEmbeddings(7)(tf.ones([2, 7])).shape
        TensorShape([2, 224])
    """

    def __init__(self, columns: int, size: int = 32, *, seed: Seed = None, dtype: tf.DType = tf.float32) -> None:
        super().__init__(columns, size, activation=True, seed=seed, dtype=dtype)


class PeriodicEmbeddings(ColumnEmbeddings):
    """Give each column j the vector relu([cos(2π c_j x_j), sin(2π c_j x_j)] · W_j + b_j), with learnt frequencies c_j.

    It is the paper's "PLR", without `activation` "PL". With `lite` all columns share one W and one b, as in TabR. The
    first frequencies are normal with the deviation `frequency_scale`, cut off at three deviations; that is the setting
    that counts most: try 0.01 to 10, for standardised numbers.
    Source: as above, equation 2 and section 3.4; lite: Y. Gorishniy et al., "TabR", ICLR 2024.

    Args:
        columns: number of columns, > 0.
        size: of the vector of a column, > 0.
        frequencies: number of frequencies of a column, > 0.
        frequency_scale: standard deviation of the first frequencies, > 0.
        activation: whether relu follows.
        lite: whether the columns share the linear layer.
        seed: int or pair of ints that the weights are drawn from. None: another one for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size or the scale is not positive, or `lite` is without activation.
        TypeError: If a size is not an integer.

    Example:
        >>> PeriodicEmbeddings(7, 24)(tf.ones([2, 7])).shape
        TensorShape([2, 168])
    """

    def __init__(
        self,
        columns: int,
        size: int = 24,
        *,
        frequencies: int = 48,
        frequency_scale: float = 0.01,
        activation: bool = True,
        lite: bool = False,
        seed: Seed = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        if lite and not activation:
            raise ValueError("lite=True needs activation=True: without it, it would be a product of two linear layers")
        shape = checked_size(columns, "columns"), checked_size(frequencies, "frequencies")
        inputs, size = 2 * frequencies, checked_size(size, "size")
        self.frequency_scale = deviation = checked_positive(frequency_scale, "frequency_scale")
        self.activation, self.lite = bool(activation), bool(lite)
        seed, own = seed_or_next(seed), [] if lite else [columns]
        drawn = tf.random.stateless_parameterized_truncated_normal(
            shape, key_of(seed, 0), 0.0, deviation, -3 * deviation, 3 * deviation
        )
        self.frequencies = tf.Variable(tf.cast(drawn, dtype), name="frequencies")
        draw = {"inputs": inputs, "dtype": dtype}
        self.weight = tf.Variable(uniform_weights([*own, inputs, size], seed, 1, **draw), name="weight")
        self.bias = tf.Variable(uniform_weights([*own, size], seed, 2, **draw), name="bias")

    def _vectors(self, x: tf.Tensor) -> tf.Tensor:
        waves = periodic_features(x, self.frequencies)
        if self.lite:
            sums = tf.einsum("...bci,...io->...bco", waves, self.weight) + tf.expand_dims(self.bias, -2)
        else:
            sums = column_linear(waves, self.weight) + over_rows(self.bias)
        return self._activated(sums)

    @property
    def of_columns(self) -> tf.Variable:
        return self.frequencies  # with lite, the bias is one for all columns

    def __repr__(self) -> str:
        columns, frequencies = self.frequencies.shape[-2:]
        settings = [f"{columns} -> {columns} · {self.weight.shape[-1]}", f"frequencies={frequencies}"]
        return layer_line(self, *settings, *(["lite"] if self.lite else []))


def flat_columns(x: tf.Tensor) -> tf.Tensor:
    """Return float[..., columns, size] as float[..., columns · size]."""
    return tf.reshape(x, tf.concat([tf.shape(x)[:-2], [x.shape[-2] * x.shape[-1]]], axis=0))


def uniform_weights(
    shape: Sequence[int], seed: int | Sequence[int], number: int, *, inputs: int, dtype: tf.DType
) -> tf.Tensor:
    """Draw the weights with this number of a layer, uniform in ±1/√inputs: PyTorch's usual first weights."""
    limit = inputs**-0.5
    return tf.random.stateless_uniform(shape, key_of(seed, number), -limit, limit, dtype)


def key_of(seed: int | Sequence[int], number: int) -> tf.Tensor:
    """Return a seed int32[2] for the weights with this number of a layer: different ones, though of one shape."""
    pair = (seed, 0) if isinstance(seed, int) else seed
    return tf.random.experimental.stateless_fold_in(tf.cast(pair, tf.int32), number)
