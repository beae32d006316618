"""Learnt embeddings on top of the piecewise-linear encoding: a linear layer for the bins of each column.

Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
NeurIPS 2022, equation 1 and section 3.4; version B: Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM", ICLR 2025.
"""

from collections.abc import Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_size
from dnn.nn.initializers import seed_or_next
from dnn.nn.modules import layer_line
from dnn.nn.numeric_embeddings import (
    ColumnEmbeddings,
    Seed,
    column_linear,
    linear_embeddings,
    over_rows,
    uniform_weights,
)
from dnn.nn.protocols import TensorLike


def padded_bins(x: TensorLike, lower: TensorLike, width: TensorLike, least: TensorLike, most: TensorLike) -> tf.Tensor:
    """Compute e = (x − lower) / width, not below `least` and not above `most`, for each bin of each column.

    With least = 0 and most = 1 that is the piecewise-linear encoding; the paper's equation has no least in the first
    bin of a column, and no most in the last one. Where a column has fewer bins than others, both are 0.

    Args:
        x: float[batch, columns].
        lower: float[columns, bins], lower edges.
        width: float[columns, bins], > 0.
        least: float[columns, bins].
        most: float[columns, bins].

    Returns:
        float[batch, columns, bins].
    """
    return tf.minimum(tf.maximum((tf.expand_dims(x, -1) - lower) / width, least), most)


class PiecewiseLinearEmbeddings(ColumnEmbeddings):
    """Give each column j the vector e_j · W_j + b_j, or relu of that, where e_j is its piecewise-linear encoding.

    Version "A" is the paper's: "Q-L" with bins from quantiles, "Q-LR" with activation, "T-…" with bins from a tree.
    Version "B", of TabM, adds x_j v_j + c_j and begins with W = 0 and without b: so it is linear at first, and bends
    as it learns; with activation W stays 0, since the derivative of relu at 0 is 0.

    Args:
        edges: for each column two or more increasing edges of its bins, in the unit of x: for example
            `dnn.quantile_edges(column, 8)` of the training rows.
        size: of the vector of a column, > 0.
        activation: whether relu follows e_j · W_j (+ b_j).
        version: "A" or "B".
        seed: int or pair of ints that the weights are drawn from. None: another one for each layer.
        dtype: floating dtype of the weights, and of x.

    Raises:
        ValueError: If edges are too few, not finite or not increasing, the size is not positive, or there is no such
            version.
        TypeError: If the size is not an integer.

    Example:
        >>> PiecewiseLinearEmbeddings([[0.0, 1.0, 3.0], [0.0, 1.0]], 4, activation=True)(tf.ones([5, 2])).shape
        TensorShape([5, 8])
    """

    def __init__(
        self,
        edges: Sequence[npt.ArrayLike],
        size: int,
        *,
        activation: bool,
        version: Literal["A", "B"] = "B",
        seed: Seed = None,
        dtype: tf.DType = tf.float32,
    ) -> None:
        super().__init__()
        if version not in ("A", "B"):
            raise ValueError(f"version must be 'A' or 'B', got {version!r}")
        self.edges = tuple(_increasing(column, f"edges[{index}]") for index, column in enumerate(edges))
        shape = checked_size(len(self.edges), "the number of columns"), checked_size(size, "size")
        self.activation, self.version = bool(activation), version
        bins, seed = max(map(len, self.edges)) - 1, seed_or_next(seed)
        weight = uniform_weights([shape[0], bins, size], seed, 0, inputs=bins, dtype=dtype)
        self.weight = tf.Variable(weight if version == "A" else tf.zeros_like(weight), name="weight")
        of_bias = bins if version == "A" else size
        self.bias = tf.Variable(uniform_weights(shape, seed, 1, inputs=of_bias, dtype=dtype), name="bias")
        linear = uniform_weights(shape, seed, 2, inputs=size, dtype=dtype)
        self.linear = tf.Variable(linear, name="linear") if version == "B" else None

    def _vectors(self, x: tf.Tensor) -> tf.Tensor:
        bins = [tf.constant(each, x.dtype) for each in _bins_of(self.edges)]
        encoded = column_linear(padded_bins(x, *bins), self.weight)
        if self.linear is None:
            return self._activated(encoded + over_rows(self.bias))
        return self._activated(encoded) + linear_embeddings(x, self.linear, self.bias)

    def __repr__(self) -> str:
        columns, bins, size = self.weight.shape[-3:]
        return layer_line(self, f"{columns} -> {columns} · {size}", f"bins={bins}", f"version={self.version!r}")


def _bins_of(edges: Sequence[Sequence[float]]) -> tuple[npt.NDArray[np.float64], ...]:
    """Return lower edge, width, least and most of each bin: float64[columns, bins], padded at the end."""
    lower, width, least, most = np.zeros([4, len(edges), max(map(len, edges)) - 1])
    width[:] = 1
    for column, of_column in enumerate(edges):
        bins = len(of_column) - 1
        lower[column, :bins], width[column, :bins] = of_column[:-1], np.diff(of_column)
        most[column, :bins] = 1
        least[column, 0], most[column, bins - 1] = -np.inf, np.inf
    return lower, width, least, most


def _increasing(edges: npt.ArrayLike, name: str) -> tuple[float, ...]:
    array = np.asarray(edges, np.float64)
    if array.ndim != 1 or len(array) < 2 or not np.isfinite(array).all() or not (np.diff(array) > 0).all():
        raise ValueError(f"{name} must be two or more increasing numbers, got {edges!r}")
    return tuple(array.tolist())
