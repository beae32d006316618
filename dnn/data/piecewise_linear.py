"""Piecewise-linear encoding: a number becomes how far it has come through each of a few bins.

Source: Y. Gorishniy, I. Rubachev, A. Babenko, "On Embeddings for Numerical Features in Tabular Deep Learning",
NeurIPS 2022, equation 1; the edges are those of its section 3.2.1, quantiles, or of 3.2.2, a tree's splits.
"""

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.bin_edges import checked_edges, quantile_edges, short_numbers, tree_edges
from dnn.data.scale import Matrix, Scale, ScaleLearner, TensorOrArray, learnt_variable, rows_of_columns, training_rows


def piecewise_linear(x: TensorOrArray, lower: TensorOrArray, upper: TensorOrArray) -> tf.Tensor:
    """Compute e = clip((x − lower) / (upper − lower), 0, 1): 0 below the bin, 1 above it, linear within. NaN stays NaN.

    Args:
        x: float[...].
        lower: Lower edge of the bin, of a shape that broadcasts with x.
        upper: Upper edge of the bin, > lower.

    Returns:
        float[...] in [0, 1], of the dtype of x.
    """
    return tf.clip_by_value((x - lower) / (upper - lower), 0, 1)


class PiecewiseLinear(Scale):
    """One column for each bin of each number: with edges b₀ < … < b_T, e_t = clip((x − b_{t−1})/(b_t − b_{t−1}), 0, 1).

    A number in bin t is [1, …, 1, e_t, 0, …, 0]. So Σ e_t (b_t − b_{t−1}) = x − b₀ within the edges, and one layer
    on top can learn any function of a column that is linear in each bin. A column without two edges, being constant in
    the training rows, has no bin and gives no column.

    The paper's equation clips e₁ above only and e_T below only, so that numbers beyond those of training go on in a
    line: that is `extrapolate=True`, and what rtdl_num_embeddings does. By default such a number counts as the
    outermost edge, so that one wild cell cannot drive the network. In the training rows both are the same.

    Args:
        edges: For each column the edges of its bins, increasing; none or one for no bin.
        extrapolate: Whether numbers beyond the edges continue the outermost bin's line, as in the paper.

    Raises:
        ValueError: If edges are not finite or not increasing.

    Example:
        >>> scale = PiecewiseLinear([[0.0, 10.0, 30.0]])
        >>> scale(np.array([[5.0], [20.0], [99.0]])).numpy()
        array([[0.5, 0. ],
               [1. , 0.5],
               [1. , 1. ]])
        >>> scale.names(["age"])
        ['age[0, 10)', 'age[10, 30]']
    """

    def __init__(self, edges: Sequence[npt.ArrayLike], *, extrapolate: bool = False) -> None:
        super().__init__()
        checked = [checked_edges(of_column, f"edges[{index}]") for index, of_column in enumerate(edges)]
        bins = [(index, *pair) for index, of_column in enumerate(checked) for pair in pairwise(of_column)]
        column, lower, upper = np.array(bins, np.float64).reshape(-1, 3).T
        self.columns, self.extrapolate = len(checked), bool(extrapolate)
        self.column = tf.Variable(column, trainable=False, dtype=tf.int32)  # of each bin
        self.lower, self.upper = learnt_variable(lower), learnt_variable(upper)

    @classmethod
    def learn(cls, x: Matrix) -> "PiecewiseLinear":
        """Learn eight bins for each column, from quantiles; `learner` has the choices.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The encoding of these rows.
        """
        return cls([quantile_edges(column, 8) for column in training_rows(x).T])

    @classmethod
    def learner(
        cls, bins: int = 8, *, target: npt.ArrayLike | None = None, regression: bool = False, extrapolate: bool = False
    ) -> ScaleLearner:
        """Return what learns the edges from the training rows, for `Features(columns, scale=…)`.

        Args:
            bins: Most bins of a column, >= 1. On small tables more of them overfit.
            target: [rows], what is to be predicted in the training rows: then the edges are the splits of a decision
                tree on the column, for which scikit-learn must be installed. None: quantiles.
            regression: Whether the target is amounts, and not classes.
            extrapolate: As in the constructor.

        Returns:
            A function from float64[rows, columns] to the encoding.

        Raises:
            ValueError: If `bins` is not a positive integer.
        """
        quantile_edges(np.zeros(1), bins)  # refuses a wrong number of bins now, not when the data are there
        return partial(_learnt_encoding, bins=bins, target=target, regression=regression, extrapolate=extrapolate)

    @property
    def edges(self) -> list[list[float]]:
        """The edges of each column; none for a constant one."""
        column, lower, upper = self.column.numpy(), self.lower.numpy(), self.upper.numpy()
        bins = [column == index for index in range(self.columns)]
        return [[*lower[own].tolist(), *upper[own][-1:].tolist()] for own in bins]

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Encode rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, bins of all columns].
        """
        x = tf.gather(rows_of_columns(x, self.columns), self.column, axis=1)  # [rows, bins]
        if not self.extrapolate:
            return piecewise_linear(x, self.lower, self.upper)
        first, last = _outermost(self.column)
        e = (x - self.lower) / (self.upper - self.lower)
        e = tf.where(first, e, tf.maximum(e, 0))
        return tf.where(last, e, tf.minimum(e, 1))

    def names(self, columns: Sequence[str]) -> list[str]:
        """Return the bin that each column of the result stands for.

        Args:
            columns: Names of the columns that it encodes.

        Returns:
            Names such as "age[18, 31)".
        """
        names = []
        for name, edges in zip(columns, self.edges, strict=True):
            spans = [f"{name}[{low}, {high})" for low, high in pairwise(short_numbers(edges))]
            names += [*spans[:-1], *(f"{last[:-1]}]" for last in spans[-1:])]
        return names

    def fits(self, columns: int) -> bool:
        """Return whether it was learnt from this number of columns.

        Args:
            columns: Number of columns.

        Returns:
            True if there are as many lists of edges.
        """
        return self.columns == columns

    def state(self) -> dict[str, object]:
        """Return what was learnt.

        Returns:
            The edges of each column and whether it extrapolates, for JSON.
        """
        return {"edges": self.edges, "extrapolate": self.extrapolate}


def _learnt_encoding(
    x: Matrix, *, bins: int, target: npt.ArrayLike | None, regression: bool, extrapolate: bool
) -> PiecewiseLinear:
    x = training_rows(x)
    if target is None:
        edges = [quantile_edges(column, bins) for column in x.T]
    else:
        edges = [tree_edges(column, target, bins, regression=regression) for column in x.T]
    return PiecewiseLinear(edges, extrapolate=extrapolate)


def _outermost(column: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return which bins are the first, and which are the last, of their column: two bool[bins]."""
    differs, ends = column[1:] != column[:-1], tf.ones(tf.minimum(tf.size(column), 1), tf.bool)
    return tf.concat([ends, differs], axis=0), tf.concat([differs, ends], axis=0)
