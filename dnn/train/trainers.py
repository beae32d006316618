"""What trains the epochs of a fit: the program of its rows, traced as a graph, by XLA or in C++, and what runs it."""

import functools
import math
from collections.abc import Callable
from typing import Literal

from dnn.train.collected import metrics_of_rows
from dnn.train.epoch import step_multiply_adds, trace_training, training_program
from dnn.train.epochs import EpochTrainer
from dnn.train.members import members_of
from dnn.train.model_checks import check_told_of_training, check_training_variables
from dnn.train.native import is_whole, native_after, native_epochs
from dnn.train.not_finite import FiniteGuard
from dnn.train.runtime import Compiled, Program
from dnn.train.step_callbacks import FitObjects
from dnn.train.stream import Stream
from dnn.train.stream_epochs import StreamTrainer, chunk_program
from dnn.train.xla import GraphOrXla, epochs_before_xla


def program_of(objects: FitObjects) -> Program:
    """Return what to trace to train an epoch of arrays, or a chunk of a stream."""
    model, data, metrics = objects.model, objects.data, tuple(metrics_of_rows(objects.metrics).values())
    constants = model, objects.loss, objects.optimizer, metrics, objects.batch_size
    if isinstance(data, Stream):
        return chunk_program(*constants, data.specs, divided=data.divided)
    return training_program(*constants, data.specs)


def trainer_of(
    objects: FitObjects,
    program: Program,
    traced: Callable[[Program], GraphOrXla],
    guard: FiniteGuard | None,
    *,
    shuffle: bool,
    piece: int | None,
    on_nan: str,
) -> EpochTrainer | StreamTrainer:
    """Return what trains an epoch of the data: of arrays, or of a stream."""
    model, data, seed, metrics = objects.model, objects.data, objects.seed, metrics_of_rows(objects.metrics)
    if isinstance(data, Stream):
        return StreamTrainer(traced, program, data, metrics, seed=seed, on_nan=on_nan)
    return EpochTrainer(traced, program, model, data, metrics, seed=seed, shuffle=shuffle, piece=piece, guard=guard)


def traced_epochs(program: Program, prediction: Compiled, jit_compile: bool | Literal["auto", "native"]) -> GraphOrXla:
    """Return a training program as a graph that runs its epochs, after a while with XLA if that is "auto".

    Raises:
        ValueError: If what is traced would train other than the reader of the model thinks.
    """
    native = functools.partial(native_epochs, program)
    if jit_compile == "native" and is_whole(program):
        try:
            return GraphOrXla(native(), functools.partial(trace_training, program))
        except ValueError as error:
            raise ValueError(f"jit_compile='native': {error}") from error
    model, _, optimizer, _, batch_size = program.constants[:5]
    trace = functools.partial(trace_training, program)  # with XLA or without; found again by the next fit
    under_xla = jit_compile not in ("auto", "native") and bool(jit_compile)
    steps = math.ceil(program.specs[0].x.shape[0] / batch_size)
    work, members = step_multiply_adds(model, batch_size, optimizer), members_of(model)
    graph_epochs = epochs_before_xla(steps, batch_size, work, members) if jit_compile == "auto" else math.inf
    compiled = trace(under_xla)
    check_training_variables(model, optimizer, compiled)
    check_told_of_training(model, optimizer, compiled.training_calls, prediction.training_calls)
    runs = GraphOrXla(compiled, trace, under_xla=under_xla, graph_epochs=graph_epochs)
    if jit_compile == "auto" and is_whole(program):
        runs.go_native(native, native_after(program))
    return runs
