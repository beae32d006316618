"""A step that is taken, or leaves all variables as they were: where its loss or a gradient is not finite."""

from collections.abc import Sequence
from typing import TypeAlias

import tensorflow as tf

from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.nn.protocols import OptimizerLike
from dnn.train.rows import Rows

Kept: TypeAlias = list[tuple[tf.Variable, tf.Tensor]]
"""Variables, each with a value that it had."""


def step_or_nothing(
    optimizer: SkipNotFinite, gradients: Sequence[tf.Tensor], sums: tf.Tensor, batch: Rows, before: Kept
) -> tf.Tensor:
    """Take a step if its loss and gradients are finite, and return its sums; else 0, and all variables as before."""
    rows = batch.y.shape[0] if batch.counted is None else tf.math.count_nonzero(batch.counted)
    taken = optimizer.apply_if(tf.math.is_finite(sums[0]), gradients, rows)
    for variable, value in before:
        variable.assign(tf.where(taken, variable, value))
    return tf.where(taken, sums, tf.zeros_like(sums))


def untrained(model: tf.Module, optimizer: OptimizerLike) -> Kept:
    """Return the model's variables that the optimizer does not train, each with its value now."""
    trained = {id(parameter) for parameter in optimizer.parameters}
    return [(v, tf.identity(v)) for v in model.variables if id(v) not in trained]
