"""Rows are dealt to training, validation and test parts: by seed, class by class, each row to one part."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dnn.data.labels import Labels
from dnn.data.table import Table


class Part(NamedTuple):
    """Some rows of a table. columns: name -> [rows]; target: [rows]; rows: int64[rows], ascending, their places."""

    columns: dict[str, np.ndarray]
    target: np.ndarray
    rows: np.ndarray


def split(
    table: Table, target: str, *, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0
) -> tuple[Part, ...]:
    """The parts, one for each fraction, with the share of each class kept (stratified).

    target: the column to predict; the other columns are the parts' columns.
    fractions: positive, sum 1. Each part gets its share of each class within one row, and at least one row.
    seed: int >= 0; the same seed deals the same rows.
    Raises: ValueError for an unknown target, one class or more than 1,000, or a class with fewer rows than parts.
    """
    places = split_rows(table.column(target), fractions=fractions, seed=seed)
    columns = table.without(target).columns
    if not columns:
        raise ValueError(f"{table.source} has no column besides the target {target!r}")
    return tuple(
        Part({name: cells[rows] for name, cells in columns.items()}, table.columns[target][rows], rows)
        for rows in places
    )


def split_rows(target: np.ndarray, *, fractions: Sequence[float], seed: int) -> list[np.ndarray]:
    """The places of each part's rows: int64, ascending, disjoint, together all. Raises: ValueError as `split`."""
    fractions = tuple(fractions)
    if not fractions or not all(0 < fraction <= 1 for fraction in fractions) or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {fractions}")
    random = np.random.default_rng(seed)
    labels = Labels(target)
    numbers = labels(target)
    by_class = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    parts = [[] for _ in fractions]
    for name, rows in zip(labels.names, by_class, strict=True):
        ends = np.cumsum(_sizes(len(rows), fractions, name))
        for part, piece in zip(parts, np.split(random.permutation(rows), ends[:-1]), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def _sizes(rows: int, fractions: tuple[float, ...], name: str) -> np.ndarray:
    """Rows of one class for each part: its share rounded down, at least one; then each in need gets or gives one."""
    if rows < len(fractions):
        raise ValueError(f"class {name!r} has {rows} rows, too few to split into {len(fractions)} parts")
    shares = np.multiply(fractions, rows)
    sizes = np.maximum(np.floor(shares).astype(int), 1)
    while sizes.sum() < rows:
        sizes[np.argmax(shares - sizes)] += 1
    while sizes.sum() > rows:
        sizes[np.argmax(np.where(sizes > 1, sizes - shares, -np.inf))] -= 1
    return sizes
