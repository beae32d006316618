"""The table as JSON, as Markdown with every row, and as Markdown with a line for each piece and unit."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

from conformance.measure import UNITS
from conformance.piece import Row
from conformance.reasons import reason, why_large

RECORD = Path(__file__).parent / "table.json"
MARKDOWN = Path(__file__).parent / "table.md"
DTYPES = ("float32", "float64", "bfloat16")
RED = "🔴"
HEADING = """# Conformance

Every piece of `dnn` beside Keras and beside exact arithmetic, on the same numbers, drawn from seeds: made by
`python scripts/conformance.py`, operation by operation, as in graph mode. Errors and differences are the largest of
all numbers compared. ∞: a NaN, or an infinity, where there is a number. {red}: our error is above Keras's, by however
little. The last column says why it is, or why it is less than half of Keras's, or why it is more than 20 units. The
units:

{units}
"""


def written(rows: Sequence[Row], first: Sequence[Row]) -> str:
    """The JSON of the rows, one a line, and of those over the first chunk of inputs alone, which a test measures again.

    JSON has no infinity: it is the text "inf".
    """
    return f'{{"rows": {_lines(rows)}, "first chunk": {_lines(first)}}}\n'


def read(text: str) -> tuple[list[Row], list[Row]]:
    """The rows of the JSON, and those over the first chunk of inputs alone."""
    record = json.loads(text)
    rows, first = (
        [Row(**{name: math.inf if value == "inf" else value for name, value in row.items()}) for row in record[part]]
        for part in ("rows", "first chunk")
    )
    return rows, first


def markdown(rows: Sequence[Row]) -> str:
    """Every row, under what it counts in."""
    units = "\n".join(f"- {name}: {' '.join(unit.__doc__.split())}" for name, unit in UNITS.items())
    lines = [
        "| piece | of it | inputs | dtype | numbers | unit | difference | our error | Keras's error | why |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        figures = (figure(x) for x in (row.difference, row.our_error, row.keras_error))
        cells = (row.piece, row.part, row.domain, row.dtype, f"{row.numbers:,}", row.unit, *figures, remark(row))
        lines.append("| " + " | ".join(cells) + " |")
    return HEADING.format(red=RED, units=units) + "\n" + "\n".join(lines) + "\n"


def compact(rows: Sequence[Row]) -> str:
    """A line for each piece and unit, and of each dtype the largest difference, our largest error and Keras's, of all
    rows of the piece that count in that unit; below, the rows that are red, and those of a large error."""
    lines = ["| piece | unit | " + " | ".join(DTYPES) + " |", "|---" * (2 + len(DTYPES)) + "|"]
    for piece, unit in dict.fromkeys((row.piece, row.unit) for row in rows):
        ours = [row for row in rows if (row.piece, row.unit) == (piece, unit)]
        cells = (_summary([row for row in ours if row.dtype == dtype]) for dtype in DTYPES)
        lines.append(f"| {piece} | {unit} | " + " | ".join(cells) + " |")
    red = [row for row in rows if row.is_red]
    lines += ["", f"{RED}: in {len(red)} of {len(rows)} rows our error is above Keras's, by however little.", ""]
    lines += [f"- {', '.join(row.key)}: {row.our_error:.6g} / {row.keras_error:.6g}, {reason(row)}" for row in red]
    large = [row for row in rows if row.is_large]
    lines += ["", f"In {len(large)} rows our error is more than 20 units:", ""]
    for why in dict.fromkeys(why_large(row) for row in large):
        named = dict.fromkeys(f"{row.piece} in {row.dtype}" for row in large if why_large(row) == why)
        lines.append(f"- {'; '.join(named)}: {why}")
    return "\n".join(lines) + "\n"


def figure(x: float | None) -> str:
    """Two digits, or ∞; a dash for none."""
    if x is None:
        return "–"
    return "∞" if math.isinf(x) else f"{x:.2g}"


def remark(row: Row) -> str:
    """`reason`, marked if our error is above Keras's."""
    return f"{RED} {reason(row)}" if row.is_red else reason(row)


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = ([row.difference for row in rows], [row.our_error for row in rows], [row.keras_error for row in rows])
    difference, ours, keras_s = (max((x for x in column if x is not None), default=None) for column in columns)
    mark = f" {RED}" if any(row.is_red for row in rows) else ""
    return f"{figure(difference)}; {figure(ours)} / {figure(keras_s)}{mark}"


def _lines(rows: Sequence[Row]) -> str:
    lines = [json.dumps({name: _storable(value) for name, value in dataclasses.asdict(row).items()}) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]"


def _storable(value):
    return "inf" if value == math.inf else value
