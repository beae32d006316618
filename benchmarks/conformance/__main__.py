"""Measure every piece of dnn beside Keras and beside exact arithmetic.

    python -m benchmarks.conformance [--compact]
    python -m benchmarks.conformance --show        # the last table, compact, without measuring anything

Writes benchmarks/conformance/table.json and table.md, and prints all rows, in red those whose error is above Keras's,
however little; with --compact, as Markdown, a line for each piece and unit. Exit code 1 if an error is above its bound.
"""

import argparse
import os
import sys
from datetime import date

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from rich.console import Console
from rich.progress import track
from rich.table import Table as Screen

from benchmarks.conformance.comparison import rows_of
from benchmarks.conformance.pieces import comparisons
from benchmarks.conformance.table import MARKDOWN, RECORD, Table, compact, figures, markdown, read, remark, written
from benchmarks.machine import print_any_sign, processor, versions


def main() -> None:
    """Measure, write and print the table."""
    print_any_sign()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compact", action="store_true", help="print Markdown, a line for each piece and unit")
    parser.add_argument("--show", action="store_true", help="print the last table, compact, and measure nothing")
    options = parser.parse_args()
    if options.show:
        print(compact(read(RECORD.read_text("utf-8"))), end="")
        return
    table = measured()
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


def measured() -> Table:
    """Return the rows of all pieces, over all their inputs, as this machine computes them."""
    progress = track(comparisons(), "measuring", console=Console(stderr=True), transient=True)
    rows = [row for comparison in progress for row in rows_of(comparison)]
    installed = {name: version for name, version in versions().items() if name in ("python", "tensorflow", "keras")}
    return Table(rows, processor(), installed, str(date.today()))


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
