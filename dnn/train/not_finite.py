"""A training loss that is not finite ends a fit: the step is found, and what was good is kept."""

import math
from collections.abc import Callable
from functools import cache, lru_cache
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.optimizers.skip import SkipNotFinite
from dnn.train.epoch import takes_epochs
from dnn.train.epochs import part_program, restore
from dnn.train.fit_state import FitState, Order
from dnn.train.guarded_epoch import snapshot_of
from dnn.train.history import History
from dnn.train.member_watch import MemberWatch
from dnn.train.numerics import step_numerics
from dnn.train.rows import part_of
from dnn.train.runtime import KEPT, Program
from dnn.train.variable_values import is_finite, read_values, write_values
from dnn.train.workers import agreed
from dnn.train.xla import GraphOrXla

UNKNOWN = "the training loss or a variable"


class NotFiniteError(FloatingPointError):
    """The training loss, or a weight, became a NaN or an infinity, so that no later epoch could be of use.

    Args:
        epoch: In which it happened, from 1.
        step: Of the epoch, from 1; None if it is not known.
        place: The first tensor that was not finite: "output of layers/1 Dense, 3 NaN of 60 numbers".
        kept: Whose weights the model has now.
        history: What was measured in the epochs before.
        skips: Whether steps that are not finite are left out, so that every step of the epoch was one, or an update
            of finite gradients was too large.
    """

    def __init__(
        self, epoch: int, step: int | None, place: str, kept: str, history: History, *, skips: bool = False
    ) -> None:
        super().__init__(epoch, step, place, kept, history)
        self.epoch, self.step, self.place, self.kept, self.history = epoch, step, place, kept, history
        self.skips = skips

    def __str__(self) -> str:
        where = f"epoch {self.epoch}" if self.step is None else f"epoch {self.epoch}, step {self.step}"
        return (
            f"training diverged in {where}: the first that is not finite is {self.place}. The model has {self.kept}. "
            "Try a smaller learning rate or dnn.ClipGradients, or look at these rows with dnn.debug_numerics"
            + ("" if self.skips else "; on_nan='skip' (--on-nan skip) leaves such steps out")
        )


class FiniteGuard:
    """Looks, after each epoch or piece of one, whether the loss and the model's variables are finite.

    To find the step, the values at the beginning are kept, by the graph of a whole epoch itself; from there the epoch
    is replayed step by step, once it has failed.

    Args:
        program: Of a whole epoch.
        traced: Returns what runs a program, as a graph or under XLA.
        watch: Keeps the best weights of each member, if they are stopped each for itself.
        everything: Look at the optimizer's variables too, since all are to be saved.
    """

    def __init__(
        self,
        program: Program,
        traced: Callable[[Program], GraphOrXla],
        watch: MemberWatch | None = None,
        *,
        everything: bool = False,
    ) -> None:
        self.program, self.traced, self.watch = program, traced, watch
        self.model, self.loss, self.optimizer, self.metrics, self.batch_size = program.constants[:5]
        self.snapshot = snapshot_of(self.model, self.optimizer, everything=everything)
        self.variables = self.snapshot.variables
        self.begin: list[tf.Tensor] = []
        self.first_step = 0

    def note(self, step: int) -> None:
        """Keep the values from before this step, with which a part of an epoch begins."""
        self.begin, self.first_step = read_values(self.variables), step

    def check_part(self, state: FitState, loss: float, order: Order) -> None:
        """Raise: NotFiniteError, if the loss, or a variable that was finite at first, is not."""
        if agreed(not math.isfinite(loss) or not all(map(is_finite, read_values(self.snapshot.watched)))):
            self.fail(state, order)

    def check_whole(self, state: FitState, loss: float, finite: bool, order: Order) -> None:
        """Raise: NotFiniteError, if the loss of an epoch that was guarded, or a variable after it, is not finite."""
        if agreed(not (finite and math.isfinite(loss))):
            self.begin, self.first_step = self.snapshot.values(), 0
            self.fail(state, order)

    def fail(self, state: FitState, order: Order) -> None:
        """Find the step, and give the model the best weights that are known. Raise: NotFiniteError."""
        whole, history = takes_epochs(self.optimizer), state.history
        step, place = (None, UNKNOWN) if whole else self._found(state.epoch, order)
        kept = "the weights from before that step" if step else "the weights from before that epoch"
        if history.best_weights:
            restore(self.model, history.best_weights)
            kept = f"the weights of epoch {history.best_epoch}, the best"
        elif self.watch:
            self.watch.restore()
            kept = "the best weights of each member"
        elif whole:
            kept = "the weights that came of it: with early_stopping or a checkpoint better ones are kept"
        skips = isinstance(self.optimizer, SkipNotFinite)
        raise NotFiniteError(state.epoch, step, place, kept, history, skips=skips)

    def _found(self, epoch: int, order: Order) -> tuple[int | None, str]:
        """Replay; return the step from 1 and the first tensor, and leave the variables as they were before it."""
        rows, orders, key = order
        write_values(self.variables, self.begin)
        step = self._replayed(epoch, order)
        if step is None:
            write_values(self.variables, self.begin)
            return None, f"{UNKNOWN}, which does not come again when the epoch is replayed step by step"
        begin = step * self.batch_size
        size = min(self.batch_size, rows.x.shape[0] - begin)
        batch = rows.at(part_of(tf.constant(orders), tf.constant(begin), size))
        first = step_numerics(self.model, batch, self.loss, self.optimizer, tf.constant([*key, step])).first
        return step + 1, str(first or UNKNOWN)

    def _replayed(self, epoch: int, order: Order) -> int | None:
        """Return the first step, from 0, that makes the loss or a variable other than finite."""
        rows = order[0].x.shape[0]
        whole, steps = rows // self.batch_size, math.ceil(rows / self.batch_size)
        zeros = np.zeros(1 + len(self.metrics))
        finite = [is_finite(value) for value in self.begin]
        part = cache(lambda whole: self.traced(part_program(self.program, int(whole), not whole)))
        for step in range(self.first_step, steps):
            before = read_values(self.variables)
            sums = part(step < whole)(epoch, *order, np.int32(step * self.batch_size), zeros)
            after = map(is_finite, read_values(self.variables))
            lost = any(was and not now for was, now in zip(finite, after, strict=True))
            if agreed(lost or not math.isfinite(sums[0])):
                write_values(self.variables, before)
                return step
        return self.first_step if isinstance(self.optimizer, SkipNotFinite) else None  # all steps were left out


def skipping(optimizer: Any) -> SkipNotFinite:
    """Return the optimizer in a wrapper that skips; the same one for the next fit, whose graph is found again by it.

    Raises:
        ValueError: If it takes the steps of a whole epoch itself.
    """
    if takes_epochs(optimizer):
        raise ValueError(f"on_nan='skip' needs an optimizer that takes step after step, as dnn.Adam, got {optimizer!r}")
    return optimizer if isinstance(optimizer, SkipNotFinite) else _kept_wrapper(optimizer)


_kept_wrapper = lru_cache(maxsize=KEPT)(SkipNotFinite)
