"""Findings as one picture: a step against network size and batch size, an epoch against rows, a start in its phases."""

import statistics
from pathlib import Path

from matplotlib.figure import Figure

from benchmarks.answers import PHASES, Findings, Point, Start

TITLES = {
    "width": "a step, by the width of both hidden layers",
    "batch": "a step, by the batch",
    "rows": "an epoch, by the rows",
}
BATCH = 100  # rows of a step on the axis of rows


def draw(findings: list[Findings], path: Path) -> None:
    figure = Figure(figsize=(11, 8), layout="constrained")
    axes = dict(zip([*TITLES, "starts"], figure.subplots(2, 2).flat, strict=True))
    points = [point for found in findings for point in found.points if not point.skipped]
    for axis, title in TITLES.items():
        draw_axis(axes[axis], [point for point in points if point.axis == axis], axis, title)
    draw_starts(axes["starts"], [start for found in findings for start in found.starts])
    figure.savefig(path, dpi=110)


def draw_axis(axes, points: list[Point], axis: str, title: str) -> None:
    for contender in dict.fromkeys(point.contender for point in points):
        own = [point for point in points if point.contender == contender]
        axes.plot([point.value for point in own], [seconds(point) for point in own], marker=".", label=contender)
    if axis != "rows" and points:
        roof = {point.value: point.roof for point in points}
        axes.plot(list(roof), list(roof.values()), color="0.6", linestyle="--", label="the matrix products alone")
    axes.set(xscale="log", yscale="log", xlabel=axis, ylabel="seconds", title=title)
    if points:
        axes.legend(fontsize="small")


def seconds(point: Point) -> float:
    step = statistics.median(point.step_seconds)
    return step * point.value / BATCH if point.axis == "rows" else step


def draw_starts(axes, starts: list[Start]) -> None:
    ends = [0.0] * len(starts)
    for phase in PHASES:
        widths = [start.phases.get(phase, 0) for start in starts]
        axes.barh([start.program for start in starts], widths, left=ends, label=phase)
        ends = [end + width for end, width in zip(ends, widths, strict=True)]
    axes.invert_yaxis()
    axes.set(xlabel="seconds", title="a whole process")
    if starts:
        axes.legend(fontsize="x-small", ncols=5, loc="upper center", bbox_to_anchor=(0.4, -0.15))
