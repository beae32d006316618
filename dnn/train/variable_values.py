"""The values of variables: read at once, put back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.modules import local_variable, once
from dnn.nn.protocols import OptimizerLike


def variables_of(optimizer: OptimizerLike) -> list[tf.Variable]:
    """Return all variables of an optimizer: its parameters too."""
    own = list(optimizer.variables) if isinstance(optimizer, tf.Module) else []
    return once([*optimizer.parameters, *own])


def read_values(variables: Sequence[tf.Variable]) -> list[tf.Tensor]:
    """Return the values as they are now, without copying: TensorFlow copies one when its variable changes.

    The raw operation takes a third of the time of `read_value()`, which looks for tapes, devices and strategies.
    """
    return [tf.raw_ops.ReadVariableOp(resource=local_variable(each).handle, dtype=each.dtype) for each in variables]


def write_values(variables: Sequence[tf.Variable], values: Sequence[Any]) -> None:
    """Assign what `read_values` returned."""
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def joined(values: Sequence[Any]) -> tf.Tensor:
    """Return the numbers of variables or tensors of one dtype, one after the other."""
    return tf.concat([tf.reshape(value, [-1]) for value in values], axis=0)


def parted(vector: tf.Tensor, like: Sequence[Any]) -> list[tf.Tensor]:
    """Return what `joined` has joined, in the shapes that it had."""
    parts = tf.split(vector, [each.shape.num_elements() for each in like])
    return [tf.reshape(part, each.shape) for part, each in zip(parts, like, strict=True)]


@contextmanager
def restored(variables: Sequence[tf.Variable]) -> Iterator[None]:
    """Put back the variables' values at the end of the block."""
    values = read_values(variables)
    try:
        yield
    finally:
        write_values(variables, values)


def is_finite(value: tf.Tensor) -> bool:
    """Whether it has neither a NaN nor an infinity; integers have none."""
    return not value.dtype.is_floating or bool(np.isfinite(value.numpy()).all())
