"""Numbers that are too large to compute with are refused with their place, before something overflows."""

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from dnn.data.feature_columns import LARGEST
from dnn.data.table import Table, at_most

if TYPE_CHECKING:
    from dnn.data.features import Features

SUSPECT = 1e15  # numbers up to this overflow no float32 on any scale that is learnt of ordinary numbers


def refuse_too_large(table: Table) -> None:
    """Refuse numbers beyond ±1e150, of which nothing is learnt. Raises: ValueError, a line for each column."""
    rows = _largest(table, table.columns, LARGEST)
    _refuse(table, rows, f"; numbers must be within ±{LARGEST:g}")


def refuse_overflow(table: Table, features: "Features") -> None:
    """Refuse numbers that become an infinity on the scale of training. Raises: ValueError, a line for each column."""
    rows = _largest(table, features.numeric, SUSPECT)
    if rows:
        suspects = list(rows.values())
        values = np.asarray(features({name: table.columns[name][suspects] for name in features.kinds}))
        finite = np.isfinite(values).all(axis=1)
        overflown = {name: row for (name, row), fits in zip(rows.items(), finite, strict=True) if not fits}
        _refuse(table, overflown, ": on the scale of training it overflows")


def _largest(table: Table, names: Collection[str], beyond: float) -> dict[str, int]:
    """Return the row of the largest number of each column that has one beyond a bound."""
    rows = {}
    for name in names:
        cells = table.columns[name]
        if cells.dtype.kind == "f" and (np.abs(cells) > beyond).any():
            rows[name] = int(np.nanargmax(np.abs(cells)))
    return rows


def _refuse(table: Table, rows: dict[str, int], why: str) -> None:
    if rows:
        places = ((f"{table.source}, {table.location(row)}, column {name!r}", name, row) for name, row in rows.items())
        raise ValueError(
            at_most(f"{place}: {table.columns[name][row]:g} is too large{why}" for place, name, row in places)
        )
