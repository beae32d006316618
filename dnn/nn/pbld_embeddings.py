"""RealMLP's embeddings of numbers, PBLD: periodic with biases, a linear layer, and the number itself beside it."""

import math

import tensorflow as tf

from dnn.nn.argument_checks import checked_count, checked_positive, checked_size
from dnn.nn.initializers import seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.numeric_embeddings import ColumnEmbeddings, Seed, column_linear, key_of, over_rows, uniform_weights
from dnn.nn.protocols import TensorLike


def pbld_embeddings(
    x: TensorLike, frequencies: TensorLike, phases: TensorLike, weight: TensorLike, bias: TensorLike
) -> tf.Tensor:
    """Compute [cos(2π c_j x_j + φ_j) · W_j + b_j, x_j] for each column j.

    Args:
        x: float[batch, columns].
        frequencies: c, float[columns, frequencies].
        phases: φ, float[columns, frequencies].
        weight: W, float[columns, frequencies, size − 1].
        bias: b, float[columns, size − 1].

    Returns:
        float[batch, columns, size].
    """
    x = tf.expand_dims(x, -1)
    waves = tf.cos(2 * math.pi * x * over_rows(frequencies) + over_rows(phases))
    return tf.concat([column_linear(waves, weight) + over_rows(bias), x], axis=-1)


class PBLDEmbeddings(ColumnEmbeddings):
    """Give each column j the vector [cos(2π c_j x_j + φ_j) · W_j + b_j, x_j], with learnt frequencies c_j.

    "Periodic, bias, linear, dense": unlike in `PeriodicEmbeddings` learnt phases φ stand in place of sines, no relu
    follows, and the number itself goes on, so that a few frequencies suffice. The first c are drawn from
    N(0, frequency_scale²), φ from U(±π), W and b from U(±1/√frequencies). Columns should be of about one size, as
    `RobustScale` and `Standardize` make them.
    Source: D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    Tabular Data", NeurIPS 2024, section 3; the package pytabkit puts all x_j behind the rest, and has a learnt vector
    for a missing number.

    Args:
        columns: number of columns, > 0.
        size: of the vector of a column, its number included, >= 2.
        frequencies: number of frequencies of a column, > 0.
        frequency_scale: standard deviation of the first frequencies, > 0.
        factor: f, > 0: all weights learn f times as fast under Adam; RealMLP has 0.1. The variables hold them / f.
        seed: int or pair of ints that the weights are drawn from. None: another one for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If a size, the scale or the factor is out of its range.
        TypeError: If the number of columns or of frequencies is not an integer.

    Example:
        >>> PBLDEmbeddings(7)(tf.ones([2, 7])).shape
        TensorShape([2, 28])
    """

    def __init__(
        self,
        columns: int,
        size: int = 4,
        *,
        frequencies: int = 16,
        frequency_scale: float = 0.1,
        factor: float = 1.0,
        seed: Seed = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        shape = checked_size(columns, "columns"), checked_size(frequencies, "frequencies")
        learnt = checked_count(size, "size", least=2) - 1
        self.frequency_scale = checked_positive(frequency_scale, "frequency_scale")
        self.factor, seed = checked_positive(factor, "factor"), seed_or_next(seed)
        drawn = self.frequency_scale * tf.random.stateless_normal(shape, key_of(seed, 0), dtype=dtype)
        phases = tf.random.stateless_uniform(shape, key_of(seed, 1), -math.pi, math.pi, dtype)
        weight = uniform_weights([*shape, learnt], seed, 2, inputs=frequencies, dtype=dtype)
        bias = uniform_weights([columns, learnt], seed, 3, inputs=frequencies, dtype=dtype)
        self.frequencies = tf.Variable(drawn / self.factor, name="frequencies")
        self.phases = tf.Variable(phases / self.factor, name="phases")
        self.weight = tf.Variable(weight / self.factor, name="weight")
        self.bias = tf.Variable(bias / self.factor, name="bias")

    def _vectors(self, x: tf.Tensor) -> tf.Tensor:
        variables = self.frequencies, self.phases, self.weight, self.bias
        return pbld_embeddings(x, *(self.factor * variable for variable in variables))

    def __repr__(self) -> str:
        columns, frequencies, learnt = self.weight.shape[-3:]
        return layer_line(self, f"{columns} -> {columns} · {learnt + 1}", f"frequencies={frequencies}")
