"""A chart of a page as a small inline SVG: its colours are those of the page, its texts stay texts."""

from collections.abc import Callable
from typing import TypedDict

from dnn.control import plain_lines
from dnn.pages.axes import ACCENT, INK, LINE, QUIET, Axes
from dnn.pages.page import escaped

__all__ = ["ACCENT", "INK", "LINE", "NEGATIVE", "POSITIVE", "QUIET", "chart", "series_style", "short"]

NEGATIVE, POSITIVE = "var(--negative)", "var(--positive)"
SERIES = (ACCENT, NEGATIVE, POSITIVE, QUIET)
SERIES_DASHES = ("-", "--")
INCH = 72  # px


class SeriesStyle(TypedDict):
    """How a line among others is drawn, as `Axes.plot` takes it."""

    color: str
    linestyle: str


def chart(
    draw: Callable[[Axes], None],
    *,
    name: str,
    title: str,
    tells: str,
    size: tuple[float, float] = (4.6, 3.2),
    margins: tuple[float, float] = (0.8, 0.55),
) -> str:
    """Return a chart as an HTML figure.

    Args:
        draw: Draws into the axes that it is given.
        name: Of the chart, the only one of this name in its page.
        title: Plain text above it.
        tells: In words what it shows, for those who do not see it, and as the caption.
        size: Width and height in inches of 72 px.
        margins: What is left of the axes and below, in inches.

    Returns:
        HTML.
    """
    width, height = (INCH * side for side in size)
    axes = Axes(width, height, *(INCH * margin for margin in margins))
    draw(axes)
    one = "".join(sign if sign.isalnum() or sign in "_-" else "-" for sign in name)
    root = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" role="img" aria-labelledby="{one}-title {one}-desc"'
    told = f'<title id="{one}-title">{_plain(title)}</title><desc id="{one}-desc">{_plain(tells)}</desc>'
    picture = f'<svg {root} fill="currentColor" font-size="10">{told}{"".join(axes.elements())}</svg>'
    return f"<figure>\n<h3>{escaped(title)}</h3>\n{picture}\n<figcaption>{escaped(tells)}</figcaption>\n</figure>"


def short(name: object, most: int = 28) -> str:
    """Return a name in one line of at most `most` characters.

    Args:
        name: Of a column or a class.
        most: Characters.

    Returns:
        The name, or its beginning and "…".
    """
    line = " ".join(str(name).split())
    return line if len(line) <= most else f"{line[: most - 1]}…"


def series_style(index: int) -> SeriesStyle:
    """Return how a line among others is drawn.

    Args:
        index: Of the line, from 0.

    Returns:
        Its color and linestyle; eight differ.
    """
    dash = SERIES_DASHES[index // len(SERIES) % len(SERIES_DASHES)]
    return {"color": SERIES[index % len(SERIES)], "linestyle": dash}


def _plain(text: str) -> str:
    return escaped(plain_lines(text))
