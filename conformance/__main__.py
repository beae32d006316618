"""Make the table: every piece of dnn beside Keras and beside exact arithmetic.

    python scripts/conformance.py [--compact]

Writes conformance/table.json and conformance/table.md, and prints all rows, those in red whose error is above Keras's,
by however little; with --compact, as Markdown, a line for each piece and unit.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

from rich.console import Console
from rich.progress import track
from rich.table import Table

from conformance.piece import rows_of
from conformance.pieces import all_rows, pieces
from conformance.table import MARKDOWN, RECORD, compact, figure, markdown, remark, written


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compact", action="store_true", help="print Markdown, a line for each piece and unit")
    options = parser.parse_args()
    progress = track(pieces(), "measuring", console=Console(stderr=True), transient=True)
    rows = [row for piece in progress for row in rows_of(piece)]
    RECORD.write_text(written(rows, all_rows(chunks=1)))
    MARKDOWN.write_text(markdown(rows))
    if options.compact:
        print(compact(rows), end="")
    else:
        show(rows, Console(width=max(160, Console().width)))  # or nothing but dots would be left of some columns


def show(rows, console: Console) -> None:
    """All rows, and how many are red."""
    table = Table("piece", "of it", "inputs", "dtype", "unit", "difference", "ours", "Keras's", "why")
    for row in rows:
        figures = (figure(x) for x in (row.difference, row.our_error, row.keras_error))
        style = "bold red" if row.is_red else None
        table.add_row(row.piece, row.part, row.domain, row.dtype, row.unit, *figures, remark(row), style=style)
    console.print(table)
    red = sum(row.is_red for row in rows)
    style = "bold red" if red else "bold green"
    console.print(f"{len(rows)} rows; in {red} our error is above Keras's, by however little", style=style)


if __name__ == "__main__":
    main()
