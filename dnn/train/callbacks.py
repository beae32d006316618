"""Callbacks: plain functions of (record, history), called after each epoch; one that returns True ends the fit.

The record is the dict of the epoch's figures, to which a callback may add some of its own.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from dnn.nn.argument_checks import checked_below_one, checked_count, checked_not_negative
from dnn.train.early_stopping import better, direction

if TYPE_CHECKING:
    from dnn.train.history import History


class CallbackLike(Protocol):
    """(record, history) -> True, which ends the fit, or anything else. Called after each epoch.

    The record is the dict of the epoch's figures, by name; a callback may add some of its own.
    """

    def __call__(self, record: dict[str, float], history: History, /) -> object: ...


def terminate_on_nan(record: dict, history) -> bool:
    """True, which ends the fit, if the training loss is a NaN or an infinity.

    Keras's TerminateOnNaN looks after each batch; here the epoch in which it happened runs to its end.
    """
    return not math.isfinite(record["loss"])


class Plateau(NamedTuple):
    """wait: epochs since the best, or since the last reduction. resting: epochs of the cooldown that remain."""

    best: float | None = None
    wait: int = 0
    resting: int = 0


class ReduceLROnPlateau:
    """Multiplies the learning rate by `factor` after `patience` epochs in a row that were not better.

    Names and defaults are those of Keras's callback, and so is what it does, but for a NaN, which is never the best.
    The learning rate of the epoch is added to its record, as "learning_rate". The first epoch of a fit begins anew.
    """

    def __init__(
        self,
        optimizer,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ):
        """optimizer: has a `learning_rate` that may be assigned. monitor, mode, min_delta: as in `EarlyStopping`; what
        is monitored may be a figure that a callback before this one adds to the record.
        factor: in [0, 1). patience, cooldown: epochs, >= 0; after a reduction, `cooldown` epochs are not counted.
        min_lr: >= 0, the least learning rate.
        Raises: ValueError for one out of its range, TypeError for one of another kind, or for an optimizer whose rate
            cannot be assigned.
        """
        direction(monitor, mode)
        checked_below_one(factor, "factor")
        for name, value in (("patience", patience), ("cooldown", cooldown)):
            checked_count(value, name, least=0)
        for name, value in (("min_delta", min_delta), ("min_lr", min_lr)):
            checked_not_negative(value, name)
        if not hasattr(optimizer, "learning_rate"):
            raise TypeError(f"optimizer must have a learning_rate, got {optimizer!r}")
        optimizer.learning_rate = float(optimizer.learning_rate)  # one that follows a schedule refuses here
        self.optimizer, self.monitor, self.factor, self.patience = optimizer, monitor, factor, patience
        self.mode, self.min_delta, self.cooldown, self.min_lr = mode, min_delta, cooldown, min_lr
        self.plateau = Plateau()

    def __call__(self, record: dict, history) -> None:
        """Raises: ValueError for a record without the figure to monitor."""
        rate = record["learning_rate"] = float(self.optimizer.learning_rate)
        if self.monitor not in record:
            raise ValueError(f"a record of this fit has no {self.monitor!r}; it has {', '.join(record)}")
        before = Plateau() if record["epoch"] == 1 else self.plateau
        self.plateau = observe_plateau(before, record[self.monitor], self)
        if self.plateau.wait >= max(self.patience, 1) and rate > self.min_lr:
            self.optimizer.learning_rate = max(rate * self.factor, self.min_lr)
            self.plateau = self.plateau._replace(wait=0, resting=self.cooldown)


def observe_plateau(plateau: Plateau, figure: float, rule) -> Plateau:
    """The plateau after one more epoch with this figure. rule: has monitor, mode and min_delta.

    The last epoch of a cooldown is waited for again, as in Keras.
    """
    best, wait, resting = plateau
    if resting:
        wait, resting = 0, resting - 1
    if better(figure, best, rule):
        return Plateau(figure, 0, resting)
    return Plateau(best, wait if resting else wait + 1, resting)
