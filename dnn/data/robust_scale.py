"""Robust scale with smooth clipping: the middle half of a column gets the width 1, and no value leaves ±3.

So neither long tails nor a few wild cells decide how the other rows are spread.
Source: D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
Tabular Data" (RealMLP), NeurIPS 2024, section 3.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.scale import Matrix, Scale, TensorOrArray, learnt_variable, training_rows

LIMIT = 3.0  # of a number's magnitude after clipping, as in the paper


def smooth_clip(x: TensorOrArray, limit: float = LIMIT) -> tf.Tensor:
    """Compute x / √(1 + (x / limit)²): about x where |x| is small, and never beyond ±limit.

    Where |x| > limit it is computed as ±limit / √(1 + (limit / x)²), in which no square overflows.

    Args:
        x: float64, of any shape.
        limit: bound of the magnitude, > 0.

    Returns:
        A tensor of the shape of x; ±limit for ±∞.

    Example:
        >>> smooth_clip([0.0, 4.0, np.inf]).numpy().round(4).tolist()
        [0.0, 2.4, 3.0]
    """
    share = tf.convert_to_tensor(x, tf.float64) / limit
    large = tf.abs(share) > 1
    near = tf.where(large, tf.zeros_like(share), share)
    inverse = 1 / tf.where(large, share, tf.ones_like(share))
    return limit * tf.where(large, tf.sign(share) / tf.sqrt(1 + inverse**2), near / tf.sqrt(1 + near**2))


class RobustScale(Scale):
    """`smooth_clip` of (x − median) / spread, column by column.

    spread = q₃ − q₁, the distance of the quartiles; where that is 0, half the distance from the least value to the
    greatest. A column that is constant in the training rows becomes 0.

    Args:
        median: float64[columns], of each training column.
        spread: float64[columns], of each training column, >= 0; 0 if it is constant.

    Example:
        >>> RobustScale.learn(np.array([[0.0], [1.0], [2.0], [3.0], [90.0]]))(np.array([[2.0], [10.0]])).numpy()
        array([[0. ],
               [2.4]])
    """

    def __init__(self, median: npt.ArrayLike, spread: npt.ArrayLike) -> None:
        super().__init__()
        self.median = learnt_variable(median)
        self.spread = learnt_variable(spread)

    @classmethod
    def learn(cls, x: Matrix) -> "RobustScale":
        """Learn the median and the spread of each column.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of these rows.
        """
        x = training_rows(x)
        first, median, third = np.quantile(x, [0.25, 0.5, 0.75], axis=0)
        spread = third - first
        return cls(median, np.where(spread > 0, spread, x.max(axis=0) / 2 - x.min(axis=0) / 2))

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Scale rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns], each in [−3, 3].
        """
        return smooth_clip(tf.math.divide_no_nan(self._rows(x) - self.median, self.spread))
