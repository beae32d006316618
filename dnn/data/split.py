"""Rows are dealt to training, validation and test parts: by seed, class by class, each row to one part."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import amounts_told, look_like_amounts
from dnn.data.labels import Labels
from dnn.data.table import Column, Table, numbers_of, plural

RowIndices = npt.NDArray[np.int64]


class Part(NamedTuple):
    """Some rows of a table.

    Attributes:
        columns: [rows] by column name, without the target.
        target: [rows], the column to predict.
        rows: int64[rows], the indices of the rows in the table, ascending.
    """

    columns: dict[str, Column]
    target: Column
    rows: RowIndices


def split(
    table: Table, target: str, *, fractions: Sequence[float] = (0.8, 0.1, 0.1), seed: int = 0, stratify: bool = True
) -> tuple[Part, ...]:
    """Deal the rows of a table to parts, with the share of each class kept (stratified).

    Each part gets its share of each class within one row, and at least one row.

    Args:
        table: Rows with the target and at least one other column.
        target: Name of the column to predict; the other columns are the parts' columns.
        fractions: Share of the rows for each part, positive, with sum 1.
        seed: int >= 0; the same seed deals the same rows.
        stratify: False for a target of amounts: each part gets its share of the rows, whatever their target.

    Returns:
        One part for each fraction, disjoint, together the whole table.

    Raises:
        ValueError: If the table has no such target or no other column, rows have no target, the target has one class or
            more than 1,000 or looks like amounts, there are fewer rows, of a class, than parts, or the fractions are
            not positive with sum 1.
    """
    check_target(table, target)
    fractions = _checked_fractions(fractions)
    try:
        indices = split_rows(table.column(target), fractions=fractions, seed=seed, stratify=stratify)
    except ValueError as error:
        if stratify and look_like_amounts(table.columns[target]):
            raise ValueError(amounts_told(repr(target), table.columns[target])) from None
        raise ValueError(f"{table.source}, column {target!r}: {error}") from None
    columns = table.without(target).columns
    if not columns:
        raise ValueError(f"{table.source} has no column besides the target {target!r}")
    return tuple(
        Part({name: cells[rows] for name, cells in columns.items()}, table.columns[target][rows], rows)
        for rows in indices
    )


def split_rows(target: Column, *, fractions: Sequence[float], seed: int, stratify: bool = True) -> list[RowIndices]:
    """Return the indices of each part's rows: ascending, disjoint, together all. Raises: ValueError as `split`."""
    fractions = _checked_fractions(fractions)
    random = np.random.default_rng(seed)
    parts: list[list[RowIndices]] = [[] for _ in fractions]
    classes = _by_class(target) if stratify else [("", np.arange(len(target)))]
    numbers = len(classes) > 2 and len(numbers_of(name for name, _ in classes)) == len(classes)
    for name, rows in classes:
        if len(rows) < len(fractions):
            raise ValueError(_too_few(len(rows), len(fractions), name, numbers))
        ends = np.cumsum(_sizes(len(rows), fractions))
        for part, piece in zip(parts, np.split(random.permutation(rows), ends[:-1]), strict=True):
            part.append(piece)
    return [np.sort(np.concatenate(part)) for part in parts]


def _checked_fractions(fractions: Sequence[float]) -> tuple[float, ...]:
    fractions = tuple(fractions)
    if not fractions or not all(0 < fraction <= 1 for fraction in fractions) or abs(sum(fractions) - 1) > 1e-9:
        raise ValueError(f"fractions must be positive and sum to 1, got {fractions}")
    return fractions


def check_target(table: Table, target: str) -> None:
    """Refuse a table with rows that have no target. Raises: ValueError with their number and the first one's place."""
    missing = np.flatnonzero(~table.has(target))
    if missing.size:
        count = f"{missing.size:,} of {plural(table.rows, 'row')} have no target {target!r}"
        first = f"the first in {table.location(int(missing[0]))}"
        raise ValueError(f"{table.source}: {count}, {first}; fill it in, or leave these rows out: --skip-unlabelled")


def labelled_rows(table: Table, target: str) -> Table:
    """Return the rows that have a target, with a note of how many are left out. Raises: ValueError if none has one."""
    known = table.has(target)
    left_out = unlabelled_notes(int((~known).sum()), table.rows, target)
    return replace(table.where(known), notes=(*left_out, *table.notes)) if left_out else table


def unlabelled_notes(left_out: int, rows: int, target: str) -> list[str]:
    """Return what to tell of rows that were left out since they have no target; nothing if there are none."""
    return [f"{left_out:,} of {plural(rows, 'row')} have no target {target!r} and are left out"] if left_out else []


def _by_class(target: Column) -> list[tuple[str, RowIndices]]:
    labels = Labels(target)
    numbers = labels(target)
    rows = np.split(np.argsort(numbers, kind="stable"), np.cumsum(np.bincount(numbers))[:-1])
    return list(zip(labels.names, rows, strict=True))


def _too_few(rows: int, parts: int, name: str, numbers: bool) -> str:
    """Return what to say of a class, or of all rows, fewer than the parts. numbers: the classes may be amounts."""
    which = f"class {name!r} has" if name else "there are"
    remedy = "; if the target is an amount, --task regression predicts it" if numbers else ""
    return f"{which} {plural(rows, 'row')}, too few to split into {parts} parts{remedy}"


def _sizes(rows: int, fractions: tuple[float, ...]) -> npt.NDArray[np.int_]:
    """Share the rows of one class: each share rounded down, at least one; then each in need gets or gives one."""
    shares = np.multiply(fractions, rows)
    sizes = np.maximum(np.floor(shares).astype(int), 1)
    while sizes.sum() < rows:
        sizes[np.argmax(shares - sizes)] += 1
    while sizes.sum() > rows:
        sizes[np.argmax(np.where(sizes > 1, sizes - shares, -np.inf))] -= 1
    return sizes
