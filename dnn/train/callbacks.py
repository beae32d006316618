"""Callbacks: plain functions of (record, history), called after each epoch; one that returns True ends the fit.

The record is the dict of the epoch's figures, to which a callback may add some of its own.
"""

import math
from collections.abc import Mapping
from typing import Any, Literal, NamedTuple, Protocol

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_count, checked_not_negative
from dnn.nn.optimizers.representation import current
from dnn.train.early_stopping import Rule, better, direction
from dnn.train.history import History


class CallbackLike(Protocol):
    """A function that `fit` calls after each epoch with (record, history); if it returns True, the fit ends.

    One that remembers something from epoch to epoch has `get_state()`, which returns it as numbers, texts, arrays, and
    lists and dicts of them, and `set_state(state)`, which takes it back: a checkpoint keeps it. One with a method
    `begin(fit)` is handed a `dnn.FitObjects` before the first epoch: the model, the optimizer, the data and the rest.
    """

    def __call__(self, record: dict[str, float], history: History, /) -> object:
        """Look at an epoch.

        Args:
            record: the figures of the epoch by name: "epoch" (from 1), "loss", the metrics, and each again with "val_"
                before its name. A callback may add some of its own.
            history: the records so far, this one included.

        Returns:
            True (a bool, also of NumPy or in a tensor) to end the fit; anything else means nothing.
        """


def asks_to_stop(answer: Any) -> bool:
    """Whether the answer of a callback is True; anything else, such as a list's new length, means nothing."""
    is_truth = isinstance(answer, bool | np.bool_) or (tf.is_tensor(answer) and answer.dtype == tf.bool)
    return is_truth and bool(answer)


def terminate_on_nan(record: dict[str, float], history: History) -> bool:
    """Return True, which ends the fit, if the training loss is a NaN or an infinity.

    Only for `fit(…, on_nan="ignore")`, where it ends the fit without an error: otherwise `fit` looks itself. Keras's
    TerminateOnNaN looks after each batch; here the epoch in which it happened runs to its end.

    Args:
        record: the figures of the epoch; "loss" is looked at.
        history: the records so far; not looked at.

    Returns:
        Whether the loss is not finite.
    """
    return not math.isfinite(record["loss"])


class Plateau(NamedTuple):
    """wait: epochs since the best, or since the last reduction. resting: epochs of the cooldown that remain."""

    best: float | None = None
    wait: int = 0
    resting: int = 0


class ReduceLROnPlateau:
    """Multiply the learning rate by `factor` after `patience` epochs in a row that were not better.

    Names and defaults are those of Keras's callback, and so is what it does, but for a NaN, which is never the best.
    The learning rate of the epoch is added to its record, as "learning_rate", of several their mean: where each member
    of an ensemble has its own, all are multiplied. The first epoch of a fit begins anew.

    Args:
        optimizer: has a `learning_rate` that may be assigned.
        monitor: the name of a figure in the record of an epoch, or of one that a callback before this one adds to it.
        factor: in [0, 1).
        patience: epochs, >= 0. 0 does what 1 does.
        mode: "min" or "max", which of two figures is the better one; "auto": as for `EarlyStopping`.
        min_delta: >= 0, in the figure's unit; better means better by more than this.
        cooldown: number of epochs after a reduction that are not counted, >= 0.
        min_lr: >= 0, the least learning rate.

    Raises:
        ValueError: If a number is out of its range, or "auto" does not know the mode for the name.
        TypeError: If an argument is of the wrong kind, or the optimizer's rate cannot be assigned.
    """

    def __init__(
        self,
        optimizer: Any,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        mode: Literal["auto", "min", "max"] = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        direction(monitor, mode)
        checked_below_one(factor, "factor")
        for name, epochs in (("patience", patience), ("cooldown", cooldown)):
            checked_count(epochs, name, least=0)
        for name, value in (("min_delta", min_delta), ("min_lr", min_lr)):
            checked_not_negative(value, name)
        if not hasattr(optimizer, "learning_rate"):
            raise TypeError(f"optimizer must have a learning_rate, got {optimizer!r}")
        optimizer.learning_rate = np.asarray(optimizer.learning_rate).tolist()  # a schedule refuses here
        self.optimizer, self.monitor, self.factor, self.patience = optimizer, monitor, factor, patience
        self.mode, self.min_delta, self.cooldown, self.min_lr = mode, min_delta, cooldown, min_lr
        self.plateau = Plateau()

    def __call__(self, record: dict[str, float], history: History) -> None:
        """Observe an epoch, and assign the optimizer a lower rate if it is time.

        Args:
            record: the figures of the epoch, to which "learning_rate" is added.
            history: the records so far; not looked at.

        Raises:
            ValueError: If the record does not have the figure to monitor.
        """
        rates = np.asarray(self.optimizer.learning_rate)
        record["learning_rate"] = float(rates.mean())
        if self.monitor not in record:
            raise ValueError(f"a record of this fit has no {self.monitor!r}; it has {', '.join(record)}")
        before = Plateau() if record["epoch"] == 1 else self.plateau
        self.plateau = observe_plateau(before, record[self.monitor], self)
        if self.plateau.wait >= max(self.patience, 1) and (rates > self.min_lr).any():
            lower = np.maximum(rates * self.factor, np.minimum(rates, self.min_lr))
            self.optimizer.learning_rate = lower.tolist()
            self.plateau = self.plateau._replace(wait=0, resting=self.cooldown)

    def get_state(self) -> dict[str, Any]:
        """Return what a checkpoint keeps.

        Returns:
            What was seen; the rate is kept with the optimizer's variables.
        """
        return self.plateau._asdict()

    def set_state(self, state: Mapping[str, Any]) -> None:
        """Take back what `get_state` returned.

        Args:
            state: best, wait and resting.
        """
        self.plateau = Plateau(**state)

    def __repr__(self) -> str:
        names = ("monitor", "factor", "patience", "mode", "min_delta", "cooldown", "min_lr")
        values = {name: getattr(self, name) for name in names} | self.plateau._asdict()
        rate = current(lambda: self.optimizer.learning_rate)
        return f"ReduceLROnPlateau(learning_rate={rate}, {', '.join(f'{name}={values[name]!r}' for name in values)})"


def observe_plateau(plateau: Plateau, figure: float, rule: Rule) -> Plateau:
    """Return the plateau after one more epoch with this figure.

    The last epoch of a cooldown is waited for again, as in Keras.
    """
    best, wait, resting = plateau
    if resting:
        wait, resting = 0, resting - 1
    if better(figure, best, rule):
        return Plateau(figure, 0, resting)
    return Plateau(best, wait if resting else wait + 1, resting)
