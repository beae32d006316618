"""The frame of every page: one HTML file with its style and script inside, which loads nothing from anywhere.

Its colours are the custom properties below, each for light and for dark, with a contrast of at least 4.5:1 as text on
both `--background` and `--surface`.
"""

import html
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

from dnn.control import plain_lines

LIGHT = MappingProxyType(
    {
        "text": "#1b1f24",
        "muted": "#57606a",
        "background": "#ffffff",
        "surface": "#f4f6f8",
        "border": "#d0d7de",
        "accent": "#0b5cad",
        "negative": "#b3261e",
        "positive": "#1a6b34",
    }
)
DARK = MappingProxyType(
    {
        "text": "#e8eaed",
        "muted": "#a3abb5",
        "background": "#14171b",
        "surface": "#1e2329",
        "border": "#3a424c",
        "accent": "#7cb7ff",
        "negative": "#ff9b8f",
        "positive": "#7ed492",
    }
)

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"


def properties(colours: Iterable[tuple[str, str]]) -> str:
    """Return colours by name as CSS's custom properties."""
    return " ".join(f"--{name}: {colour};" for name, colour in colours)


STYLE = f"""
:root {{ color-scheme: light dark; {properties(LIGHT.items())} }}
@media (prefers-color-scheme: dark) {{ :root {{ {properties(DARK.items())} }} }}
* {{ box-sizing: border-box; }}
body {{ margin: 0 auto; padding: 1rem; max-width: 70rem; background: var(--background); color: var(--text);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }}
h1 {{ font-size: 1.6rem; line-height: 1.25; }}
h2 {{ font-size: 1.25rem; margin: 2rem 0 .5rem; border-bottom: 1px solid var(--border); }}
h3 {{ font-size: 1rem; margin: 1.25rem 0 .25rem; }}
p {{ max-width: 45rem; }}
a {{ color: var(--accent); }}
small, figcaption, caption, .muted {{ color: var(--muted); font-size: .875rem; }}
code, pre {{ font: .875rem/1.4 ui-monospace, monospace; }}
pre, .scroll {{ overflow-x: auto; max-width: 100%; }}
.tall {{ max-height: 20rem; overflow-y: auto; }}
pre {{ background: var(--surface); padding: .75rem; }}
table {{ border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }}
caption {{ text-align: left; padding: .25rem 0; min-width: min(22rem, 80vw); }}
th, td {{ padding: .25rem .6rem; border-bottom: 1px solid var(--border); text-align: left; vertical-align: top;
  overflow-wrap: normal; }}
th {{ font-weight: 600; }}
td.number, th.number {{ text-align: right; white-space: nowrap; }}
figure {{ margin: 1rem 0; }}
.charts {{ display: grid; gap: 0 1.5rem; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); }}
.charts > * {{ min-width: 0; }}
svg {{ max-width: 100%; height: auto; }}
summary, input, button {{ font: inherit; color: inherit; }}
summary {{ cursor: pointer; padding: .25rem 0; }}
label {{ display: inline-block; padding: .25rem .75rem .25rem 0; }}
input {{ background: var(--background); border: 1px solid var(--muted); padding: .25rem .4rem; width: 8rem; }}
:focus-visible {{ outline: 2px solid var(--accent); outline-offset: 2px; }}
@page {{ margin: 12mm; }}
@media print {{
  :root {{ color-scheme: light; {properties(LIGHT.items())} }}
  body {{ padding: 0; max-width: none; font-size: 10pt; }}
  table {{ font-size: 7pt; max-width: 100%; }}
  th, td {{ padding: .1rem .3rem; overflow-wrap: anywhere; }}
  figure, tr, h2, h3 {{ break-inside: avoid; }}
  h2, h3 {{ break-after: avoid; }}
  .scroll {{ overflow: visible; }}
  .tall {{ overflow: hidden; }}
  .screen-only {{ display: none; }}
}}
"""


