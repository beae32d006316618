"""The columns of a table in a few words each: kind, missing cells, and what the others are."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt


def column_summary(columns: Mapping[str, npt.NDArray[Any]]) -> list[dict[str, Any]]:
    """Return what is in each column, as plain values for JSON.

    Args:
        columns: float64[rows], with NaN where a cell is empty, or object[rows] of str, with "".

    Returns:
        Of each column: column, kind, missing, distinct; of numbers least, mean, most (None without any); of categories
        frequent, up to three of them with their rows.
    """
    return [
        {"column": name, **(_of_categories(cells) if cells.dtype.kind == "O" else _of_numbers(cells))}
        for name, cells in columns.items()
    ]


def _of_numbers(cells: npt.NDArray[Any]) -> dict[str, Any]:
    present = cells[~np.isnan(cells)]
    figures = {"least": present.min, "mean": present.mean, "most": present.max}
    return {
        "kind": "numeric",
        "missing": int(len(cells) - len(present)),
        "distinct": len(np.unique(present)),
        **{name: float(figure()) if len(present) else None for name, figure in figures.items()},
    }


def _of_categories(cells: npt.NDArray[Any]) -> dict[str, Any]:
    counts = Counter(cells.tolist())
    missing = counts.pop("", 0)
    frequent = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))[:3]
    return {
        "kind": "category",
        "missing": missing,
        "distinct": len(counts),
        "frequent": [list(pair) for pair in frequent],
    }
