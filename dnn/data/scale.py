"""What the scales share: each is learnt from the training rows, and turns float64[rows, columns] into its own numbers.

A scale may return another number of columns than it was given, as the piecewise-linear encoding does: `names` says
what each of them is.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

Matrix: TypeAlias = npt.NDArray[np.float64]
TensorOrArray: TypeAlias = tf.Tensor | npt.NDArray[Any]
ScaleLearner: TypeAlias = Callable[[Matrix], Callable[[tf.Tensor], tf.Tensor]]
"""Learns from float64[rows, columns]; what it returns takes a float64[rows, columns] and returns float64[rows, any]."""


class Scale(tf.Module):
    """A scale of the package: what it learnt are variables, or what its own `state` returns.

    The constructor takes what `state` returns, by name.
    """

    @classmethod
    def learn(cls, x: Matrix) -> "Scale":
        """Learn from the training rows.

        Args:
            x: float64[rows, columns], the training rows.

        Returns:
            The scale of these rows.

        Raises:
            NotImplementedError: If a scale is not learnt so.
        """
        raise NotImplementedError

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Scale rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, names].

        Raises:
            NotImplementedError: Here; each scale has its own.
        """
        raise NotImplementedError

    def names(self, columns: Sequence[str]) -> list[str]:
        """Return what each column of the result is.

        Args:
            columns: Names of the columns that it scales.

        Returns:
            A name for each column of the result; the same names, unless a scale says otherwise.
        """
        return list(columns)

    def fits(self, columns: int) -> bool:
        """Return whether it was learnt from this number of columns.

        Args:
            columns: Number of columns.

        Returns:
            True if what it learnt has a value for each, or is one value for all.
        """
        return all(value.shape == [columns] for value in self._learnt().values() if value.shape.rank)

    def state(self) -> dict[str, Any]:
        """Return what was learnt.

        Returns:
            Plain lists and numbers, for JSON.
        """
        return {name: value.numpy().tolist() for name, value in self._learnt().items()}

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again, for pickle and copy."""
        return _remade_scale, (type(self), self.state())

    def _rows(self, x: TensorOrArray) -> tf.Tensor:
        """Return x as a tensor [rows, columns], as many columns as it was learnt from. Raises: ValueError."""
        return rows_of_columns(x, next((value.shape[0] for value in self._learnt().values() if value.shape.rank), None))

    def _learnt(self) -> Mapping[str, tf.Variable]:
        return {name: value for name, value in vars(self).items() if isinstance(value, tf.Variable)}


def rows_of_columns(x: TensorOrArray, columns: int | None = None) -> tf.Tensor:
    """Return x as a tensor [rows, columns]; ValueError for another shape, which would broadcast to wrong numbers.

    columns: As many as were learnt. None: any.
    """
    rows: tf.Tensor = x if tf.is_tensor(x) else tf.convert_to_tensor(np.asarray(x), tf.float64)
    if not rows.shape.is_compatible_with([None, columns]):
        raise ValueError(
            f"x must be [rows, {'columns' if columns is None else columns}], got shape {rows.shape}"
            f"{'; one row is x[np.newaxis]' if rows.shape.rank == 1 else ''}"
        )
    return rows


def training_rows(x: Matrix) -> Matrix:
    """Return the rows that a scale learns from; ValueError if they are not [rows, columns], with a row at least."""
    if np.ndim(x) != 2 or not len(x):
        raise ValueError(f"x must be [rows, columns], with a row at least, got shape {np.shape(x)}")
    return np.asarray(x)


def learnt_variable(value: npt.ArrayLike) -> tf.Variable:
    """Return float64 numbers as a variable that training does not change."""
    return tf.Variable(value, trainable=False, dtype=tf.float64)


def _remade_scale(scale: type[Scale], state: Mapping[str, Any]) -> Scale:
    return scale(**state)
