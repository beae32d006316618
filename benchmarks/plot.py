"""Findings as one picture: ratios, a step against width, batch and rows, and a whole process in its phases.

A colour and a mark stand for one tool in all panels (Okabe and Ito's colours, which colour-blind people tell apart),
and a tool's name stands at the end of its line.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from textwrap import shorten
from typing import BinaryIO

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, LogLocator, NullFormatter, NullLocator

from benchmarks.answers import Answer, Findings, Point, Start
from dnn.bench.markdown import duration

TITLES = {
    "width": "a training step, by the width of both hidden layers",
    "batch": "a training step, by the rows of a batch",
    "rows": "an epoch, by its rows",
}
BATCH = 100  # rows of a step on the axis of rows
ROOF = "products alone"
MARKS = {  # the beginning of a tool's name -> its colour and mark
    "dnn, graph mode": ("#0072B2", "o"),
    "dnn, XLA": ("#D55E00", "s"),
    "dnn, native": ("#66A61E", "d"),
    "dnn, MlpAdam": ("#009E73", "D"),
    "dnn, as its command does": ("0.2", "*"),
    "dnn": ("#0072B2", "o"),
    "Keras": ("#CC79A7", "v"),
    "PyTorch": ("#E69F00", "^"),
    "JAX": ("#56B4E9", "P"),
    ROOF: ("0.5", ""),
    "": ("0.2", "x"),
}
PHASES = {  # what is one piece of a bar -> its colour, and the phases in it
    "Python, imports": ("#56B4E9", ("Python itself", "import")),
    "read, prepare": ("#F0E442", ("read, prepare", "make the model")),
    "trace, compile": ("#E69F00", ("trace", "compile", "trace and compile")),
    "epochs, evaluate": ("#009E73", ("first epoch", "other epochs", "evaluate")),
}
LINE = 0.21  # inches of a line of text
Panel = tuple[Callable[[Axes], None], float]  # what draws it, and the lines of text that it is high


def draw(findings: list[Findings], file: Path | BinaryIO) -> bool:
    """Write a picture with a panel for each kind of findings; return whether there was something to draw."""
    points = [point for found in findings for point in found.points if not point.skipped]
    starts = [start for found in findings for start in found.starts]
    small = [panel_of_axis(points, axis) for axis in TITLES if any(point.axis == axis for point in points)]
    small += [(partial(draw_starts, starts=starts), 2 * len(starts) + 2)] if starts else []
    if not small:
        return False
    rows = [small[i : i + 2] for i in range(0, len(small), 2)]
    lines = ratio_lines(answer for found in findings for answer in found.answers)
    where = ", on a loaded machine" if any(found.load.get("loaded") for found in findings) else ""
    rows = [[(partial(draw_ratios, lines=lines, where=where), len(lines) + 3)], *rows] if lines else rows
    heights = [max(lines for _, lines in row) + 4 for row in rows]
    figure = Figure(figsize=(13, LINE * sum(heights)), layout="constrained", facecolor="white")
    for row, places in zip(rows, figure.subfigures(len(rows), height_ratios=heights, squeeze=False)[:, 0], strict=True):
        for (panel, _), axes in zip(row, places.subplots(1, len(row), squeeze=False).flat, strict=True):
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(labelsize=9)
            panel(axes)
    figure.savefig(file, dpi=90, format="png")
    return True


def panel_of_axis(points: Sequence[Point], axis: str) -> Panel:
    """Return the panel of one axis."""
    return partial(draw_axis, points=[point for point in points if point.axis == axis], axis=axis), 15


def mark_of(name: str) -> tuple[str, str]:
    """Return the colour and the mark of a tool."""
    return next(mark for begin, mark in MARKS.items() if name.startswith(begin))


def ratio_lines(answers: Iterable[Answer]) -> list[tuple[str, list[Answer]]]:
    """Return the lines of the panel of ratios: a job without answers, and below it each peer with those against it."""
    lines: dict[tuple[str, str], list[Answer]] = {}
    for answer in answers:
        if answer.figure == "theirs / ours":
            lines.setdefault((answer.job, ""), [])
            lines.setdefault((answer.job, answer.against), []).append(answer)
    return [(against or job, group) for (job, against), group in lines.items()]


def draw_ratios(axes: Axes, lines: list[tuple[str, list[Answer]]], where: str) -> None:
    """Draw how many times faster each of ours is than each peer, with its interval (of too few, its range)."""
    shown: dict[tuple[str, str], tuple[object, list[str]]] = {}  # mark -> what was drawn with it, whose it is
    for height, (_, group) in enumerate(lines):
        for place, answer in enumerate(group):
            colour, mark = mark_of(answer.ours)
            y, bounds = (
                height + 0.26 * (place - (len(group) - 1) / 2),
                answer.interval or (min(answer.figures), max(answer.figures)),
            )
            axes.plot(bounds, (y, y), color=colour, linewidth=1.6)
            [drawn] = axes.plot(answer.median, y, color=colour, marker=mark, linestyle="", markersize=5)
            names = shown.setdefault((colour, mark), (drawn, []))[1]
            names += [answer.ours] if answer.ours not in names else []
    axes.axvspan(0, 1, color="0.94")
    axes.axvline(1, color="0.3", linewidth=1)
    axes.set(xscale="log", ylim=(len(lines) - 0.4, -0.6))
    axes.set_yticks(range(len(lines)), [shorten(name, 55, placeholder=" …") for name, _ in lines])
    for label, (_, group) in zip(axes.get_yticklabels(), lines, strict=True):
        label.set(fontweight="normal" if group else "bold")
    axes.tick_params(axis="y", length=0)
    axes.xaxis.set_major_locator(LogLocator(10, subs=(1, 3)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda ratio, _: f"{ratio:g} ×"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.grid(axis="x", color="0.88", linewidth=0.8)
    titled(axes, f"how many times faster dnn is{where} (grey: the other tool is faster)")
    handles, names = [drawn for drawn, _ in shown.values()], [" / ".join(names) for _, names in shown.values()]
    axes.legend(
        handles,
        names,
        ncols=len(shown),
        loc="upper right",
        bbox_to_anchor=(1, -1.6 / len(lines)),
        frameon=False,
        fontsize=9,
    )


def draw_axis(axes: Axes, points: list[Point], axis: str) -> None:
    """Draw the seconds of each contender along one axis."""
    lines = {
        name: {point.value: seconds(point) for point in points if point.contender == name}
        for name in dict.fromkeys(point.contender for point in points)
    }
    if axis != "rows":
        lines[ROOF] = {point.value: statistics.median(point.roof) for point in points if point.roof}
    for name, line in lines.items():
        colour, mark = mark_of(name)
        style = "--" if name == ROOF else "-"
        axes.plot(list(line), list(line.values()), color=colour, marker=mark, linestyle=style, markersize=5)
    axes.set(xscale="log", yscale="log", xlabel=axis)
    values = sorted({point.value for point in points})
    axes.set_xlim(values[0] / 1.3, values[-1] * (values[-1] / values[0]) ** 0.45)  # room for the names
    axes.set_ylim(axes.get_ylim()[0], axes.get_ylim()[1] * 1.5)
    axes.xaxis.set_major_locator(FixedLocator(values))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_major_locator(LogLocator(10))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: duration(value)))
    for ticks in (axes.xaxis, axes.yaxis):
        ticks.set_minor_locator(NullLocator())
        ticks.set_minor_formatter(NullFormatter())
    axes.grid(color="0.88", linewidth=0.8)
    titled(axes, TITLES[axis])
    name_lines(axes, lines)


def name_lines(axes: Axes, lines: dict[str, dict[int, float]]) -> None:
    """Write the name of each line at its end, with a dotted line of its colour to it."""
    low, high = map(math.log, axes.get_ylim())
    ends = {name: (end := max(line), line[end]) for name, line in lines.items()}
    wanted = sorted(((math.log(y) - low) / (high - low), name) for name, (_, y) in ends.items())
    places = spread_out([height for height, _ in wanted], 0.07)
    right = math.exp(0.06 * math.log(axes.get_xlim()[1] / axes.get_xlim()[0]))
    for place, (_, name) in zip(places, wanted, strict=True):
        x, y = ends[name]
        at = max(max(line) for line in lines.values()) * right, math.exp(low + place * (high - low))
        hair = {
            "arrowstyle": "-",
            "color": mark_of(name)[0],
            "linewidth": 1,
            "linestyle": ":",
            "shrinkA": 2,
            "shrinkB": 4,
            "relpos": (0, 0.5),
        }
        box = {"facecolor": "white", "edgecolor": "none", "pad": 1}
        axes.annotate(name, (x, y), at, color="0.15", fontsize=9, va="center", arrowprops=hair, bbox=box)


def spread_out(heights: list[float], apart: float) -> list[float]:
    """Return rising heights that are at least so far apart, at most 0.96, and else where they were.

    Args:
        heights: In rising order, as shares of an axis.
        apart: The least distance of two.
    """
    spread: list[float] = []
    for height in heights:
        spread.append(max(height, spread[-1] + apart) if spread else height)
    highest = 0.96
    for i in reversed(range(len(spread))):
        spread[i] = min(spread[i], highest - apart * (len(spread) - 1 - i))
    return spread


def seconds(point: Point) -> float:
    """Return the median seconds of a step, or on the axis of rows of an epoch."""
    step = statistics.median(point.step_seconds)
    return step * point.value / BATCH if point.axis == "rows" else step


def draw_starts(axes: Axes, starts: list[Start]) -> None:
    """Draw each program as a bar of its phases, below its name."""
    for height, start in enumerate(starts):
        end = 0.0
        for colour, phases in PHASES.values():
            width = sum(start.phases.get(phase, 0) for phase in phases)
            axes.barh(height, width, 0.42, end, color=colour, edgecolor="white", linewidth=0.6)
            end += width
        axes.text(end, height, f" {duration(end)}", va="center", fontsize=9, fontweight="bold")
        axes.text(0, height - 0.26, start.program, va="bottom", fontsize=9)
    axes.set(ylim=(len(starts) - 0.6, -0.75), yticks=[], xlabel="seconds")
    axes.margins(x=0.12)
    axes.spines["left"].set_visible(False)
    handles = [axes.barh(0, 0, color=colour) for colour, _ in PHASES.values()]
    axes.legend(handles, PHASES, ncols=4, loc="upper center", bbox_to_anchor=(0.45, -0.12), frameon=False, fontsize=9)
    titled(axes, "a whole process, from Python's start to its end")


def titled(axes: Axes, title: str) -> None:
    """Write the title of a panel."""
    axes.set_title(title, loc="left", fontsize=11, fontweight="bold")
