"""The rectangle between the axes: where its ends are, how data become px, its grid, its ticks and their labels."""

import unicodedata
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.pages.page import escaped
from dnn.pages.ticks import tick_labels, ticks

Points: TypeAlias = tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]

MARGIN = 0.05  # of the data's range, beyond them
FAR = 1e300  # beyond it numbers are drawn as this: differences would overflow
SAME = 1e-12  # of a number: ends nearer than this are moved apart
LETTER = 5.6  # px, about, of a letter of 10 px
TICK, GAP = 3.5, 3.0  # px


class Box:
    """A rectangle of a picture, in px, and the range of the data in it.

    Args:
        left: Its left side.
        top: Its upper side.
        right: Its right side.
        bottom: Its lower side.
    """

    def __init__(self, left: float, top: float, right: float, bottom: float) -> None:
        self.left, self.top, self.right, self.bottom = left, top, right, bottom
        self.limits: dict[str, Sequence[float]] = {}
        self.ticks: dict[str, list[tuple[float, str]]] = {}
        self.from_zero: set[str] = set()  # axes of bars, which begin at their end
        self.rotation, self.downwards, self.whole = 0.0, False, False

    def fit(self, shapes: Sequence[Points]) -> None:
        """Choose the ends that were not given, and the ticks.

        Args:
            shapes: x and y of what is drawn.
        """
        for axis, values in (("x", [x for x, _ in shapes]), ("y", [y for _, y in shapes])):
            if axis not in self.limits:
                placed = [np.array([place for place, _ in self.ticks.get(axis, [])])]
                self.limits[axis] = _ends(np.concatenate([*values, *placed]), axis in self.from_zero)
        length = {"x": (self.right - self.left) / 45, "y": (self.bottom - self.top) / 22}
        for axis, (low, high) in self.limits.items():
            if axis not in self.ticks:
                places = ticks(low, high, max(2, int(length[axis])), whole=self.whole and axis == "x")
                self.ticks[axis] = list(zip(places, tick_labels(places), strict=True))

    def pixels(self, x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Points:
        """Return where data are in the picture; an infinity is at the end of its axis.

        Args:
            x: Numbers.
            y: Numbers, as many.

        Returns:
            x and y in px.
        """
        down, up = (self.top, self.bottom) if self.downwards else (self.bottom, self.top)
        return self._along("x", x, self.left, self.right), self._along("y", y, down, up)

    def _along(self, axis: str, values: npt.NDArray[np.float64], first: float, last: float) -> npt.NDArray[np.float64]:
        low, high = self.limits[axis]
        placed = np.where(np.isinf(values), np.where(values > 0, high, low), values)
        return first + (last - first) * ((np.clip(placed, -FAR, FAR) - low) / (high - low))

    def frame(self, grid: str, line: str, across: str, up: str, size: tuple[float, float]) -> Iterator[str]:
        """Yield the grid, the axes, and their texts: the names first, then the labels of the ticks.

        Args:
            grid: Colour.
            line: Colour of the axes.
            across: The name of the lower axis.
            up: The name of the left axis.
            size: Of the picture, in px.
        """
        x = [(float(self.pixels(np.array([at]), np.zeros(1))[0][0]), text) for at, text in self.ticks["x"]]
        y = [(float(self.pixels(np.zeros(1), np.array([at]))[1][0]), text) for at, text in self.ticks["y"]]
        lines = [f"M{at:.1f} {self.top:.1f}V{self.bottom:.1f}" for at, _ in x]
        lines += [f"M{self.left:.1f} {at:.1f}H{self.right:.1f}" for at, _ in y]
        yield f'<path d="{"".join(lines)}" fill="none" stroke="{grid}" stroke-width="0.8"/>'
        marks = [f"M{at:.1f} {self.bottom:.1f}v{TICK}" for at, _ in x] + [
            f"M{self.left:.1f} {at:.1f}h-{TICK}" for at, _ in y
        ]
        around = f"M{self.left:.1f} {self.top:.1f}V{self.bottom:.1f}H{self.right:.1f}"
        yield f'<path d="{around}{"".join(marks)}" fill="none" stroke="{line}" stroke-width="0.8"/>'
        middle, centre = (self.left + self.right) / 2, (self.top + self.bottom) / 2
        if across:
            yield f'<text x="{middle:.1f}" y="{size[1] - 5:.1f}" text-anchor="middle">{escaped(across)}</text>'
        if up:
            turned = f'transform="translate(11 {centre:.1f}) rotate(-90)" text-anchor="middle"'
            yield f"<text {turned}>{escaped(up)}</text>"
        yield from (self._below(at, text) for at, text in x)
        right = self.left - TICK - GAP
        yield from (
            f'<text x="{right:.1f}" y="{at + 3.5:.1f}" text-anchor="end">{escaped(text)}</text>' for at, text in y
        )

    def _below(self, at: float, text: str) -> str:
        y = self.bottom + TICK + GAP + 7
        if not self.rotation:
            return f'<text x="{at:.1f}" y="{y:.1f}" text-anchor="middle">{escaped(text)}</text>'
        turned = f'transform="translate({at + 3:.1f} {y - 3:.1f}) rotate(-{self.rotation:g})" text-anchor="end"'
        return f"<text {turned}>{escaped(text)}</text>"

    def free_place(
        self, width: float, height: float, shapes: Sequence[Points], places: Sequence[tuple[float, float]]
    ) -> tuple[float, float]:
        """Return the left upper corner of a rectangle in which the least is drawn.

        Args:
            width: Of the rectangle.
            height: Of the rectangle.
            shapes: x and y of what is drawn, in px.
            places: Where it may be, as shares of the free width and height.
        """
        drawn = [_dense(*shape) for shape in shapes] or [(np.zeros(0), np.zeros(0))]
        x, y = np.concatenate([each for each, _ in drawn]), np.concatenate([each for _, each in drawn])
        corners = [
            (
                self.left + GAP + across * (self.right - self.left - width - 2 * GAP),
                self.top + down * (self.bottom - self.top - height),
            )
            for across, down in places
        ]
        inside = [
            int(((x >= left) & (x <= left + width) & (y >= top) & (y <= top + height)).sum()) for left, top in corners
        ]
        return corners[int(np.argmin(inside))]


def path_of(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64], kind: str, size: float) -> str:
    """Return the path of points in px; what is not a number parts it.

    Args:
        x: Of the points.
        y: Of the points.
        kind: "line", "area", "dots" or "strokes".
        size: Of a stroke.
    """
    pairs = [(f"{across:.1f}", f"{up:.1f}") for across, up in zip(x, y, strict=True)]
    if kind == "dots":
        return "".join(f"M{across} {up}h0" for across, up in dict.fromkeys(pairs) if "nan" not in (across, up))
    if kind == "strokes":
        return "".join(f"M{across} {at - size / 2:.1f}v{size:g}" for (across, _), at in zip(pairs, y, strict=True))
    parts = [list(part) for there, part in groupby(pairs, lambda pair: "nan" not in pair) if there]
    end = "Z" if kind == "area" else ""
    return "".join(f"M{'L'.join(f'{across} {up}' for across, up in _thinned(part))}{end}" for part in parts)


