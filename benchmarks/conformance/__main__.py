"""Measure every piece of dnn beside Keras and beside exact arithmetic.

    python -m benchmarks.conformance [--compact]
    python -m benchmarks.conformance --new         # measures what the last table lacks, on the same machine
    python -m benchmarks.conformance --show        # the last table, compact, without measuring anything

Writes benchmarks/conformance/table.json and table.md, and prints all rows, in red those whose error is above Keras's,
however little; with --compact, as Markdown, a line for each piece and unit. Exit code 1 if an error is above its bound.
"""

import argparse
import os
import sys
from collections.abc import Mapping
from datetime import date

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from rich.console import Console
from rich.progress import track
from rich.table import Table as Screen

from benchmarks.conformance.comparison import Comparison, Row, rows_of
from benchmarks.conformance.pieces import comparisons
from benchmarks.conformance.table import MARKDOWN, RECORD, Table, compact, figures, markdown, read, remark, written
from benchmarks.machine import print_any_sign, processor, versions


def main() -> None:
    """Measure, write and print the table."""
    print_any_sign()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compact", action="store_true", help="print Markdown, a line for each piece and unit")
    parser.add_argument("--show", action="store_true", help="print the last table, compact, and measure nothing")
    parser.add_argument("--new", action="store_true", help="keep the last table's rows, and measure those it lacks")
    options = parser.parse_args()
    if options.show:
        print(compact(read(RECORD.read_text("utf-8"))), end="")
        return
    table = measured(read(RECORD.read_text("utf-8")) if options.new else None)
    RECORD.write_text(written(table), "utf-8")
    MARKDOWN.write_text(markdown(table), "utf-8")
    if options.compact:
        print(compact(table), end="")
    else:
        show(table, Console(width=max(160, Console().width)))  # in fewer columns some would be cut to dots
    wrong = [row for row in table.rows if row.wrong]
    for row in wrong:
        print(f"{', '.join(row.key)}: {row.wrong}", file=sys.stderr)
    sys.exit(1 if wrong else 0)


def measured(last: Table | None = None) -> Table:
    """Return the rows of all pieces, over all their inputs, as this machine computes them.

    Args:
        last: Whose rows stay, where they have the bounds of the code; None: all are measured.
    """
    installed = {name: version for name, version in versions().items() if name in ("python", "tensorflow", "keras")}
    if last is not None and (last.processor, last.versions) != (processor(), installed):
        sys.exit(f"the last table was measured {last.where}: here all rows must be measured, without --new")
    known = {row.key: row for row in last.rows} if last else {}
    progress = track(comparisons(), "measuring", console=Console(stderr=True), transient=True)
    rows = [row for comparison in progress for row in known_rows(comparison, known) or rows_of(comparison)]
    return Table(rows, processor(), installed, str(date.today()))


def known_rows(comparison: Comparison, known: Mapping[tuple[str, ...], Row]) -> list[Row]:
    """Return the rows of a comparison that were measured before, with its bounds; none if one is missing."""
    keys = [(comparison.name, part.name, comparison.domain, comparison.dtype) for part in comparison.parts]
    rows = [known[key] for key in keys if key in known]
    stated = [(part.bound, part.keras_bits) for part in comparison.parts]
    return rows if [(row.bound, row.keras_bits) for row in rows] == stated else []


def show(table: Table, console: Console) -> None:
    """Print all rows, and how many are red."""
    names = ("piece", "result", "inputs", "dtype", "unit", "difference", "ours", "Keras's", "bound", "why")
    screen = Screen(*names)
    for row in table.rows:
        style = "bold red" if row.is_red else None
        screen.add_row(row.piece, row.part, row.domain, row.dtype, row.unit, *figures(row), remark(row), style=style)
    console.print(screen)
    red = sum(row.is_red for row in table.rows)
    style = "bold red" if red else "bold green"
    console.print(f"{len(table.rows)} rows; in {red} our error is above Keras's, however little", style=style)
    console.print(f"measured {table.where}")


if __name__ == "__main__":
    main()
