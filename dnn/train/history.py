"""What was measured in each epoch of a fit, as a table, a file and a picture."""

import csv
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np


@dataclass(repr=False)
class History:
    """epochs: one record an epoch: "epoch" (from 1), "loss", the metrics, and each of them with "val_" before it.

    The losses of training rows are those of each batch before its step, in mean over the epoch, as in Keras;
    the losses of validation rows are those after the epoch.
    best_epoch: the epoch (from 1) with the lowest validation loss, or the best of what early stopping monitors; None
    without validation rows, or if it never was a number.
    best_weights, last_weights: the values of `model.variables`, in that order, after the best and after the last
    epoch; None without early stopping, or without a best epoch.
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int | None = None
    best_weights: list[np.ndarray] | None = field(default=None, compare=False)
    last_weights: list[np.ndarray] | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """How many epochs there are, and of the best, or else the last, what was measured."""
        shown = self.best or (self.last if self.epochs else None)
        return f"History({len(self.epochs)} epochs, {'best' if self.best else 'last'}: {shown})"

    def __getitem__(self, name: str) -> list[float]:
        """One value an epoch: history["val_loss"]; NaN in an epoch whose record has none.

        Raises: KeyError if no record has one.
        """
        if not any(name in record for record in self.epochs):
            raise KeyError(f"no epoch has {name!r}; they have {', '.join(self.names)}")
        return [record.get(name, float("nan")) for record in self.epochs]

    def __iter__(self) -> Iterator[str]:
        """The names; and so `"val_loss" in history` says whether there is one."""
        return iter(self.names)

    @property
    def names(self) -> list[str]:
        """What the records hold, "epoch" first, each once."""
        return list(dict.fromkeys(name for record in self.epochs for name in record))

    @property
    def best(self) -> dict[str, float] | None:
        """The record of the best epoch."""
        return None if self.best_epoch is None else self.epochs[self.best_epoch - 1]

    @property
    def last(self) -> dict[str, float]:
        """The record of the last epoch."""
        return self.epochs[-1]

    def to_csv(self, path: str | Path) -> None:
        """One line an epoch, under a header; each number with all its digits."""
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, fieldnames=self.names, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.epochs)

    def plot(self, path: str | Path | None = None):
        """A matplotlib Figure: for each figure its curve over the epochs, of training and validation rows, the best
        epoch marked. Needs matplotlib.

        path: where to write it as well; the ending says as what: .png, .svg, .pdf, …
        """
        from matplotlib.figure import Figure  # here, since training needs no pictures

        names = list(dict.fromkeys(name.removeprefix("val_") for name in self.names if name != "epoch"))
        figure = Figure(figsize=(4.5 * len(names), 3.6), layout="constrained")
        for axes, name in zip(figure.subplots(1, len(names), squeeze=False)[0], names, strict=True):
            for label, column in (("training", name), ("validation", f"val_{name}")):
                if column in self.names:
                    axes.plot(self["epoch"], self[column], label=label, marker=".")
            if self.best_epoch is not None:
                axes.axvline(self.best_epoch, color="0.6", linestyle="--", label=f"best epoch ({self.best_epoch})")
            axes.set(xlabel="epoch", ylabel="nats" if name == "loss" else "", title=name)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure
