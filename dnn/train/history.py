"""What was measured in each epoch of a fit."""

import csv
from dataclasses import dataclass, field
from pathlib import Path


@dataclass
class History:
    """epochs: one record an epoch: "epoch" (from 1), "loss", the metrics, and each of them with "val_" before it.

    The losses of training rows are those of each batch before its step, in mean over the epoch, as in Keras;
    the losses of validation rows are those after the epoch.
    best_epoch: the epoch (from 1) with the lowest validation loss; None without validation rows, or if it never
    was a number.
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int | None = None

    def __getitem__(self, name: str) -> list[float]:
        """One value an epoch: history["val_loss"]."""
        return [record[name] for record in self.epochs]

    def to_csv(self, path: str | Path) -> None:
        """One line an epoch, under a header; each number with all its digits."""
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=list(self.epochs[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.epochs)
