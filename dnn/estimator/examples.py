"""Rows with their targets, as an estimator gets them: from a table and a column's name, or from X and y."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.frames import are_records, is_lazy
from dnn.data.options import ReadOptions
from dnn.data.table import Column, Table
from dnn.estimator import scikit_learn

RowIndices = npt.NDArray[np.intp]


class Examples(NamedTuple):
    """Rows to learn from.

    columns: [rows] by name. target: [rows]. weights: float32[rows], or None: all weigh 1. options: how they were read.
    notes: what the reader decided.
    """

    columns: dict[str, Column]
    target: npt.NDArray[Any]
    weights: npt.NDArray[np.float32] | None = None
    options: ReadOptions = ReadOptions()
    notes: tuple[str, ...] = ()

    def take(self, rows: RowIndices) -> "Examples":
        """Return the rows of these indices."""
        columns = {name: cells[rows] for name, cells in self.columns.items()}
        weights = None if self.weights is None else self.weights[rows]
        return Examples(columns, self.target[rows], weights, self.options, self.notes)


def examples_of(
    read: Callable[[Any], Table], X: Any, y: Any = None, sample_weight: Any = None, target: str | None = None
) -> Examples:
    """Return the rows of X with their targets.

    Args:
        read: Makes a table of X.
        X: Whatever `read` takes; a matrix is checked as scikit-learn does.
        y: [rows]. None: the target is a column of X.
        sample_weight: float[rows]. None: all weigh 1.
        target: Name of the column of X to predict, where y is None.

    Raises:
        ValueError: If y and target are both given, or neither, or do not fit X.
    """
    if y is not None and target is not None:
        raise ValueError(f"both y and target={target!r} were given; the target is either an array or a column of X")
    table = read(scikit_learn.checked_matrix(X) if is_matrix(X) else X)
    if target is None:
        columns, values = table.columns, scikit_learn.checked_target(y, table.rows)
    else:
        values, columns = target_values(X, table, target), table.without(target).columns
    if not columns:
        raise ValueError(f"{table.source} has no column besides the target {target!r}")
    if sample_weight is None:
        return Examples(dict(columns), values, None, table.options, table.notes)
    weights = scikit_learn.checked_sample_weight(sample_weight, len(values))
    rows = Examples(dict(columns), values, weights, table.options, table.notes)
    return rows if weights.all() else rows.take(np.flatnonzero(weights))  # what weighs nothing is not learnt from


def target_values(X: Any, table: Table, name: str) -> npt.NDArray[Any]:
    """Return the target as X has it: a frame's truth values and whole numbers are no categories and no floats.

    Args:
        X: What the table was read from.
        table: X as a table.
        name: Name of the target's column.

    Raises:
        ValueError: If the table has no such column.
    """
    cells = table.column(name)
    if isinstance(X, str | Path | Table):
        return cells
    try:
        raw = np.asarray(X[name])
    except (KeyError, IndexError, TypeError, ValueError):  # what is no mapping of columns, or has other names
        return cells
    if raw.shape != cells.shape or raw.dtype.kind not in "OUfiub":
        return cells
    kinds = {type(value) for value in raw.tolist()} if raw.dtype.kind == "O" else set()
    return np.array(raw.tolist()) if kinds in ({bool}, {int}) else raw


def is_matrix(X: Any) -> bool:
    """Whether X is rows of cells without names: an array, a list, or a sparse matrix, which will be refused."""
    if are_records(X) or is_lazy(X):
        return False
    named = hasattr(X, "__arrow_c_stream__") or hasattr(X, "columns")
    return isinstance(X, list | tuple) or hasattr(X, "tocsr") or (hasattr(X, "__array__") and not named)


def held_out(strata: npt.NDArray[Any], share: float, seed: int) -> tuple[RowIndices, RowIndices]:
    """Draw rows for validation: the share of each stratum, rounded, so a class of few rows may have none of them.

    Args:
        strata: int[rows], the class of each row, or zeros.
        share: Of the rows, in [0, 1).
        seed: The same seed draws the same rows.

    Returns:
        The indices of the training rows and of the validation rows, each ascending.

    Raises:
        ValueError: If the share is out of its range.
    """
    if not 0 <= share < 1:
        raise ValueError(f"validation must be a share of the rows in [0, 1), got {share!r}")
    random = np.random.default_rng(seed)
    held = [
        random.permutation(np.flatnonzero(strata == stratum))[: int(count * share + 0.5)]
        for stratum, count in zip(*np.unique(strata, return_counts=True), strict=True)
    ]
    validation = np.sort(np.concatenate(held))
    return np.setdiff1d(np.arange(len(strata)), validation), validation
