"""Quantile transform: a number becomes the share of the training rows below it, or that share's normal quantile.

So the order of the values counts and not their distances: long tails and wild cells cannot dominate.
The numbers are those of scikit-learn's QuantileTransformer. All is built of ops that ONNX has too.
"""

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.normal_quantile import normal_quantile
from dnn.data.scale import Matrix, Scale, ScaleLearner, TensorOrArray, learnt_variable, training_rows

FARTHEST = 1e-7  # of a share from 0 or 1 before its normal quantile is taken: ±5.2 at most, as in scikit-learn


class Quantile(Scale):
    """The share of the training rows below a number, in [0, 1], or the normal quantile of that share, in ±5.2.

    Between the stored quantiles it is linear; a number that many training rows have gets the middle of their shares,
    the least one 0 and the greatest one 1. A column that is constant in the training rows becomes 0.

    Args:
        quantiles: float64[columns, quantiles], evenly spaced ones of the training rows from the least value to the
            greatest, not decreasing; at least 2.
        normal: Whether the result is the normal quantile of the share, which suits a network, or the share itself.

    Raises:
        ValueError: If the quantiles are not a matrix of numbers that do not decrease along a row.

    Example:
        >>> Quantile([[0.0, 10.0, 40.0]], normal=False)(np.array([[-9.0], [5.0], [40.0]])).numpy()
        array([[0.  ],
               [0.25],
               [1.  ]])
    """

    def __init__(self, quantiles: npt.ArrayLike, *, normal: bool = True) -> None:
        super().__init__()
        array = np.asarray(quantiles, np.float64)
        if array.ndim != 2 or array.shape[1] < 2 or not (np.diff(array) >= 0).all() or not np.isfinite(array).all():
            raise ValueError(f"quantiles must be [columns, 2 or more], not decreasing, got {quantiles!r}")
        self.quantiles, self.normal = learnt_variable(array), bool(normal)

    @classmethod
    def learn(cls, x: Matrix) -> "Quantile":
        """Learn up to 1,000 quantiles of each column, for the normal output; `learner` has the choices.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The transform of these rows.
        """
        return _learnt_quantiles(x, count=1_000, normal=True)

    @classmethod
    def learner(cls, count: int = 1_000, *, normal: bool = True) -> ScaleLearner:
        """Return what learns the quantiles from the training rows, for `Features(columns, scale=…)`.

        Args:
            count: How many quantiles of a column are kept, at most as many as there are rows, at least 2.
            normal: As in the constructor.

        Returns:
            A function from float64[rows, columns] to the transform.

        Raises:
            ValueError: If `count` is not an integer of 2 or more.
        """
        if isinstance(count, bool) or not isinstance(count, int | np.integer) or count < 2:
            raise ValueError(f"count must be an integer of 2 or more, got {count!r}")
        return partial(_learnt_quantiles, count=int(count), normal=normal)

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Transform rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns].
        """
        x = self._rows(x)
        least, greatest = self.quantiles[:, 0], self.quantiles[:, -1]
        share = (_share(x, self.quantiles, tf.less_equal) + _share(x, self.quantiles, tf.less)) / 2
        share = tf.where(x >= greatest, tf.ones_like(x), tf.where(x <= least, tf.zeros_like(x), share))
        share = tf.where(tf.math.is_nan(x), x, share)
        result = normal_quantile(tf.clip_by_value(share, FARTHEST, 1 - FARTHEST)) if self.normal else share
        return tf.where(tf.logical_and(least == greatest, share == share), tf.zeros_like(x), result)

    def fits(self, columns: int) -> bool:
        """Return whether it was learnt from this number of columns.

        Args:
            columns: Number of columns.

        Returns:
            True if there are quantiles of each.
        """
        return bool(self.quantiles.shape[0] == columns)

    def state(self) -> dict[str, Any]:
        """Return what was learnt.

        Returns:
            The quantiles of each column and which output is chosen, for JSON.
        """
        return {"quantiles": self.quantiles.numpy().tolist(), "normal": self.normal}


def _share(x: tf.Tensor, quantiles: tf.Tensor, compare: Any) -> tf.Tensor:
    """Return where x is between the last quantile that is below it, or not above it, and the next one; in [0, 1]."""
    last = quantiles.shape[1] - 1
    table = tf.reshape(quantiles, [-1])
    begin = tf.range(quantiles.shape[0]) * (last + 1)  # of each column in the table
    below = tf.zeros_like(x, tf.int32)
    for step in _halving_steps(last):
        further = tf.minimum(below + step, last - 1)
        below = tf.where(compare(tf.gather(table, begin + further), x), further, below)
    low, high = tf.gather(table, begin + below), tf.gather(table, begin + below + 1)
    within = tf.clip_by_value(tf.math.divide_no_nan(x - low, high - low), 0, 1)
    return (tf.cast(below, x.dtype) + within) / last


def _halving_steps(length: int) -> Sequence[int]:
    """Return the steps of a binary search: powers of two, decreasing, with a sum of at least length − 1."""
    return [1 << exponent for exponent in reversed(range(length.bit_length()))]


def _learnt_quantiles(x: Matrix, *, count: int, normal: bool) -> Quantile:
    x = training_rows(x)
    shares = np.linspace(0, 1, max(2, min(count, len(x))))
    quantiles = np.percentile(x, 100 * shares, axis=0).T.reshape(x.shape[1], len(shares))  # rounded as scikit-learn's
    return Quantile(np.maximum.accumulate(quantiles, axis=1), normal=normal)  # which rounding may undo
