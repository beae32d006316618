"""The rows that a loop goes over: inputs, targets, the weight of each row, and whether it counts at all."""

from typing import Any, NamedTuple

import tensorflow as tf


class Rows(NamedTuple):
    """Tensors that were checked, with one entry for each row; or the tf.TensorSpec of each, in the same order.

    x: float[rows, features]. y: int32[rows], or numbers [rows, …]. weights: float[rows], >= 0, or None: each is 1.
    counted: bool[rows], whether means count the row, or None: they count all.
    """

    x: Any
    y: Any
    weights: Any = None
    counted: Any = None

    def at(self, indices: tf.Tensor) -> "Rows":
        """Return the rows at these indices, int32[batch], in their order."""
        return Rows(*(None if part is None else tf.gather(part, indices) for part in self))

    def between(self, first: tf.Tensor, size: int) -> "Rows":
        """Return `size` rows from the first on."""
        return Rows(*(None if part is None else _between(part, first, size) for part in self))

    @property
    def specs(self) -> "Rows":
        """The shape and dtype of each part: what a compiled function is found again by."""
        return Rows(*(None if part is None else tf.TensorSpec(part.shape, part.dtype) for part in self))

    @property
    def counted_rows(self) -> int:
        """The number of rows that a mean is over. Eager tensors only: in a loop it is known before."""
        return self.x.shape[0] if self.counted is None else int(tf.math.count_nonzero(self.counted))


def part_of(order: tf.Tensor, first: tf.Tensor, size: int) -> tf.Tensor:
    """Return `size` rows of an order from the first on, int32[size], or int32[members, size] of several orders."""
    if len(order.shape) == 1:
        return tf.slice(order, [first], [size])
    return tf.slice(order, [0, first], [order.shape[0], size])


def _between(part: tf.Tensor, first: tf.Tensor, size: int) -> tf.Tensor:
    rest = part.shape[1:]
    return tf.slice(part, [first, *[0] * rest.rank], [size, *rest])
