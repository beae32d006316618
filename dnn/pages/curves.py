"""The curves of a training, and those of several over one another: each is a function from plain numbers to HTML."""

from collections.abc import Mapping, Sequence

import numpy as np

from dnn.pages.axes import Axes
from dnn.pages.svg import ACCENT, POSITIVE, QUIET, chart, series_style, short

PARTS = (("training", "", QUIET, "--"), ("validation", "val_", ACCENT, "-"))


def curve_charts(epochs: Sequence[Mapping[str, float]], best_epoch: int | None) -> list[str]:
    """Draw each figure over the epochs, of training and validation rows, with the best epoch marked.

    Args:
        epochs: The records of a history.
        best_epoch: From 1; None: there is none.

    Returns:
        A chart for each figure.
    """
    names = list(dict.fromkeys(key.removeprefix("val_") for record in epochs for key in record if key != "epoch"))
    return [_curve_chart(epochs, name, best_epoch) for name in names]


def _curve_chart(epochs: Sequence[Mapping[str, float]], name: str, best_epoch: int | None) -> str:
    numbers = [record["epoch"] for record in epochs]
    lines = {
        label: ([record.get(prefix + name) for record in epochs], colour, dash)
        for label, prefix, colour, dash in PARTS
        if any(prefix + name in record for record in epochs)
    }

    def draw(axes: Axes) -> None:
        for label, (values, colour, dash) in lines.items():
            axes.plot(
                numbers, [np.nan if value is None else value for value in values], dash, color=colour, label=label
            )
        if best_epoch is not None:
            axes.axvline(best_epoch, color=POSITIVE, linestyle=":", label=f"best epoch ({best_epoch})")
        axes.set(xlabel="epoch", ylabel="nats" if name == "loss" else "")
        axes.whole_x()
        axes.legend()

    tells = [
        f"{label}: from {figure_text(values[0])} to {figure_text(values[-1])} after {len(values)} epochs"
        for label, (values, _, _) in lines.items()
    ]
    tells += [f"best epoch: {best_epoch}"] if best_epoch is not None else []
    return chart(draw, name=f"curve-{name}", title=name, tells="; ".join(tells) + ".")


def overlaid_chart(histories: Mapping[str, Sequence[Mapping[str, float]]], name: str) -> str:
    """Draw one figure of several runs over the epochs.

    Args:
        histories: The records by the name of the run.
        name: Of the figure.

    Returns:
        A chart.
    """
    lines = {
        run: [(record["epoch"], record[name]) for record in epochs if record.get(name) is not None]
        for run, epochs in histories.items()
    }

    def draw(axes: Axes) -> None:
        for index, (run, points) in enumerate(lines.items()):
            epochs, values = zip(*points, strict=True)
            axes.plot(epochs, values, **series_style(index), label=f"“{short(run)}”")
        axes.set(xlabel="epoch", ylabel="nats" if name.endswith("loss") else "")
        axes.whole_x()
        axes.legend()

    lines = {run: points for run, points in lines.items() if points}
    told = "; ".join(f"“{short(run)}” at last {points[-1][1]:.4g}" for run, points in lines.items())
    return chart(draw, name=f"overlaid-{name}", title=name, tells=f"{told}.")


def figure_text(value: float | None) -> str:
    """Return a figure with four digits.

    Args:
        value: None where it is not defined.

    Returns:
        The digits, or "none".
    """
    return "none" if value is None else f"{value:.4g}"
