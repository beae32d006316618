"""Early stopping: a rule, and a pure function from what has been seen and the next figure to what has been seen."""

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

from dnn.nn.argument_checks import checked_count, checked_not_negative, checked_number


@dataclass(frozen=True, kw_only=True)
class EarlyStopping:
    """Stop after `patience` epochs in a row that were not better.

    Names and defaults are those of Keras's callback, and so is what it does, but for a NaN, which is never the best:
    see `observe` and `better`.

    Args:
        monitor: the name of a figure in the record of an epoch: "val_loss", "loss", "val_accuracy", …, or of one that a
            callback adds to it.
        min_delta: >= 0, in the figure's unit; better means better by more than this.
        patience: epochs, >= 0. 0 does what 1 does, here and in Keras.
        mode: "min" or "max", which of two figures is the better one; "auto": what Keras's and scikit-learn's names say,
            min for …loss, …error, …mse, …, max for …accuracy, …acc, …auc, …f1_score, neg_…, …
        baseline: until a figure beats it, improving epochs count towards `patience` too. None: there is none.
        restore_best_weights: end with the weights of the best epoch, whether or not it stopped early.
        start_from_epoch: number of initial epochs to ignore, >= 0.
        each_member: of an ensemble, look at the validation loss of each member for itself, without penalties, and
            restore its own best epoch; training ends when all have stopped. False: look at what they predict together.

    Raises:
        ValueError: If a number is out of its range, or "auto" does not know the mode for the name.
        TypeError: If an argument is of the wrong kind.
    """

    monitor: str = "val_loss"
    min_delta: float = 0.0
    patience: int = 0
    mode: Literal["auto", "min", "max"] = "auto"
    baseline: float | None = None
    restore_best_weights: bool = False
    start_from_epoch: int = 0
    each_member: bool = False

    def __post_init__(self) -> None:
        direction(self.monitor, self.mode)
        if not isinstance(self.restore_best_weights, bool):
            raise TypeError(f"restore_best_weights must be True or False, got {self.restore_best_weights!r}")
        checked_not_negative(self.min_delta, "min_delta")
        for name in ("patience", "start_from_epoch"):
            checked_count(getattr(self, name), name, least=0)
        if self.baseline is not None and math.isnan(checked_number(self.baseline, "baseline")):
            raise ValueError("baseline must be a number or None, got nan")

    def observe(self, progress: "Progress", figure: float) -> "Progress":
        """Return what is known after one more epoch: the rule, for a loop of one's own.

        Args:
            progress: what was known before; `dnn.Progress()` before the first epoch. It is not changed.
            figure: what is monitored, of this epoch.

        Returns:
            Its `improved` says whether this epoch is the best so far, `best_epoch` which one is, from 1.

        Example:
            >>> rule, progress = EarlyStopping(patience=2), Progress()
            >>> for loss in (0.5, 0.4, 0.6, 0.7, 0.1):
            ...     progress = rule.observe(progress, loss)
            ...     if rule.is_over(progress):
            ...         break
            >>> progress
            Progress(epochs=4, wait=2, best=0.4, best_epoch=2)
        """
        return observe(progress, checked_number(figure, "figure"), self)

    def is_over(self, progress: "Progress") -> bool:
        """Return whether to stop.

        Args:
            progress: as `observe` returned it.

        Returns:
            Whether `patience` epochs in a row were not good enough.
        """
        return over(progress, self)


WORDS = {
    "min": "loss logloss nll error mse mae rmse mape msle crossentropy entropy hinge poisson deviance divergence brier",
    "max": "accuracy acc auc precision recall sensitivity specificity f1 f2 fbeta r2 mcc corrcoef kappa jaccard iou",
}
AFTER_A_SCORE = "score micro macro weighted samples ovr ovo"


class Rule(Protocol):
    """Which of two figures is the better one: as `EarlyStopping` and `ReduceLROnPlateau` say it."""

    @property
    def monitor(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def min_delta(self) -> float: ...


class Progress(NamedTuple):
    """What early stopping has seen.

    Args:
        epochs: how many.
        wait: how many of them since the last that was good enough.
        best: the best figure; None before any.
        best_epoch: whose it is, from 1.
    """

    epochs: int = 0
    wait: int = 0
    best: float | None = None
    best_epoch: int | None = None  # from 1

    @property
    def improved(self) -> bool:
        """The last epoch seen is the best."""
        return self.epochs > 0 and self.best_epoch == self.epochs


def observe(progress: Progress, figure: float, rule: EarlyStopping) -> Progress:
    """Return the progress after one more epoch with this figure.

    The epoch is the best if its figure is `better` than the best before it. The wait starts again if it is, and better
    than the baseline too, if there is one. (So in Keras 3.15; from k#23559 on, any best epoch starts it again.)

    >>> observe(observe(Progress(), 0.5, EarlyStopping()), 0.7, EarlyStopping())
    Progress(epochs=2, wait=1, best=0.5, best_epoch=1)
    """
    epochs = progress.epochs + 1
    if epochs <= rule.start_from_epoch:
        return progress._replace(epochs=epochs)
    wait = progress.wait + 1
    if not better(figure, progress.best, rule):
        return progress._replace(epochs=epochs, wait=wait)
    return Progress(epochs, 0 if better(figure, rule.baseline, rule) else wait, figure, epochs)


def better(figure: float, than: float | None, rule: Rule) -> bool:
    """Whether figure + min_delta < than, or the mirror image where the rule's mode is "max".

    A NaN is never better; anything else is better than None. In Keras a NaN is better than None too, and then remains
    the best for good.
    """
    sign = direction(rule.monitor, rule.mode)
    return not math.isnan(figure) if than is None else sign * figure + rule.min_delta < sign * than


def over(progress: Progress, rule: EarlyStopping) -> bool:
    """Whether to stop: `patience` epochs in a row were not good enough. The last epoch seen was not the best."""
    return not progress.improved and progress.epochs > 1 and progress.wait >= max(rule.patience, 1)


def _mode_of(monitor: str) -> str:
    """Return "min" or "max" by the words of a name, as Keras and scikit-learn give them, or "" for an unknown one.

    Trailing numbers, which Keras appends to tell two metrics apart, and averages do not count: val_auc_1, f1_macro.
    """
    words = monitor.lower().removeprefix("val_").split("_")
    while len(words) > 1 and (words[-1] in AFTER_A_SCORE.split() or words[-1].isdigit()):
        words.pop()
    if len(words) > 1 and words[0] in ("neg", "d2"):
        return "max"
    return next((mode for mode, known in WORDS.items() if words[-1] in known.split()), "")


def direction(monitor: str, mode: str) -> int:
    """Return 1 if less is better, −1 if more is.

    Raises:
        ValueError: If the mode is unknown, or "auto" does not know it for this name.
    """
    if mode == "auto":
        mode = _mode_of(str(monitor))
        if not mode:
            raise ValueError(f"monitor={monitor!r} is no known loss or score, so mode must be 'min' or 'max'")
    if mode not in ("min", "max"):
        raise ValueError(f"mode must be 'min', 'max' or 'auto', got {mode!r}")
    return 1 if mode == "min" else -1
