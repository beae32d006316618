"""The training step as `fit` compiles it: traced into a graph, with the rows that it is run on."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dnn.nn.protocols import LossLike, OptimizerLike
from dnn.train.border import checked_data
from dnn.train.epoch import takes_epochs, train_step, training_program
from dnn.train.rows import Rows
from dnn.train.runtime import Compiled, Program, trace


class TracedStep(NamedTuple):
    """A step's program and graph, what they are called with, and the program of an epoch of `fit` with the same step.

    steps: how many steps such an epoch takes, on copies of the rows.
    """

    program: Program
    compiled: Compiled
    arguments: tuple[Any, ...]
    epoch: Program
    epoch_arguments: tuple[Any, ...]
    steps: int

    def run(self) -> None:
        """Take the step, and wait for its end."""
        self.compiled(*self.arguments).numpy()


def trace_step(
    model: tf.Module, loss: LossLike, optimizer: OptimizerLike, x: tf.Tensor, y: tf.Tensor, seed: int, *, steps: int
) -> TracedStep:
    """Trace one training step on these rows.

    That is `train_step`, the body of the loop that `fit` compiles; for an optimizer that takes the steps of an epoch
    itself, such as `MlpAdam`, its epoch of one step.

    Args:
        model: the model.
        loss: the loss.
        optimizer: of the model's variables.
        x: float[rows, features].
        y: labels or targets; as in `fit`, integers become int32.
        seed: that of `fit`.
        steps: of the epoch beside it.

    Returns:
        The traced step.
    """
    rows = checked_data(model, (x.numpy(), y.numpy()), "data")
    size = int(rows.x.shape[0])
    one, many = (_epoch_arguments(rows, seed, count) for count in (1, steps))
    epoch = training_program(model, loss, optimizer, (), size, many[0].specs)
    arguments: tuple[Any, ...] = one
    program = training_program(model, loss, optimizer, (), size, rows.specs)
    if not takes_epochs(optimizer):
        program = Program(train_step, (model, loss, optimizer, ()), (rows.specs, tf.TensorSpec([3], tf.int32)))
        arguments = rows, tf.constant([seed % 2**31, 1, 0], tf.int32)
    return TracedStep(program, trace(program), arguments, epoch, many, steps)


def _epoch_arguments(rows: Rows, seed: int, steps: int) -> tuple[Rows, tf.Tensor, tf.Tensor]:
    """Return copies of the rows, their order, and the key, as `train_epoch` takes them."""
    copies = rows.at(tf.constant(np.tile(np.arange(rows.x.shape[0]), steps)))
    return copies, tf.range(copies.x.shape[0]), tf.constant([seed % 2**31, 1], tf.int32)
