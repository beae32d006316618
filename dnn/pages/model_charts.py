"""The charts of what is inside a network and of what it makes of its columns: from plain numbers to HTML."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from dnn.pages.axes import Axes
from dnn.pages.svg import ACCENT, INK, chart, series_style, short

SPREADS = ((0, 6, 0.12), (1, 5, 0.2), (2, 4, 0.35))  # of the quantiles 0, 0.05, 0.25, 0.5, 0.75, 0.95, 1


def spread_chart(records: Sequence[Mapping[str, Any]], layer: int, what: str) -> str | None:
    """Draw how weights, activations or gradients of a layer are spread, over the recorded epochs.

    Args:
        records: As `LayerRecord.records`.
        layer: Its number, from 0.
        what: "weights", "activations" or "gradients".

    Returns:
        A chart; None if a recorded number was not finite.
    """
    epochs = [record["epoch"] for record in records]
    rows = [record["layers"][layer][what] for record in records]
    if not rows or any(row is None for row in rows):
        return None
    quantiles = np.array(rows).T

    def draw(axes: Axes) -> None:
        for low, high, alpha in SPREADS:
            axes.fill_between(epochs, quantiles[low], quantiles[high], color=ACCENT, alpha=alpha)
        axes.plot(epochs, quantiles[3], "-o", color=INK, markersize=3)
        axes.set(xlabel="epoch")
        axes.whole_x()

    last = quantiles[:, -1]
    tells = f"After epoch {epochs[-1]}: from {last[0]:.3g} to {last[6]:.3g}, half in {last[2]:.3g} … {last[4]:.3g}."
    return chart(
        draw, name=f"layer-{layer}-{what}", title=what.capitalize(), tells=tells, size=(3.4, 2.4), margins=(0.65, 0.5)
    )


def dead_chart(records: Sequence[Mapping[str, Any]]) -> str | None:
    """Draw the share of dead ReLUs of each layer that has some, over the recorded epochs.

    Args:
        records: As `LayerRecord.records`.

    Returns:
        A chart; None if no layer has ReLUs.
    """
    epochs = [record["epoch"] for record in records]
    layers = [number for number, layer in enumerate(records[0]["layers"]) if layer["dead"] is not None]
    if not layers:
        return None
    shares = {layer + 1: [record["layers"][layer]["dead"] for record in records] for layer in layers}

    def draw(axes: Axes) -> None:
        for index, (layer, values) in enumerate(shares.items()):
            axes.plot(epochs, values, **series_style(index), marker="o", markersize=3, label=f"layer {layer}")
        axes.set(xlabel="epoch", ylabel="share of the units", ylim=(-0.02, 1.02))
        axes.whole_x()
        axes.legend()

    told = ", ".join(f"layer {layer} {values[-1]:.1%}" for layer, values in shares.items())
    return chart(
        draw, name="dead", title="Dead ReLUs", tells=f"Units that are 0 for all of these rows, at last: {told}."
    )


def importance_chart(importance: Mapping[str, Sequence[float]], score: str) -> str:
    """Draw by how much a score gets worse if a column is shuffled: the mean, and each of the repeats.

    Args:
        importance: As `column_importance` returns, in the order to be drawn.
        score: Its name.

    Returns:
        A chart.
    """
    names = list(importance)
    means = [float(np.mean(values)) for values in importance.values()]

    def draw(axes: Axes) -> None:
        axes.barh(range(len(names)), means, color=ACCENT, alpha=0.5)
        for index, values in enumerate(importance.values()):
            axes.plot(values, [index] * len(values), "|", color=INK, markersize=6)
        axes.set_yticks(range(len(names)), [short(name) for name in names])
        axes.invert_yaxis()
        axes.set(xlabel=score)

    first = "; ".join(f"{short(name)} {mean:.4g}" for name, mean in list(zip(names, means, strict=True))[:3])
    tells = f"{score}: the bar is the mean, each stroke a shuffle. Most important: {first}."
    longest = max(len(short(name)) for name in names)
    size, margins = (6.4, 0.75 + 0.26 * len(names)), (0.3 + 0.09 * longest, 0.55)
    return chart(draw, name="importance", title="Permutation importance", tells=tells, size=size, margins=margins)


def dependence_chart(index: int, name: str, grid: Sequence[Any], averages: Mapping[str, Sequence[float]]) -> str:
    """Draw what is predicted on average at each value of a column.

    Args:
        index: Of the chart.
        name: Of the column.
        grid: Numbers or categories.
        averages: The mean prediction at each of them, by the name of the output.

    Returns:
        A chart.
    """
    numeric = all(isinstance(value, int | float) for value in grid)
    places = list(grid) if numeric else list(range(len(grid)))

    def draw(axes: Axes) -> None:
        for number, (output, values) in enumerate(averages.items()):
            style = series_style(number)
            style["linestyle"] = style["linestyle"] if numeric else "none"
            axes.plot(places, values, **style, marker="o", markersize=3, label=f"“{short(output)}”")
        if not numeric:
            axes.set_xticks(places, [short(value, 14) or "(empty)" for value in grid], rotation=60)
        axes.set(xlabel=short(name))
        if len(averages) > 1:
            axes.legend()

    longest = 0 if numeric else max(len(short(value, 14)) for value in grid)
    margins = (0.65, 0.5 if numeric else 0.5 + 0.07 * max(longest, 4))
    values = [value for line in averages.values() for value in line]
    tells = f"Mean prediction over {len(grid)} values of {short(name)}: from {min(values):.4g} to {max(values):.4g}."
    return chart(
        draw, name=f"dependence-{index}", title=short(name), tells=tells, size=(3.4, 2.1 + margins[1]), margins=margins
    )
