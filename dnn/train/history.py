"""What was measured in each epoch of a fit, as a table, a file and a picture."""

from __future__ import annotations

import csv
import html
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy.typing as npt

from dnn.control import without_control, without_formula

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(repr=False)
class History:
    """What `fit` measured: one record for each epoch.

    The losses of training rows are those of each batch before its step, averaged over the epoch, as in Keras; the
    losses of validation rows are those after the epoch. `history.history` is Keras's dict of lists; epochs count from 1
    in history["epoch"], where Keras's `history.epoch` counts from 0.

    Args:
        epochs: the records: "epoch" (from 1), "loss", the metrics, each of them again with "val_" before its name if
            there are validation rows, and what callbacks have added.
        best_epoch: the epoch (from 1) with the lowest validation loss, or the best of what early stopping monitors.
            None: without validation rows, or if it never was a number.
        best_weights: the values of `model.variables`, in that order, after the best epoch. None: without early
            stopping, or without a best epoch.
        last_weights: the same after the last epoch.
        member_epochs: the best epoch of each member of an ensemble, where early stopping looked at each for itself,
            whose weights it has if they were restored; None for one without a loss that is a number. `best_epoch` and
            the records are of what the members are together.
        member_losses: the validation loss of each member in that epoch, without penalties.

    Example:
        >>> history = History([{"epoch": 1, "loss": 0.75}, {"epoch": 2, "loss": 0.5}])
        >>> history["loss"], len(history)
        ([0.75, 0.5], 2)
    """

    epochs: list[dict[str, float]] = field(default_factory=list)
    best_epoch: int | None = None
    best_weights: list[npt.NDArray[Any]] | None = field(default=None, compare=False)
    last_weights: list[npt.NDArray[Any]] | None = field(default=None, compare=False)
    member_epochs: list[int | None] | None = None
    member_losses: list[float | None] | None = None

    def __repr__(self) -> str:
        """Tell how many epochs there are, and what was measured in the best, or else in the last."""
        from dnn.nn.modules import counted_noun  # here, since a picture is drawn where there is no TensorFlow

        if not self.epochs:
            return "History of 0 epochs"
        record, which = (self.best, "best") if self.best else (self.last, "last")
        figures = {name: figure for name, figure in record.items() if name != "epoch"}
        width = max(map(len, figures), default=0)
        lines = [f"  {name:{width}}  {figure:.6g}" for name, figure in figures.items()]
        return "\n".join(
            [f"History of {counted_noun(len(self), 'epoch')}; in the {which}, epoch {record['epoch']}:", *lines]
        )

    def _repr_html_(self) -> str:
        """Return what a notebook shows: the figures of the best epoch, and the curves."""
        text = f"<pre>{html.escape(repr(self))}</pre>"
        if not self.epochs:
            return text
        picture = io.StringIO()
        self.plot().savefig(picture, format="svg")
        return text + "<svg" + picture.getvalue().partition("<svg")[2]  # without the XML declaration

    def __len__(self) -> int:
        """Return the number of epochs."""
        return len(self.epochs)

    def __getitem__(self, name: str) -> list[float]:
        """Return one value for each epoch: history["val_loss"]; NaN where the record has none.

        Args:
            name: of a figure.

        Raises:
            KeyError: If no record has it.
        """
        if not any(name in record for record in self.epochs):
            raise KeyError(f"no epoch has {name!r}; they have {', '.join(self.names)}")
        return [record.get(name, float("nan")) for record in self.epochs]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the names, so that `"val_loss" in history` tells whether any epoch has one."""
        return iter(self.names)

    @property
    def history(self) -> dict[str, list[float]]:
        """One list of values for each name but "epoch", as Keras's `history.history`."""
        return {name: self[name] for name in self.names if name != "epoch"}

    @property
    def names(self) -> list[str]:
        """The names in the records, each once, "epoch" first."""
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
        """Write a header and one line for each epoch, every number with all its digits.

        A name that a spreadsheet would run as a formula gets an apostrophe before it.

        Args:
            path: the file to write.
        """
        with open(path, "w", newline="", encoding="utf-8") as file:
            csv.writer(file, lineterminator="\n").writerow(map(without_formula, self.names))
            csv.DictWriter(file, fieldnames=self.names, lineterminator="\n").writerows(self.epochs)

    def plot(self, path: str | Path | None = None) -> Figure:
        """Draw each figure over the epochs, of training and validation rows, with the best epoch marked.

        Args:
            path: where to write the picture as well; the suffix names the format: .png, .svg, .pdf. None: nowhere.

        Returns:
            A matplotlib Figure. Needs matplotlib.
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
            axes.set(xlabel="epoch", ylabel="nats" if name == "loss" else "", title=without_control(name))
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.legend()
        if path is not None:
            figure.savefig(path, dpi=120)
        return figure


def write_curves(epochs: list[dict[str, float]], best_epoch: int | None, path: Path) -> None:
    """Draw the records of a history to a file; see `History.plot`."""
    History(epochs, best_epoch).plot(path)
