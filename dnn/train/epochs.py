"""The epochs of a fit, one after the other: each in its own order, whole or in pieces, until a rule ends them."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.nn.protocols import MetricLike
from dnn.train.callbacks import CallbackLike, asks_to_stop
from dnn.train.drawn_ahead import DrawnAhead
from dnn.train.early_stopping import EarlyStopping, Progress, observe, over
from dnn.train.epoch import train_steps
from dnn.train.evaluate import means
from dnn.train.fit_state import AfterPiece, FitState, GuardLike, KeeperLike, Order, TrainerLike
from dnn.train.guarded_epoch import guarded_program
from dnn.train.history import History
from dnn.train.members import members_of, own_orders
from dnn.train.rows import Rows
from dnn.train.runtime import Program
from dnn.train.step_callbacks import tell_of_steps
from dnn.train.step_key import epoch_key
from dnn.train.workers import agreed
from dnn.train.xla import GraphOrXla


class EpochTrainer:
    """Trains an epoch, and returns its mean loss and metrics.

    Args:
        traced: Returns what runs a program, as a graph or under XLA.
        program: Of a whole epoch, as `dnn.train.epoch.training_program`.
        piece: Steps of a piece, between which the fit may be left; None: an epoch is one piece.
        guard: Is told of the beginning of an epoch, and looks at what came of it.
    """

    def __init__(
        self,
        traced: Callable[[Program], GraphOrXla],
        program: Program,
        model: tf.Module,
        rows: Rows,
        metrics: Mapping[str, MetricLike],
        *,
        seed: int,
        shuffle: bool,
        piece: int | None = None,
        guard: GuardLike | None = None,
    ) -> None:
        self.rows, self.metrics, self.seed = rows, metrics, seed
        self.total, self.count = rows.x.shape[0], rows.counted_rows * members_of(model)
        self.optimizer, self.guard = program.constants[2], guard
        self.batch_size = program.constants[4]
        self.steps = math.ceil(self.total / self.batch_size)
        self.orders = own_orders(model)
        draw = partial(epoch_orders, self.total, seed, orders=self.orders, shuffle=shuffle)
        self.order_of = DrawnAhead(draw, self.total * self.orders)
        self.piece = piece if piece and piece < self.steps else None
        self.last_steps = self._last_steps(self.piece)  # of the last piece
        self.native_after = math.inf  # epochs, from which on they are taken in C++, whole
        self.whole = cache(lambda: traced(guarded_program(program, guard.snapshot) if guard else program))
        self.part = cache(lambda steps, last: traced(part_program(program, steps, last)))
        self.programs = (
            [self.whole()] if self.piece is None else [self.part(self.piece, False), self.part(self.last_steps, True)]
        )

    def _last_steps(self, piece: int | None) -> int:
        """Return the steps of the last piece, without that of a shorter last batch."""
        steps = self.steps if piece is None else (self.steps - 1) % piece + 1
        return steps - bool(self.total % self.batch_size)

    @property
    def variables(self) -> list[tf.Variable]:
        """The variables that an epoch computes with, those of the guard's snapshot left out."""
        kept = set(map(id, self.guard.snapshot.kept)) if self.guard else set()
        found = (variable for program in self.programs for variable in program.variables)
        return list({id(variable): variable for variable in found if id(variable) not in kept}.values())

    def train(self, state: FitState, after_piece: AfterPiece) -> dict[str, float]:
        """Train the epoch that follows, or what is left of it; tell `after_piece` of each piece but the last."""
        epoch = state.epoch
        rows = self.rows, self.order_of(epoch), epoch_key(self.seed, epoch)
        if isinstance(self.optimizer, SkipNotFinite) and state.step == 0:
            self.optimizer.skipped_in_epoch.assign([0, 0])
        piece = state.piece if state.step else self.piece  # an epoch that was left goes on in the pieces it began in
        if piece and not state.step and epoch > self.native_after and self.whole().goes_native(epoch):
            piece = None  # as without checkpoints
        self.last_steps = self._last_steps(piece)
        if piece is None:
            return self._whole(state, rows)
        if self.guard:
            self.guard.note(state.step)
        while state.step + piece < self.steps:
            sums = self._part(self.part(piece, False), state, rows)
            if self.guard:
                self.guard.check_part(state, float(sums[0]), rows)
            state.sums = sums.numpy()
            state.step, state.piece = state.step + piece, piece
            if after_piece(state, piece):
                return self._broken_off(state)
        record = self._measured(self._part(self.part(self.last_steps, True), state, rows).numpy(), self.count)
        if self.guard:
            self.guard.check_part(state, record["loss"], rows)
        state.step, state.sums = 0, None
        return record

    def _whole(self, state: FitState, rows: Order) -> dict[str, float]:
        sums = self.whole()(state.epoch, *rows).numpy()
        record = self._measured(sums[: 1 + len(self.metrics)], self.count)
        if self.guard:
            self.guard.check_whole(state, record["loss"], bool(sums[-1]), rows)
        return record

    def so_far(self, state: FitState) -> dict[str, float]:
        """Return the means of the epoch that is under way, over the rows so far."""
        assert state.sums is not None  # a step was taken
        return self._measured(state.sums, self._counted_before(state))

    def _counted_before(self, state: FitState) -> int:
        """Return how many rows a mean counts of those before the step that follows."""
        rows = min(state.step * self.batch_size, self.total)
        if self.rows.counted is None:
            return rows * self.count // self.total
        order = self.order_of.draw(state.epoch)
        members = self.count // self.rows.counted_rows // self.orders
        return members * int(np.count_nonzero(self.rows.counted.numpy()[order[..., :rows]]))

    def _broken_off(self, state: FitState) -> dict[str, float]:
        record = self.so_far(state)
        state.step, state.sums, state.ended = 0, None, True
        return record

    def _measured(self, sums: npt.NDArray[np.float64], count: int) -> dict[str, float]:
        """Return the means over the steps that were taken, and how many were not if some may be."""
        if not isinstance(self.optimizer, SkipNotFinite):
            return means(sums, self.metrics, count)
        steps, skipped_rows = map(int, self.optimizer.skipped_in_epoch.numpy())
        return means(sums, self.metrics, count - skipped_rows) | {"skipped": steps}

    def _part(self, run: GraphOrXla, state: FitState, rows: Order) -> tf.Tensor:
        sums = np.zeros(1 + len(self.metrics)) if state.sums is None else state.sums
        return run(state.epoch, *rows, np.int32(state.step * self.batch_size), sums)


def run_epochs(
    trainer: TrainerLike,
    validate: Callable[[], dict[str, float]] | None,
    model: tf.Module,
    epochs: int,
    early_stopping: EarlyStopping | None,
    callbacks: Sequence[CallbackLike],
    keeper: KeeperLike | None = None,
) -> History:
    """Train and validate until early stopping or a callback ends it, or after the last epoch; return the history."""
    state = keeper.resumed() if keeper else FitState()
    while not state.ended and state.epoch <= epochs:
        train_and_observe(trainer, validate, model, state, early_stopping, callbacks, keeper)
        if keeper:
            keeper.after_epoch(state, trainer.last_steps, state.ended or state.epoch > epochs)
    history = state.history
    if history.best_weights:
        history.last_weights = weights_of(model)
        if early_stopping and early_stopping.restore_best_weights:
            restore(model, history.best_weights)
    return history


def train_and_observe(
    trainer: TrainerLike,
    validate: Callable[[], dict[str, float]] | None,
    model: tf.Module,
    state: FitState,
    early_stopping: EarlyStopping | None,
    callbacks: Sequence[CallbackLike],
    keeper: KeeperLike | None,
) -> None:
    """Train and validate one epoch, and note in the state what was measured and whether it was the last."""
    history, rule = state.history, early_stopping or (EarlyStopping() if validate else None)
    epoch = state.epoch
    record: dict[str, float] = {"epoch": epoch, **trainer.train(state, after_piece_of(trainer, callbacks, keeper))}
    ended = state.ended or tell_of_steps(callbacks, {"epoch": epoch, "step": trainer.steps} | record, history)
    if validate:
        record |= {f"val_{name}": score for name, score in validate().items()}
    history.epochs.append(record)
    state.progress = observe_record(state.progress, history, rule)
    answers = [callback(record, history) for callback in callbacks]
    state.progress = observe_record(state.progress, history, rule)  # again, for what a callback has added
    if rule and state.progress.epochs < epoch:
        measured = ", ".join(history.last)
        raise ValueError(f"early_stopping monitors {rule.monitor!r}, but a record has {measured}")
    if early_stopping and state.progress.improved:
        history.best_weights = weights_of(model)
    ended = ended or any(map(asks_to_stop, answers))
    state.ended = ended or bool(early_stopping and over(state.progress, early_stopping))


def after_piece_of(trainer: TrainerLike, callbacks: Sequence[CallbackLike], keeper: KeeperLike | None) -> AfterPiece:
    """Return what is told of the state after each piece of an epoch but the last."""

    def after_piece(state: FitState, steps: int) -> bool:
        record = {"epoch": state.epoch, "step": state.step}
        ended = agreed(tell_of_steps(callbacks, record, state.history, lambda: trainer.so_far(state)))
        if keeper and not ended:  # else the state is kept after the epoch, which ends here
            keeper.after_piece(state, steps)
        return ended

    return after_piece


def observe_record(progress: Progress, history: History, rule: EarlyStopping | None) -> Progress:
    """Return the progress after the last record, and note its best epoch in the history.

    The progress stays as it is if the record was observed before or has no figure to monitor yet.
    """
    if rule and progress.epochs < len(history.epochs) and rule.monitor in history.last:
        progress = observe(progress, history.last[rule.monitor], rule)
        history.best_epoch = progress.best_epoch
    return progress


def epoch_order(rows: int, seed: int, epoch: int) -> npt.NDArray[np.int32]:
    """Return the order of the rows in one epoch, int32[rows]: a permutation that (seed, epoch) alone decides."""
    return np.random.default_rng((seed, epoch)).permutation(rows).astype(np.int32)


def epoch_orders(rows: int, seed: int, epoch: int, orders: int, shuffle: bool) -> npt.NDArray[np.int32]:
    """Return the order of the rows, int32[rows]; of several members int32[members, rows], those of seed + i."""
    each = [epoch_order(rows, seed + i, epoch) if shuffle else np.arange(rows, dtype=np.int32) for i in range(orders)]
    return each[0] if orders == 1 else np.stack(each)


def weights_of(model: tf.Module) -> list[npt.NDArray[Any]]:
    """Return the values of the model's variables, in the order of `model.variables`."""
    return [variable.numpy() for variable in model.variables]


def restore(model: tf.Module, weights: Sequence[npt.NDArray[Any]]) -> None:
    """Assign what `weights_of` returned."""
    for variable, value in zip(model.variables, weights, strict=True):
        variable.assign(value)


def part_program(whole: Program, steps: int, last: bool) -> Program:
    """Return what to trace for (rows, order, key, first, sums), as `train_steps` takes them, of an epoch's program."""
    metrics = whole.constants[3]
    more = tf.TensorSpec([], tf.int32), tf.TensorSpec([1 + len(metrics)], tf.float64)
    constants = *whole.constants, steps, last
    return whole._replace(function=train_steps, constants=constants, specs=(*whole.specs, *more))