def page(title: str, body: str, *, script: str = "", style: str = "") -> str:
    """Return a whole HTML page that loads nothing.

    Args:
        title: Plain text; it is escaped here.
        body: HTML of the main landmark, whose texts are escaped already.
        script: Plain JavaScript that runs after the body is there; no text of a user's data belongs in it.
        style: CSS besides the base style.

    Returns:
        HTML, to be written in UTF-8.

    Raises:
        ValueError: If the script or the style would end its own element.
    """
    for text, element in ((script, "script"), (style, "style")):
        if f"</{element}" in text.lower():
            raise ValueError(f"the {element} of a page must not hold </{element}")
    lines = [
        "<!DOCTYPE html>",
        '<html lang="en">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escaped(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escaped(title)}</title>",
        f"<style>{STYLE}{style}</style>",
        "</head>",
        "<body>",
        "<main>",
        body,
        "</main>",
        *([f"<script>\n{script}\n</script>"] if script else []),
        "</body>",
        "</html>",
    ]
    return "\n".join(lines) + "\n"


def escaped(text: object) -> str:
    """Return a text as HTML shows it, in an element or in a quoted attribute.

    Args:
        text: Anything; `str` of it is shown.

    Returns:
        The text without <, >, & and quotes; control characters are escaped as Python escapes them.

    Example:
        >>> escaped('<b> & "c"')
        '&lt;b&gt; &amp; &quot;c&quot;'
    """
    return html.escape(plain_lines(str(text)))


def section(heading: str, *parts: str) -> str:
    """Return a section of a page.

    Args:
        heading: Plain text.
        *parts: HTML.

    Returns:
        HTML.
    """
    return "\n".join(["<section>", f"<h2>{escaped(heading)}</h2>", *parts, "</section>"])


def paragraph(text: str) -> str:
    """Return a paragraph of plain text, as HTML.

    Args:
        text: Plain text.

    Returns:
        HTML.
    """
    return f"<p>{escaped(text)}</p>"


def charts(parts: Iterable[str | None]) -> str:
    """Return charts beside each other, as many as the screen is wide.

    Args:
        parts: HTML; None is left out.

    Returns:
        HTML.
    """
    return "\n".join(['<div class="charts">', *(part for part in parts if part is not None), "</div>"])


class Told(NamedTuple):
    """A number that a table shows by other words.

    Args:
        number: Its exact value, for `data-value`.
        text: What is shown.
    """

    number: float
    text: str


def html_table(
    header: Sequence[str], rows: Iterable[Sequence[Any]], *, caption: str = "", name: str = "", tall: bool = False
) -> str:
    """Return a table; numbers stand to the right, and have all their digits in `data-value`.

    Args:
        header: A title for each column, plain text.
        rows: The cells: plain texts, numbers, or None for an empty cell.
        caption: Plain text above it.
        name: Its id in the page.
        tall: Whether many rows are scrolled in a box of limited height.

    Returns:
        HTML; a table wider than the screen is scrolled in its own box.
    """
    rows = list(rows)
    numeric = {index for row in rows for index, cell in enumerate(row) if is_number(cell)}
    heads = (_head(title, index in numeric) for index, title in enumerate(header))
    box, identity = "scroll tall" if tall else "scroll", f' id="{escaped(name)}"' if name else ""
    label = escaped(caption or f"Table: {', '.join(filter(None, header))}")
    lines = [
        f'<div class="{box}" tabindex="0" role="group" aria-label="{label}"><table{identity}>',
        *([f"<caption>{escaped(caption)}</caption>"] if caption else []),
        f"<thead><tr>{''.join(heads)}</tr></thead>",
        "<tbody>",
        *(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows),
        "</tbody></table></div>",
    ]
    return "\n".join(lines)


def _head(title: str, numeric: bool) -> str:
    """Return the title of a column; a header without a text, which a screen reader would stumble over, is a cell."""
    if not title:
        return "<td></td>"
    return f'<th scope="col"{" class=number" if numeric else ""}>{escaped(title)}</th>'


def is_number(cell: object) -> bool:
    """Whether a cell is a number, which a truth value is not.

    Args:
        cell: Of a table.

    Returns:
        Whether it is an int or a float.
    """
    return isinstance(cell, int | float | Told) and not isinstance(cell, bool)


def _cell(cell: Any) -> str:
    if isinstance(cell, Told):
        return f'<td class="number" data-value="{cell.number!r}">{escaped(cell.text)}</td>'
    if isinstance(cell, int) and not isinstance(cell, bool):
        return f'<td class="number" data-value="{cell}">{cell:,}</td>'
    if isinstance(cell, float):
        return f'<td class="number" data-value="{cell!r}">{cell:.4g}</td>'
    return f"<td>{'' if cell is None else escaped(cell)}</td>"
