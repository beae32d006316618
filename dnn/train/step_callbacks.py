"""Callbacks within an epoch: the loop is left after every so many steps, and entered again where it was."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from dnn.nn.argument_checks import checked_count
from dnn.nn.protocols import LossLike, MetricLike, ModelLike, OptimizerLike
from dnn.train.callbacks import CallbackLike, asks_to_stop
from dnn.train.epoch import takes_epochs
from dnn.train.history import History
from dnn.train.rows import Rows
from dnn.train.stream import Stream

StepFunction = Callable[[dict[str, float], History], object]


class FitObjects(NamedTuple):
    """What a fit works with, as `fit` hands it to each callback that has a method `begin`, before the first epoch.

    Args:
        model: that is trained.
        optimizer: that trains it.
        loss: (labels, logits) -> float[batch].
        metrics: name -> (labels, logits) -> [batch], or a `ScoreMetric`.
        data: the rows of training, checked: x, y, weights or None, and which rows count or None, as tensors; of a
            dataset a stream, whose `first` are its first rows.
        validation: the rows that are evaluated after each epoch, likewise; None if there are none.
        batch_size: rows of a step.
        epochs: at most.
        seed: of the orders of rows, and of what the model draws.
    """

    model: ModelLike
    optimizer: OptimizerLike
    loss: LossLike
    metrics: Mapping[str, MetricLike]
    data: Rows | Stream
    validation: Rows | Stream | None
    batch_size: int
    epochs: int
    seed: int


class EverySteps:
    """A callback that calls a function after every so many steps of an epoch, and after the epoch's last.

    What is trained stays the same, to the last bit: the compiled loop is left and entered again. Each time takes some
    tenth of a millisecond, so a function of every step makes the steps of a small network several times as long.

    Args:
        steps: of an epoch, >= 1, after which the function is called.
        function: (record, history) -> anything. The record has "epoch" and "step", both from 1, "loss" and the metrics,
            as means over the epoch's rows so far, from before each step; the history is that of the epochs before. If
            it returns True, the epoch ends there, is validated, and is the last.

    Raises:
        ValueError: If `steps` is less than 1.
        TypeError: If `function` cannot be called.

    Example:
        >>> watch = EverySteps(50, lambda record, history: print(record["step"], record["loss"]))
    """

    def __init__(self, steps: int, function: StepFunction) -> None:
        self.steps = checked_count(steps, "steps")
        if not callable(function):
            raise TypeError(f"function must be a function of (record, history), got {function!r}")
        self.function = function

    def __call__(self, record: dict[str, float], history: History) -> None:
        """Do nothing after an epoch: its last step was told of.

        Args:
            record: not looked at.
            history: not looked at.
        """

    def __repr__(self) -> str:
        return f"EverySteps({self.steps}, {getattr(self.function, '__name__', self.function)})"


def begin(callbacks: Sequence[CallbackLike], objects: FitObjects) -> None:
    """Hand what a fit works with to the callbacks that have a method `begin`."""
    for callback in callbacks:
        if hasattr(callback, "begin"):
            callback.begin(objects)


def steps_between(callbacks: Sequence[Any], optimizer: OptimizerLike, jit_compile: object) -> int | None:
    """Return after how many steps a callback wants to be called; None: after epochs alone.

    Raises:
        ValueError: If one wants to, and epochs are taken whole.
    """
    steps = [each.steps for each in callbacks if isinstance(each, EverySteps)]
    if steps and (takes_epochs(optimizer) or jit_compile == "native"):
        raise ValueError("callbacks: EverySteps looks into an epoch, and an epoch in C++ is taken whole; use dnn.Adam")
    return math.gcd(*steps) if steps else None


def tell_of_steps(
    callbacks: Sequence[Any],
    record: Mapping[str, float],
    history: History,
    so_far: Callable[[], dict[str, float]] | None = None,
) -> bool:
    """Call the functions whose steps are done, and return whether one of them ends the fit.

    Args:
        callbacks: of the fit.
        record: epoch and step; after the last step of an epoch its figures too.
        history: of the epochs before.
        so_far: gives the figures within an epoch; None: it was the last step.
    """
    every = [each for each in callbacks if isinstance(each, EverySteps)]
    due = [each for each in every if so_far is None or record["step"] % each.steps == 0]
    if due and so_far:
        record = {**record, **so_far()}
    answers = [each.function(dict(record), history) for each in due]  # of all, also if the first ends the fit
    return any(map(asks_to_stop, answers))
