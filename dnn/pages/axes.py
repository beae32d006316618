"""What a chart draws into: lines, marks and areas in the units of the data, which become the elements of an SVG.

The methods are named as those of matplotlib's Axes, with the few arguments that the charts here need: a page of thirty
charts takes matplotlib a second and this a hundredth of it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.pages.page import escaped
from dnn.pages.plot_box import Box, path_of, text_width

INK, QUIET, LINE, ACCENT = "currentColor", "var(--muted)", "var(--border)", "var(--accent)"
DASHES = {"-": "", ":": "1.5 2.5", "--": "5.5 2.4"}
MARKS = ("o", ".", "|")
GAP, ROW = 3.0, 13.0  # px: around a text, of a line of text
SAMPLE = 22.0  # px: of a line in the legend
PLACES = ((1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (0.0, 0.5), (1.0, 0.5), (0.5, 1.0), (0.5, 0.0), (0.5, 0.5))


class Shape(NamedTuple):
    """What is drawn in one colour: the points of a path, NaN between its parts, and the attributes of the element.

    kind: "line", "area", "dots" or "strokes"; size: of a dot or a stroke, in px.
    """

    x: npt.NDArray[np.float64]
    y: npt.NDArray[np.float64]
    kind: str
    color: str
    dash: str = ""
    alpha: float = 1.0
    size: float = 1.5

    def element(self, path: str) -> str:
        """Return the element that has this path."""
        alpha = f' opacity="{self.alpha:g}"' if self.alpha < 1 else ""
        if self.kind == "area":
            return f'<path d="{path}" fill="{self.color}"{alpha}/>'
        more = f' stroke-dasharray="{self.dash}"' if self.dash else ""
        more += ' stroke-linecap="round"' if self.kind == "dots" else ""
        width = 1 if self.kind == "strokes" else self.size
        return f'<path d="{path}" fill="none" stroke="{self.color}" stroke-width="{width:g}"{more}{alpha}/>'


class Axes:
    """The rectangle of a chart between its axes.

    Args:
        width: Of the picture, in px.
        height: Of the picture.
        left: What is left free at the left of the axes, for labels.
        below: The same below them.
    """

    def __init__(self, width: float, height: float, left: float, below: float) -> None:
        self.box = Box(left, 14.0, width - 11.0, height - below)
        self.size = width, height
        self.shapes: list[Shape] = []
        self.named: list[tuple[str, list[Shape]]] = []
        self.labels = {"xlabel": "", "ylabel": ""}
        self.legends: tuple[str, str] | None = None

    def plot(
        self,
        x: Iterable[float],
        y: Iterable[float],
        form: str = "-",
        *,
        color: str = ACCENT,
        linestyle: str = "",
        marker: str = "",
        markersize: float = 6.0,
        alpha: float = 1.0,
        label: str = "",
    ) -> None:
        """Draw a line through points, or marks at them, or both; a NaN interrupts it.

        Args:
            x: Of the points.
            y: Of the points.
            form: "-", "--" or ":", then "o", "." or "|"; either may be left out.
            color: As SVG has it.
            linestyle: In place of that of `form`; "none" draws no line.
            marker: In place of that of `form`.
            markersize: In px.
            alpha: Opacity.
            label: For the legend; "" is not in it.
        """
        marker = marker or next((mark for mark in MARKS if form.endswith(mark)), "")
        dash = linestyle or form.removesuffix(marker)
        points, drawn = (_numbers(x), _numbers(y)), []
        if dash in DASHES:
            drawn.append(Shape(*points, "line", color, DASHES[dash], alpha))
        if marker:
            size = markersize / 2 if marker == "." else markersize
            drawn.append(Shape(*points, "strokes" if marker == "|" else "dots", color, "", alpha, size))
        self._add(drawn, label)

    def step(self, x: Sequence[float], y: Sequence[float], *, color: str) -> None:
        """Draw stairs that have the value of a point from the one before it on.

        Args:
            x: Of the points.
            y: Of the points.
            color: As SVG has it.
        """
        self.plot(np.repeat(x, 2)[:-1], np.repeat(y, 2)[1:], color=color)

    def axvline(self, x: float, *, color: str, linestyle: str, label: str = "") -> None:
        """Draw a line from the lower to the upper end.

        Args:
            x: Where.
            color: As SVG has it.
            linestyle: As for `plot`.
            label: For the legend.
        """
        self._add([Shape(np.array([x, x]), np.array([-np.inf, np.inf]), "line", color, DASHES[linestyle])], label)

    def axhline(self, y: float, *, color: str, linestyle: str) -> None:
        """Draw a line from the left to the right end.

        Args:
            y: Where.
            color: As SVG has it.
            linestyle: As for `plot`.
        """
        self._add([Shape(np.array([-np.inf, np.inf]), np.array([y, y]), "line", color, DASHES[linestyle])])

    def fill_between(
        self, x: Sequence[float], low: Sequence[float], high: Sequence[float], *, color: str, alpha: float
    ) -> None:
        """Fill what is between two lines.

        Args:
            x: Of both.
            low: Of one.
            high: Of the other.
            color: As SVG has it.
            alpha: Opacity.
        """
        around = np.concatenate([_numbers(x), _numbers(x)[::-1]]), np.concatenate([_numbers(low), _numbers(high)[::-1]])
        self._add([Shape(*around, "area", color, alpha=alpha)])

    def barh(self, places: Iterable[float], lengths: Sequence[float], *, color: str, alpha: float) -> None:
        """Draw horizontal bars from 0 on.

        Args:
            places: Of their middles, which are 1 apart.
            lengths: Of the bars.
            color: As SVG has it.
            alpha: Opacity.
        """
        x = [each for length in lengths for each in (0, length, length, 0, np.nan)]
        y = [each for place in places for each in (place - 0.4, place - 0.4, place + 0.4, place + 0.4, np.nan)]
        self._add([Shape(_numbers(x), _numbers(y), "area", color, alpha=alpha)])
        self.box.from_zero.add("x")

    def stairs(self, counts: Sequence[float], edges: Sequence[float], *, color: str, alpha: float) -> None:
        """Fill a histogram.

        Args:
            counts: The height of each bin.
            edges: Of the bins, one more.
            color: As SVG has it.
            alpha: Opacity.
        """
        x, y = np.repeat(_numbers(edges), 2), np.concatenate([[0], np.repeat(_numbers(counts), 2), [0]])
        self._add([Shape(x, y, "area", color, alpha=alpha)])
        self.box.from_zero.add("y")

    def set(self, **settings: Any) -> None:
        """Set what the axes are called, and where they end.

        Args:
            **settings: xlabel, ylabel: plain texts. xlim, ylim: two numbers.
        """
        self.labels |= {name: str(text) for name, text in settings.items() if name in self.labels}
        self.box.limits |= {name[0]: ends for name, ends in settings.items() if name.endswith("lim")}

    def set_xticks(self, places: Sequence[float], labels: Sequence[str], *, rotation: float = 0.0) -> None:
        """Say which ticks the lower axis has.

        Args:
            places: Of the ticks.
            labels: Plain texts.
            rotation: Of the texts, in degrees, around their ends.
        """
        self.box.ticks["x"], self.box.rotation = list(zip(map(float, places), labels, strict=True)), rotation

    def set_yticks(self, places: Sequence[float], labels: Sequence[str]) -> None:
        """Say which ticks the left axis has.

        Args:
            places: Of the ticks.
            labels: Plain texts.
        """
        self.box.ticks["y"] = list(zip(map(float, places), labels, strict=True))

    def invert_yaxis(self) -> None:
        """Let the left axis run down."""
        self.box.downwards = True

    def whole_x(self) -> None:
        """Let the ticks of the lower axis be whole numbers."""
        self.box.whole = True

    def legend(self, *, title: str = "", loc: str = "") -> None:
        """Show what the labels are, where the least is drawn.

        Args:
            title: Above them.
            loc: "lower right": there.
        """
        self.legends = title, loc

    def elements(self) -> Iterator[str]:
        """Yield the elements of the picture, the texts of the legend last."""
        box = self.box
        box.fit([(shape.x, shape.y) for shape in self.shapes])
        yield from box.frame(LINE, QUIET, self.labels["xlabel"], self.labels["ylabel"], self.size)
        for shape in self.shapes:
            yield shape.element(path_of(*box.pixels(shape.x, shape.y), shape.kind, shape.size))
        if self.legends is not None and self.named:
            yield from self._legend(*self.legends)

    def _add(self, shapes: list[Shape], label: str = "") -> None:
        self.shapes += shapes
        if label:
            self.named.append((label, shapes))

    def _legend(self, title: str, loc: str) -> Iterator[str]:
        rows, wide = [title] * bool(title) + [name for name, _ in self.named], SAMPLE + 3 * GAP
        width, height = wide + max(map(text_width, rows)), ROW * len(rows) + 2 * GAP
        points = [self.box.pixels(shape.x, shape.y) for shape in self.shapes]
        left, top = self.box.free_place(width, height, points, PLACES[3:4] if loc else PLACES)
        if title:
            yield f'<text x="{left + GAP:.1f}" y="{top + ROW - 2:.1f}">{escaped(title)}</text>'
        for row, (name, shapes) in enumerate(self.named, start=bool(title)):
            y = top + ROW * (row + 0.5) + GAP
            for shape in shapes:
                ends = [SAMPLE / 2] if shape.kind != "line" else [0, SAMPLE]
                yield shape.element(path_of(left + GAP + np.array(ends), np.full(len(ends), y), shape.kind, shape.size))
            yield f'<text x="{left + 2 * GAP + SAMPLE:.1f}" y="{y + 3.5:.1f}">{escaped(name)}</text>'


def _numbers(values: Iterable[float]) -> npt.NDArray[np.float64]:
    return np.array(values if isinstance(values, np.ndarray) else list(values), np.float64)
