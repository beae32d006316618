"""The table as JSON, as Markdown with every row, and as Markdown with a line for each piece and unit."""

import dataclasses
import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.conformance.comparison import Row
from benchmarks.conformance.measure import UNITS
from benchmarks.conformance.reasons import reason, why_large

RECORD = Path(__file__).parent / "table.json"
MARKDOWN = Path(__file__).parent / "table.md"
DTYPES = ("float32", "float64", "bfloat16")
RED = "🔴"
HEADING = """# Conformance

Every piece of `dnn` beside Keras and beside exact arithmetic, on the same numbers, drawn from seeds, operation by
operation, as in graph mode. Errors and differences are the largest of all numbers compared.

Measured by `python -m benchmarks.conformance` {where}.
Another processor gives other last digits: the tests hold each row to its bound, which follows from the arithmetic alone
([bounds.py](bounds.py)), and, where the difference is marked =, to Keras's very bits.

{subnormals}

∞: a NaN, or an infinity, where there is a number. {red}: our error is above Keras's, however little. The last column
says why it is, or why it is less than half of Keras's, or why it is more than 20 units. The units:

{units}
"""


SUBNORMALS = """Subnormal numbers, those below the least normal one of a dtype, are 0 in most operations of TensorFlow,
and so in Keras: none are among the inputs, and an error below 1,000 times the least normal number counts as one of that
size."""


@dataclasses.dataclass(frozen=True)
class Table:
    """The rows, and where and with what they were measured.

    Args:
        rows: In the order of the pieces.
        processor: Its name.
        versions: Of Python, TensorFlow and Keras.
        date: ISO.
    """

    rows: Sequence[Row]
    processor: str
    versions: dict[str, str]
    date: str

    @property
    def where(self) -> str:
        """The date, the processor and the versions, for a reader."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return f"on {self.date}, on {self.processor}; {versions}"


def written(table: Table) -> str:
    """Return the table as JSON, each row on a line. JSON has no infinity: it is the string "inf"."""
    about = {"date": table.date, "processor": table.processor, "versions": table.versions}
    lines = [json.dumps({name: _storable(x) for name, x in dataclasses.asdict(row).items()}) for row in table.rows]
    rows = ",\n".join(lines)
    return f'{{"measured": {json.dumps(about)},\n"rows": [\n{rows}\n]}}\n'


def read(text: str) -> Table:
    """Return the table of the JSON."""
    record = json.loads(text)
    rows = [
        Row(**{name: math.inf if value == "inf" else value for name, value in row.items()}) for row in record["rows"]
    ]
    return Table(rows, **record["measured"])


def markdown(table: Table) -> str:
    """Return every row, below what its errors are counted in."""
    units = "\n".join(f"- {name}: {' '.join(str(unit.__doc__).split())}" for name, unit in UNITS.items())
    lines = [
        "| piece | result | inputs | dtype | numbers | unit | difference | our error | Keras's error | bound | why |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for row in table.rows:
        cells = (row.piece, row.part, row.domain, row.dtype, f"{row.numbers:,}", row.unit, *figures(row), remark(row))
        lines.append("| " + " | ".join(cells) + " |")
    return (
        HEADING.format(where=table.where, red=RED, units=units, subnormals=SUBNORMALS) + "\n" + "\n".join(lines) + "\n"
    )


def compact(table: Table) -> str:
    """Return a line for each piece and unit: for each dtype the largest difference, our largest error and Keras's.

    Below it stand the rows that are red, those of a large error, and where it was measured.
    """
    rows = table.rows
    lines = ["| piece | unit | " + " | ".join(DTYPES) + " |", "|---" * (2 + len(DTYPES)) + "|"]
    for piece, unit in dict.fromkeys((row.piece, row.unit) for row in rows):
        ours = [row for row in rows if (row.piece, row.unit) == (piece, unit)]
        cells = (_summary([row for row in ours if row.dtype == dtype]) for dtype in DTYPES)
        lines.append(f"| {piece} | {unit} | " + " | ".join(cells) + " |")
    red = [row for row in rows if row.is_red]
    lines += ["", f"{RED}: in {len(red)} of {len(rows)} rows our error is above Keras's, however little.", ""]
    lines += [f"- {', '.join(row.key)}: {row.our_error:.6g} / {row.keras_error:.6g}, {reason(row)}" for row in red]
    large = [row for row in rows if row.is_large]
    lines += ["", f"In {len(large)} rows our error is more than 20 units:", ""]
    for why in dict.fromkeys(why_large(row) for row in large):
        named = dict.fromkeys(f"{row.piece} in {row.dtype}" for row in large if why_large(row) == why)
        lines.append(f"- {'; '.join(named)}: {why}")
    return "\n".join([*lines, "", SUBNORMALS.replace("\n", " "), "", f"Measured {table.where}."]) + "\n"


def figures(row: Row) -> tuple[str, str, str, str]:
    """Return the difference, our error, Keras's error and the bound, as they are shown."""
    difference = figure(row.difference) + (" =" if row.keras_bits else "")
    return difference, figure(row.our_error), figure(row.keras_error), figure(row.bound)


def figure(x: float | None) -> str:
    """Return two digits, or ∞, or a dash for None."""
    if x is None:
        return "–"
    return "∞" if math.isinf(x) else f"{x:.2g}"


def remark(row: Row) -> str:
    """Return `reason`, marked if our error is above Keras's."""
    return f"{RED} {reason(row)}" if row.is_red else reason(row)


def _summary(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    columns = ([row.difference for row in rows], [row.our_error for row in rows], [row.keras_error for row in rows])
    difference, ours, keras_s = (max((x for x in column if x is not None), default=None) for column in columns)
    mark = f" {RED}" if any(row.is_red for row in rows) else ""
    return f"{figure(difference)}; {figure(ours)} / {figure(keras_s)}{mark}"


def _storable(value: Any) -> Any:
    return "inf" if value == math.inf else value