def text_width(text: str) -> float:
    """Return about how wide a text is, in px.

    Args:
        text: One line.
    """
    return sum(LETTER * (1 + (unicodedata.east_asian_width(sign) in "WF")) for sign in text)


def _thinned(points: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """Leave out points that are the one before, or between two on a level or upright line."""
    kept: list[tuple[str, str]] = []
    for point in points:
        while len(kept) > 1 and any(_between(kept[-2], kept[-1], point, axis) for axis in (0, 1)):
            kept.pop()
        if not kept or point != kept[-1]:
            kept.append(point)
    return kept


def _between(one: tuple[str, str], middle: tuple[str, str], other: tuple[str, str], same: int) -> bool:
    if not one[same] == middle[same] == other[same]:
        return False
    first, last = sorted((float(one[1 - same]), float(other[1 - same])))
    return first <= float(middle[1 - same]) <= last


def _dense(x: npt.NDArray[np.float64], y: npt.NDArray[np.float64]) -> Points:
    """Return the points of lines, and some on the way between each two."""
    share = np.linspace(0, 1, 8)
    return tuple(np.append(np.add.outer(v[:-1], share * 0) + np.outer(np.diff(v), share), v[-1:]) for v in (x, y))  # type: ignore[return-value]


def _ends(values: npt.NDArray[np.float64], from_zero: bool) -> tuple[float, float]:
    present = np.clip(values[np.isfinite(values)], -FAR, FAR)
    if not present.size:
        return 0.0, 1.0
    low, high = float(present.min()), float(present.max())
    if high - low <= SAME * max(abs(low), abs(high)) or high - low < 1 / FAR:
        apart = abs(low) * MARGIN or MARGIN
        return low - apart, high + apart
    margin = (high - low) * MARGIN
    bottom = low if from_zero and low == 0 else low - margin
    return bottom, high if from_zero and high == 0 else high + margin
