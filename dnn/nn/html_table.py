"""A small HTML table for notebooks: what `_repr_html_` of models, estimators and scores is made of."""

import html
from collections.abc import Iterable, Sequence

from dnn.control import plain_lines


def small_table(
    header: Sequence[str], rows: Iterable[Sequence[str]], *, caption: str = "", left: int = 1, below: Iterable[str] = ()
) -> str:
    """Return a table without a style of its own: that of the notebook, light or dark, holds.

    Args:
        header: A title for each column; none: the table has no head.
        rows: The cells, plain texts; all texts are escaped here.
        caption: Above the table.
        left: How many columns are flush left; the others, of numbers, are flush right.
        below: Lines below the table.
    """
    head = f"<thead>{_row(header, 'th', left)}</thead>" if header else ""
    body = "".join(_row(row, "td", left) for row in rows)
    title = f"<p><b>{html.escape(plain_lines(caption))}</b></p>" if caption else ""
    lines = "<br>".join(html.escape(plain_lines(line)) for line in below)
    return f"{title}<table>{head}<tbody>{body}</tbody></table>" + (f"<p>{lines}</p>" if lines else "")


def _row(cells: Sequence[str], element: str, left: int) -> str:
    sides = ["left"] * left + ["right"] * (len(cells) - left)
    parts = (
        f'<{element} style="text-align: {side}">{html.escape(plain_lines(cell))}</{element}>'
        for side, cell in zip(sides, cells, strict=True)
    )
    return f"<tr>{''.join(parts)}</tr>"
