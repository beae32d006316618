"""The table as JSON, as Markdown with every row, and as Markdown with a line for each piece."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path

from conformance.measure import UNITS
from conformance.piece import Row
from conformance.reasons import reason

RECORD = Path(__file__).parent / "table.json"
MARKDOWN = Path(__file__).parent / "table.md"
DTYPES = ("float32", "float64", "bfloat16")
RED = "🔴"
HEADING = """# Conformance

Every piece of `dnn` beside Keras and beside exact arithmetic, on the same numbers, drawn from seeds: made by
`python scripts/conformance.py`, operation by operation, as in graph mode. Errors and differences are the largest of
all numbers compared. ∞: a NaN, or an infinity, where there is a number. {red}: our error is above Keras's. The last
column says why it is, or why it is less than half of Keras's. The units:

{units}
"""


def written(rows: Sequence[Row]) -> str:
    """The JSON of the rows, one a line. JSON has no infinity: it is the text "inf"."""
    lines = [json.dumps({name: _storable(value) for name, value in dataclasses.asdict(row).items()}) for row in rows]
    return "[\n" + ",\n".join(lines) + "\n]\n"


def read(text: str) -> list[Row]:
    """The rows of the JSON."""
    return [Row(**{name: math.inf if value == "inf" else value for name, value in row.items()})
            for row in json.loads(text)]  # fmt: skip


def markdown(rows: Sequence[Row]) -> str:
    """Every row, under what it counts in."""
    units = "\n".join(f"- {name}: {' '.join(unit.__doc__.split())}" for name, unit in UNITS.items())
    lines = ["| piece | of it | inputs | dtype | numbers | unit | difference | our error | Keras's error | why |",
             "|---|---|---|---|---|---|---|---|---|---|"]  # fmt: skip
    for row in rows:
        figures = (figure(x) for x in (row.difference, row.our_error, row.keras_error))
        cells = (row.piece, row.part, row.domain, row.dtype, f"{row.numbers:,}", row.unit, *figures, remark(row))
        lines.append("| " + " | ".join(cells) + " |")
    return HEADING.format(red=RED, units=units) + "\n" + "\n".join(lines) + "\n"


def compact(rows: Sequence[Row]) -> str:
    """A line for each piece, and of each dtype the largest difference, our largest error and Keras's, of all its rows;
    below, the rows that are red."""
    lines = ["| piece | " + " | ".join(DTYPES) + " |", "|---" * (1 + len(DTYPES)) + "|"]
    for piece in dict.fromkeys(row.piece for row in rows):
        cells = (_summary([row for row in rows if (row.piece, row.dtype) == (piece, dtype)]) for dtype in DTYPES)
        lines.append(f"| {piece} | " + " | ".join(cells) + " |")
    red = [row for row in rows if row.is_red]
    lines += ["", f"{RED}: in {len(red)} of {len(rows)} rows our error is above Keras's.", ""]
    lines += [f"- {', '.join(row.key)}: {row.our_error:.3g} / {row.keras_error:.3g}, {reason(row)}" for row in red]
    return "\n".join(lines) + "\n"


def figure(x: float | None) -> str:
    """Two digits, or ∞; a dash for none."""
    if x is None:
        return "–"
    return "∞" if math.isinf(x) else f"{x:.2g}"


def remark(row: Row) -> str:
    """Why our error is above Keras's, marked, or why it is less than half of Keras's."""
    return f"{RED} {reason(row)}" if row.is_red else reason(row)


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = ([row.difference for row in rows], [row.our_error for row in rows], [row.keras_error for row in rows])
    difference, ours, keras_s = (max((x for x in column if x is not None), default=None) for column in columns)
    mark = f" {RED}" if any(row.is_red for row in rows) else ""
    return f"{figure(difference)}; {figure(ours)} / {figure(keras_s)}{mark}"


def _storable(value):
    return "inf" if value == math.inf else value
