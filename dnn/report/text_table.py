"""Tables as lines of text: columns that are as wide as what they hold, and names that cannot break a line.

Nothing is ever cut off: whoever has a narrow screen asks `width_of` first, and lays the table out otherwise.
"""

from collections.abc import Sequence

from rich.cells import cell_len

from dnn.control import without_control

GAP = "  "


def printable(text: str, widest: int = 40) -> str:
    """Return the text on one line, without signs that steer a terminal, shortened in the middle to `widest` columns.

    Control characters and those that turn the direction of writing are shown as Python escapes them.

    >>> printable("[bold]\\x1b[1m\\n"), printable("abcdefghij", widest=5)
    ('[bold]\\\\x1b[1m\\\\n', 'ab…ij')
    """
    escaped = without_control(text)
    if cell_len(escaped) <= widest:
        return escaped
    tail = (widest - 1) // 2
    return f"{_fitting(escaped, widest - 1 - tail)}…{_fitting(escaped[::-1], tail)[::-1]}"


def aligned(rows: Sequence[Sequence[str]], *, left: int = 1, indent: str = GAP) -> list[str]:
    """Return a line for each row: the first `left` columns flush left, the others flush right.

    >>> aligned([["class", "rows"], ["cook", "3"]])
    ['  class  rows', '  cook      3']
    """
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        spaces = [" " * (width - cell_len(cell)) for width, cell in zip(widths, row, strict=True)]
        cells = [
            cell + space if number < left else space + cell
            for number, (cell, space) in enumerate(zip(row, spaces, strict=True))
        ]
        lines.append(f"{indent}{GAP.join(cells)}".rstrip())
    return lines


def width_of(lines: Sequence[str]) -> int:
    """Return the columns that the widest line takes; an ideograph takes two."""
    return max(map(cell_len, lines), default=0)


def counted_things(count: int, thing: str = "row") -> str:
    """Return "1 row", "2,000 rows"."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def _fitting(text: str, widest: int) -> str:
    """Return the longest beginning of the text that fits."""
    width = 0
    for number, sign in enumerate(text):
        width += cell_len(sign)
        if width > widest:
            return text[:number]
    return text
