"""Early stopping: a rule, and a pure function from what has been seen and the next loss to what has been seen."""

from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class EarlyStopping:
    """Stop after `patience` epochs in a row without a lower validation loss.

    patience: epochs, >= 1. (Keras's 0 does what 1 does.)
    min_delta: nats, >= 0; a loss is lower only if it is by more than this.
    restore_best_weights: end with the weights of the best epoch, whether or not it stopped early.
    Raises: ValueError for one out of its range.
    """

    patience: int = 1
    min_delta: float = 0.0
    restore_best_weights: bool = False

    def __post_init__(self):
        if not self.patience >= 1:
            raise ValueError(f"patience must be 1 or more epochs, got {self.patience}")
        if not 0 <= self.min_delta < float("inf"):
            raise ValueError(f"min_delta must be a number of 0 or more, got {self.min_delta}")


class Progress(NamedTuple):
    """What early stopping has seen. epochs: how many; wait: how many since the best, or since the start if none was."""

    epochs: int = 0
    wait: int = 0
    best: float = float("inf")
    best_epoch: int | None = None  # from 1

    @property
    def improved(self) -> bool:
        """The last epoch seen is the best."""
        return self.epochs > 0 and self.best_epoch == self.epochs


def observe(progress: Progress, loss: float, *, min_delta: float = 0.0) -> Progress:
    """The progress after one more epoch with this loss.

    The epoch is the best if loss + min_delta < best. An equal loss is no improvement. A NaN or +inf is never best; in
    Keras a first epoch always is, and a NaN then remains the best for good.

    >>> observe(observe(Progress(), 0.5), 0.7)
    Progress(epochs=2, wait=1, best=0.5, best_epoch=1)
    """
    epochs = progress.epochs + 1
    if loss + min_delta < progress.best:
        return Progress(epochs, 0, loss, epochs)
    return progress._replace(epochs=epochs, wait=progress.wait + 1)


def over(progress: Progress, patience: int) -> bool:
    """Whether to stop: `patience` epochs in a row were not the best."""
    return progress.wait >= patience
