"""The epochs of rows that do not fit in memory: chunk after chunk, each by a compiled loop over its batches."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import NoReturn

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.nn.protocols import LossLike, MetricLike, OptimizerLike
from dnn.train.epoch import over_batches, step_multiply_adds, takes_epochs, train_step
from dnn.train.epochs import restore
from dnn.train.evaluate import means
from dnn.train.fit_state import AfterPiece, FitState
from dnn.train.members import members_of
from dnn.train.not_finite import UNKNOWN, NotFiniteError
from dnn.train.rows import Rows
from dnn.train.runtime import Program, is_small
from dnn.train.step_key import epoch_key
from dnn.train.stream import Stream
from dnn.train.variable_values import is_finite, read_values, variables_of, write_values
from dnn.train.workers import agreed, of_chief, own_rows, total, workers
from dnn.train.xla import GraphOrXla


def train_chunk(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Sequence[MetricLike],
    batch_size: int,
    divided: bool,
    rows: Rows,
    key: tf.Tensor,
    step: tf.Tensor,
    sums: tf.Tensor,
) -> tf.Tensor:
    """Take a step for each batch of rows that follow each other, and return the sums of the epoch so far.

    Args:
        batch_size: rows of a batch, of all workers; those that remain are one more.
        divided: whether the rows are those of this worker alone, and a batch of them is its share.
        key: int32[2], (seed, epoch).
        step: int32, the number of the first step in the epoch, from 0.
        sums: float64[1 + metrics + 1], of the rows before; the last is their number.
    """
    rows_of_batch = batch_size // workers().size if divided else batch_size

    def take(first: tf.Tensor, size: int, optimizer: OptimizerLike) -> tf.Tensor:
        number = tf.reshape(step + first // rows_of_batch, [1])
        batch, its_key = rows.between(first, size), tf.concat([key, number], axis=0)
        return train_step(model, loss, optimizer, metrics, batch if divided else own_rows(batch), its_key)

    whole, remainder = divmod(rows.x.shape[0], rows_of_batch)
    figures = over_batches(optimizer, take, rows_of_batch, tf.constant(0), whole, remainder, of_chief(sums[:-1]))
    number = rows.x.shape[0] if rows.counted is None else tf.math.count_nonzero(rows.counted)
    counted = tf.cast(number, tf.float64)
    counted = of_chief(sums[-1]) + (counted if divided else of_chief(counted))
    return total(tf.concat([figures, [counted]], axis=0))


def chunk_program(
    model: tf.Module,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: tuple[MetricLike, ...],
    batch_size: int,
    specs: Rows,
    *,
    divided: bool = False,
) -> Program:
    """Return what to trace for (rows, key, step, sums), as `train_chunk` takes them.

    Raises:
        ValueError: If the optimizer takes whole epochs.
    """
    if takes_epochs(optimizer):
        raise ValueError(f"{optimizer!r} takes whole epochs of arrays; for a dataset use dnn.Adam or another")
    one_thread = not workers().devices and is_small(step_multiply_adds(model, batch_size, optimizer))
    more = tf.TensorSpec([2], tf.int32), tf.TensorSpec([], tf.int32), tf.TensorSpec([2 + len(metrics)], tf.float64)
    constants = model, loss, optimizer, metrics, batch_size, divided
    return Program(train_chunk, constants, (specs, *more), one_thread, workers())


class StreamTrainer:
    """Trains an epoch of a stream, as `dnn.train.epochs.EpochTrainer` does one of arrays.

    Args:
        traced: Returns what runs a program, as a graph or under XLA.
        program: Of the first chunk.
        stream: Of the rows.
        seed: Of the orders and of what the model draws.
        on_nan: What a loss or a variable that is not finite does, as in `fit`.
    """

    def __init__(
        self,
        traced: Callable[[Program], GraphOrXla],
        program: Program,
        stream: Stream,
        metrics: Mapping[str, MetricLike],
        *,
        seed: int,
        on_nan: str,
    ) -> None:
        self.program, self.stream, self.metrics, self.seed, self.on_nan = program, stream, metrics, seed, on_nan
        self.model, _, self.optimizer, _, _, _ = program.constants
        self.of = cache(lambda specs: self._told(traced(program._replace(specs=(specs, *program.specs[1:])))))
        self.programs = [self.of(stream.specs)]
        self.steps = self.last_steps = 0

    def _told(self, run: GraphOrXla) -> GraphOrXla:
        run.unit = "chunks of rows"
        return run

    @property
    def variables(self) -> list[tf.Variable]:
        """The variables that an epoch computes with."""
        return list(self.programs[0].variables)

    def train(self, state: FitState, after_piece: AfterPiece) -> dict[str, float]:
        """Train the epoch that follows, or what is left of it; tell `after_piece` of each chunk but the last."""
        if isinstance(self.optimizer, SkipNotFinite) and state.step == 0:
            self.optimizer.skipped_in_epoch.assign([0, 0])
        key = epoch_key(self.seed, state.epoch)
        chunks = self.stream.chunks(self.seed, state.epoch, state.step * self.stream.batch)
        following = next(chunks, None)
        while following is not None:
            chunk, following = following, next(chunks, None)
            self._train(chunk, state, key)
            if following is not None and after_piece(state, self.last_steps):
                state.ended = True
                break
        self.steps = state.step
        record = self.so_far(state)
        if self.on_nan == "skip" and not math.isfinite(record["loss"]):
            self._fail(state, UNKNOWN, "the weights from before that epoch, since each of its steps was left out")
        state.step, state.sums = 0, None
        return record

    def _fail(self, state: FitState, place: str, kept: str) -> NoReturn:
        """Give the model the best weights that are known. Raises: NotFiniteError."""
        if state.history.best_weights:
            restore(self.model, state.history.best_weights)
            kept = f"the weights of epoch {state.history.best_epoch}, the best"
        skips = self.on_nan == "skip"
        raise NotFiniteError(state.epoch, None, place, kept, state.history, skips=skips)

    def so_far(self, state: FitState) -> dict[str, float]:
        """Return the means of the epoch that is under way, over the rows so far."""
        assert state.sums is not None
        sums, count = state.sums[:-1], int(state.sums[-1]) * members_of(self.model)
        if not isinstance(self.optimizer, SkipNotFinite):
            return means(sums, self.metrics, count)
        steps, skipped_rows = map(int, self.optimizer.skipped_in_epoch.numpy())
        return means(sums, self.metrics, count - skipped_rows) | {"skipped": steps}

    def _train(self, chunk: Rows, state: FitState, key: npt.NDArray[np.int32]) -> None:
        """Train a chunk; the state's sums then end with the number of rows that they count."""
        sums = np.zeros(2 + len(self.metrics)) if state.sums is None else state.sums
        variables = [*self.model.variables, *variables_of(self.optimizer)] if self.on_nan == "stop" else []
        before = read_values(variables)
        state.sums = self.of(chunk.specs)(state.chunks + 1, chunk, key, np.int32(state.step), sums).numpy()
        state.chunks += 1
        pairs = zip(before, read_values(variables), strict=True)  # what was not finite before is not looked at
        finite = math.isfinite(state.sums[0]) and all(is_finite(now) for was, now in pairs if is_finite(was))
        if self.on_nan == "stop" and agreed(not finite):
            write_values(variables, before)
            self._fail(
                state, f"{UNKNOWN}, in the steps from {state.step + 1} on", "the weights from before these steps"
            )
        self.last_steps = math.ceil(chunk.x.shape[0] / self.stream.batch)
        state.step, state.piece = state.step + self.last_steps, self.last_steps
