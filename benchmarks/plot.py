"""Findings as one picture: a step against network size and batch size, an epoch against rows, a start in its phases."""

import math
import statistics
from functools import partial
from itertools import zip_longest
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from benchmarks.answers import PHASES, Findings, Point, Start

TITLES = {
    "width": "a step, by the width of both hidden layers",
    "batch": "a step, by the batch",
    "rows": "an epoch, by the rows",
}
BATCH = 100  # rows of a step on the axis of rows


def draw(findings: list[Findings], path: Path) -> None:
    """Write a picture with a panel for each kind of findings; none if there is nothing to draw."""
    points = [point for found in findings for point in found.points if not point.skipped]
    starts = [start for found in findings for start in found.starts]
    panels = [
        partial(draw_axis, points=[p for p in points if p.axis == axis], axis=axis, title=title)
        for axis, title in TITLES.items()
        if any(p.axis == axis for p in points)
    ]
    panels += [partial(draw_starts, starts=starts)] if starts else []
    if not panels:
        return
    columns = min(2, len(panels))
    figure = Figure(figsize=(5.5 * columns, 4 * math.ceil(len(panels) / columns)), layout="constrained")
    all_axes = figure.subplots(math.ceil(len(panels) / columns), columns, squeeze=False).flat
    for panel, axes in zip_longest(panels, all_axes):
        panel(axes) if panel else axes.set_axis_off()
    figure.savefig(path, dpi=110)


def draw_axis(axes: Axes, points: list[Point], axis: str, title: str) -> None:
    """Draw the seconds of each contender along one axis."""
    for contender in dict.fromkeys(point.contender for point in points):
        own = [point for point in points if point.contender == contender]
        axes.plot([point.value for point in own], [seconds(point) for point in own], marker=".", label=contender)
    if axis != "rows":
        roof = {point.value: point.roof for point in points}
        axes.plot(list(roof), list(roof.values()), color="0.6", linestyle="--", label="the matrix products alone")
    axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="seconds", title=title)
    axes.legend(fontsize="small")


def seconds(point: Point) -> float:
    """Return the median seconds of a step, or on the axis of rows of an epoch."""
    step = statistics.median(point.step_seconds)
    return step * point.value / BATCH if point.axis == "rows" else step


def draw_starts(axes: Axes, starts: list[Start]) -> None:
    """Draw each program as a bar of its phases."""
    ends = [0.0] * len(starts)
    for phase in PHASES:
        widths = [start.phases.get(phase, 0) for start in starts]
        axes.barh([start.program for start in starts], widths, left=ends, label=phase)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    axes.invert_yaxis()
    axes.set(xlabel="seconds", title="a whole process")
    axes.legend(fontsize="x-small", ncols=5, loc="upper center", bbox_to_anchor=(0.4, -0.15))
