"""What TensorFlow makes of a training step: its graph, XLA's kernels, and how long each operation takes."""

import time
from typing import NamedTuple

import tensorflow as tf

from dnn.inspection.fusions import XlaProgram, xla_program
from dnn.inspection.graph_operations import GraphOperation, graph_operations
from dnn.inspection.timeline import StepTimes, step_times
from dnn.inspection.traced_step import trace_step
from dnn.nn.protocols import LossLike, OptimizerLike
from dnn.train.variable_values import restored, variables_of

SHORT_STEP = 1_000_000  # numbers that are multiplied in a step, up to which an epoch of many steps is soon over


class GraphRecord(NamedTuple):
    """The operations of the graph, XLA's program, the times, the rows of the step, and the seconds all this took."""

    operations: list[GraphOperation]
    xla: XlaProgram
    times: StepTimes
    rows: int
    seconds: float


def record_graph(
    model: tf.Module, loss: LossLike, optimizer: OptimizerLike, x: tf.Tensor, y: tf.Tensor, seed: int
) -> GraphRecord:
    """Trace a step as `fit` does, compile it with XLA, run it under the profiler; then put back what it changed.

    Args:
        model: the model.
        loss: the loss.
        optimizer: of the model's variables.
        x: float[rows, features].
        y: labels or targets.
        seed: that of `fit`.

    Returns:
        The record.

    Raises:
        ValueError: If `fit` would refuse the rows.
    """
    start = time.perf_counter()
    work = int(x.shape[0]) * sum(int(tf.size(parameter)) for parameter in optimizer.parameters)
    with restored([*model.variables, *variables_of(optimizer)]):
        step = trace_step(model, loss, optimizer, x, y, seed, steps=64 if work < SHORT_STEP else 8)
        operations = graph_operations(step.compiled)
        xla = xla_program(step)
        times = step_times(step, operations)
    return GraphRecord(operations, xla, times, int(x.shape[0]), time.perf_counter() - start)
