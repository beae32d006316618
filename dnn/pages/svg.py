"""A matplotlib figure as a small inline SVG: its colours are those of the page, its texts stay texts.

matplotlib's own file would differ from run to run, and its ids would meet those of the next chart in the same page.
"""

import io
import re
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

from dnn.control import plain_lines
from dnn.pages.page import escaped

if TYPE_CHECKING:
    from matplotlib.figure import Figure

INK, QUIET, LINE, ACCENT, NEGATIVE, POSITIVE = "#010101", "#020202", "#030303", "#040404", "#050505", "#060606"
"""Stand-ins, which become custom properties of the page."""
PROPERTIES = MappingProxyType(
    {
        INK: "currentColor",
        QUIET: "var(--muted)",
        LINE: "var(--border)",
        ACCENT: "var(--accent)",
        NEGATIVE: "var(--negative)",
        POSITIVE: "var(--positive)",
    }
)
SERIES = (ACCENT, NEGATIVE, POSITIVE, QUIET)
DASHES = ("-", "--")
SETTINGS: Mapping[Any, Any] = MappingProxyType(
    {
        "svg.fonttype": "none",
        "text.parse_math": False,  # a column may be called $x$
        "font.family": "sans-serif",
        "font.size": 10,
        "text.color": INK,
        "axes.labelcolor": INK,
        "axes.edgecolor": QUIET,
        "xtick.color": QUIET,
        "ytick.color": QUIET,
        "xtick.labelcolor": INK,
        "ytick.labelcolor": INK,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": LINE,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.facecolor": "none",
        "axes.formatter.use_mathtext": False,
        "axes.unicode_minus": True,
        "figure.facecolor": "none",
        "savefig.facecolor": "none",
        "legend.frameon": False,
        "path.simplify": True,
    }
)
NAMESPACE = re.compile(r"\{[^}]*\}")
FAMILY = re.compile(r"font-family: [^;]*;? ?")  # that of the page
SHORT_FONT = re.compile(r"font: (?:[\w-]+ )*?([\d.]+px)[^;]*")  # the same, as older versions write it
REFERENCE = re.compile(r"#([\w-]+)")
WORD = re.compile(r"[^\w-]")


def chart(
    draw: Callable[[Any], None],
    *,
    name: str,
    title: str,
    tells: str,
    size: tuple[float, float] = (4.6, 3.2),
    margins: tuple[float, float] = (0.8, 0.55),
) -> str:
    """Return a chart as an HTML figure.

    Args:
        draw: Draws into the matplotlib Axes that it is given.
        name: Of the chart, the only one of this name in its page.
        title: Plain text above it.
        tells: In words what it shows, for those who do not see it, and as the caption.
        size: Width and height in inches of 72 px.
        margins: What is left of the axes and below, in inches; a layout that looks for them takes twice the time.

    Returns:
        HTML.
    """
    from matplotlib.figure import Figure  # here, since no other command needs pictures

    with _drawing(name):
        (width, height), (left, below) = size, margins
        figure = Figure(figsize=size)
        box = (left / width, below / height, 1 - (left + 0.15) / width, 1 - (below + 0.2) / height)
        draw(figure.add_axes(box))
        source = _svg(figure)
    picture = inline(source, name=name, title=title, tells=tells)
    return f"<figure>\n<h3>{escaped(title)}</h3>\n{picture}\n<figcaption>{escaped(tells)}</figcaption>\n</figure>"


def inline(source: str, *, name: str, title: str, tells: str) -> str:
    """Return an SVG file of matplotlib as an element of a page.

    Args:
        source: The file.
        name: Goes before each id.
        title: For those who do not see it.
        tells: The same, in more words.

    Returns:
        `<svg>` without namespaces, metadata, width and font; with title and description.
    """
    root = ElementTree.fromstring(source)
    used = {reference for element in root.iter() for reference in _references(element)}
    prefix = WORD.sub("-", name)
    for element in root.iter():
        for child in [child for child in element if NAMESPACE.sub("", str(child.tag)) in ("metadata", "style")]:
            element.remove(child)
        element.tail = None
        if not (element.text or "").strip():
            element.text = None
        element.tag = NAMESPACE.sub("", str(element.tag))
        element.attrib = dict(_attributes(element, used, prefix))
    view = root.attrib["viewBox"]
    labels = {"role": "img", "aria-labelledby": f"{prefix}-title {prefix}-desc"}
    root.attrib = {"viewBox": view, "width": view.split()[2], **labels}
    for index, (tag, text) in enumerate((("title", title), ("desc", tells))):
        element = ElementTree.Element(tag, {"id": f"{prefix}-{tag}"})
        element.text = plain_lines(text)
        root.insert(index, element)
    return ElementTree.tostring(root, encoding="unicode", short_empty_elements=True)


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


def series_style(index: int) -> dict[str, str]:
    """Return how a line among others is drawn.

    Args:
        index: Of the line, from 0.

    Returns:
        Its color and linestyle; eight differ.
    """
    dash = DASHES[index // len(SERIES) % len(DASHES)]
    return {"color": SERIES[index % len(SERIES)], "linestyle": dash}


@contextmanager
def _drawing(name: str) -> Iterator[None]:
    import matplotlib as mpl

    with mpl.rc_context(), warnings.catch_warnings():
        mpl.rcdefaults()  # whatever a user's own file says
        mpl.rcParams.update({**SETTINGS, "svg.hashsalt": name})
        warnings.filterwarnings("ignore", message=".*Glyph.*missing from")  # the browser has the font
        yield


def _svg(figure: "Figure") -> str:
    file = io.StringIO()
    figure.savefig(file, format="svg", metadata={"Date": None})
    return plain_lines(file.getvalue())  # names are the only text there that can have control characters


def _references(element: ElementTree.Element) -> list[str]:
    return [
        found
        for key, value in element.attrib.items()
        if key.endswith("href") or "url(" in value
        for found in REFERENCE.findall(value)
    ]


def _attributes(element: ElementTree.Element, used: set[str], prefix: str) -> Iterator[tuple[str, str]]:
    """Yield the attributes in the words of the page; an id that nothing refers to is left out."""
    for key, value in element.attrib.items():
        key = NAMESPACE.sub("", key)
        if key == "id":
            if value in used:
                yield key, f"{prefix}-{value}"
        elif key == "href" or "url(" in value:
            yield key, REFERENCE.sub(rf"#{prefix}-\1", value)
        elif key == "style":
            yield key, _style(value)
        else:
            yield key, PROPERTIES.get(value, value)


def _style(value: str) -> str:
    value = SHORT_FONT.sub(r"font-size: \1", FAMILY.sub("", value))
    for colour, instead in PROPERTIES.items():
        value = value.replace(colour, instead)
    return value
