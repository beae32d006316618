"""The article's four ways to bring numbers to one scale, each a formula and its memory.

x: float64[rows, columns] throughout. What a module remembers it learnt from the training rows (`learn`) and holds
as variables, so the same module runs in training and inside an exported model.
Source: J. Brownlee, "How to Prepare Your Data for Machine Learning in Python with Scikit-Learn", 2016; on the
training rows the results are scikit-learn's, but for a column constant to within rounding, which it makes 0 too. In
rows that come later a constant column stays 0 here, where scikit-learn gives x − minimum or x − mean.
"""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.scale import Matrix, Scale, TensorOrArray, learnt_variable, training_rows


def rescale(x: TensorOrArray, minimum: TensorOrArray, maximum: TensorOrArray) -> tf.Tensor:
    """(x − minimum) / (maximum − minimum): the training rows fill [0, 1]. A constant column becomes 0."""
    return tf.math.divide_no_nan(x - minimum, maximum - minimum)


def standardize(x: TensorOrArray, mean: TensorOrArray, deviation: TensorOrArray) -> tf.Tensor:
    """(x − mean) / deviation: the training rows have mean 0 and variance 1. A constant column becomes 0."""
    return tf.math.divide_no_nan(x - mean, deviation)


def normalize(x: TensorOrArray) -> tf.Tensor:
    """x / ‖x‖₂, row by row: every row has length 1. A row of zeros stays zero."""
    largest = tf.reduce_max(tf.abs(x), axis=1, keepdims=True)  # divided out first, so that no square overflows
    x = tf.math.divide_no_nan(x, largest)
    return tf.math.divide_no_nan(x, tf.norm(x, axis=1, keepdims=True))


def binarize(x: tf.Tensor, threshold: TensorOrArray) -> tf.Tensor:
    """1 where x > threshold, else 0."""
    return tf.cast(x > threshold, x.dtype)


def deviations(x: Matrix) -> npt.NDArray[np.float64]:
    """Return x.std(axis=0); where each column is in one piece, without a copy of them all, which NumPy makes."""
    return np.array([column.std() for column in x.T]) if x.flags.f_contiguous else x.std(axis=0)


class Rescale(Scale):
    """(x − minimum) / (maximum − minimum), column by column: the training rows fill [0, 1].

    A column that is constant in the training rows becomes 0, in later rows too, where scikit-learn's MinMaxScaler
    gives x − minimum.

    Args:
        minimum: float64[columns], the least value of each training column.
        maximum: float64[columns], the greatest value of each training column.

    Example:
        >>> Rescale.learn(np.array([[1.0], [3.0]]))(np.array([[2.0]])).numpy()
        array([[0.5]])
    """

    def __init__(self, minimum: npt.ArrayLike, maximum: npt.ArrayLike) -> None:
        super().__init__()
        self.minimum = learnt_variable(minimum)
        self.maximum = learnt_variable(maximum)

    @classmethod
    def learn(cls, x: Matrix) -> "Rescale":
        """Learn the least and the greatest value of each column.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of these rows.

        Raises:
            ValueError: If x is not [rows, columns], or has no rows.
        """
        x = training_rows(x)
        return cls(x.min(axis=0), x.max(axis=0))

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Rescale rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns].

        Raises:
            ValueError: If x is not [rows, columns], of as many columns as it learnt from.
        """
        return rescale(self._rows(x), self.minimum, self.maximum)


class Standardize(Scale):
    """(x − mean) / deviation, column by column: the training rows have mean 0 and variance 1.

    deviation = √(Σ(x − mean)²/rows). A column that is constant in the training rows becomes 0, in later rows too,
    where scikit-learn's StandardScaler gives x − mean.

    Args:
        mean: float64[columns], the mean of each training column.
        deviation: float64[columns], the standard deviation of each training column, 0 if it is constant.

    Example:
        >>> Standardize.learn(np.array([[1.0], [3.0]]))(np.array([[4.0]])).numpy()
        array([[2.]])
    """

    def __init__(self, mean: npt.ArrayLike, deviation: npt.ArrayLike) -> None:
        super().__init__()
        self.mean = learnt_variable(mean)
        self.deviation = learnt_variable(deviation)

    @classmethod
    def learn(cls, x: Matrix) -> "Standardize":
        """Learn the mean and the standard deviation of each column.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of these rows.

        Raises:
            ValueError: If x is not [rows, columns], or has no rows.
        """
        x = training_rows(x)
        constant = x.min(axis=0) == x.max(axis=0)  # whose computed deviation may be a rounding error, not 0
        return cls(x.mean(axis=0), np.where(constant, 0, deviations(x)))

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Standardize rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns].

        Raises:
            ValueError: If x is not [rows, columns], of as many columns as it learnt from.
        """
        return standardize(self._rows(x), self.mean, self.deviation)


class Normalize(Scale):
    """x / ‖x‖₂, row by row: every row has length 1. A row of zeros stays zero. There is nothing to learn.

    Example:
        >>> Normalize()(np.array([[3.0, 4.0]])).numpy()
        array([[0.6, 0.8]])
    """

    @classmethod
    def learn(cls, x: Matrix) -> "Normalize":
        """Learn nothing; the other scales have this method too.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of any rows.
        """
        return cls()

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Normalize rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns].

        Raises:
            ValueError: If x is not [rows, columns], of as many columns as it learnt from.
        """
        return normalize(self._rows(x))


class Binarize(Scale):
    """1 where x > threshold, else 0.

    Args:
        threshold: float64, one for all columns, or float64[columns], one for each.

    Example:
        >>> Binarize(0.5)(tf.constant([[0.5, 0.75]], tf.float64)).numpy()
        array([[0., 1.]])
    """

    def __init__(self, threshold: npt.ArrayLike) -> None:
        super().__init__()
        self.threshold = learnt_variable(threshold)

    @classmethod
    def learn(cls, x: Matrix) -> "Binarize":
        """Learn the mean of each column, as its threshold.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of these rows.

        Raises:
            ValueError: If x is not [rows, columns], or has no rows.
        """
        return cls(training_rows(x).mean(axis=0))

    def __call__(self, x: tf.Tensor) -> tf.Tensor:
        """Binarize rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, columns] of 0 and 1.

        Raises:
            ValueError: If x is not [rows, columns], of as many columns as it learnt from.
        """
        return binarize(self._rows(x), self.threshold)
