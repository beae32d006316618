"""What is suspicious in a table, told before training: columns to drop, to read otherwise, or that know the answer.

Each check looks at 100,000 rows, drawn once. What a single other row could refute (a constant, an identifier) is then
confirmed on all rows, so ten million of them cost a second or two for each suspicious column and little else.
"""

import math
from collections.abc import Collection

import numpy as np
import numpy.typing as npt

from dnn.data.column_advice import CHECKS
from dnn.data.features import Features
from dnn.data.names import quoted
from dnn.data.notes import KINDS, Note, Remedy
from dnn.data.scale_choice import columns_without_bin
from dnn.data.table import Column, Table
from dnn.data.target_advice import Task, imbalance, leakage, likely_task, task_note

SAMPLE_ROWS = 100_000  # rows that every check looks at
DUPLICATE_ROWS = 1_000_000  # first rows among which equal ones are counted
FEWEST_ROWS = 20  # of fewer rows nothing is said: chance could do it
LEAST_DUPLICATES = 0.02  # share of the rows from which it is told
MORE_THAN_BY_CHANCE = 5
OF_KIND = ("codes", "nearly numeric", "date", "task")  # notes that are idle where the user has decided the kind


def suspicions(
    table: Table, target: str | None = None, *, task: Task | None = None, decided: Collection[str] = ()
) -> list[Note]:
    """Return what is suspicious in a table, the most important first; of each column one note at most.

    Args:
        table: The rows to train on, or all of them, without the columns that are dropped.
        target: Name of the column to predict. None: leakage, imbalance and the task are not looked at.
        task: What the target is taken for. None: what it looks like.
        decided: Columns whose kind the user has given, or the target if the task was: nothing is said of that.

    Returns:
        The notes, in the order of `KINDS`, then of the columns.
    """
    rows = table.rows if table.columns else 0
    if rows < FEWEST_ROWS:
        return []
    chosen = _sample(rows)
    sample = {name: cells[chosen] for name, cells in table.columns.items()}
    notes = [
        note
        for name, cells in table.columns.items()
        if name != target
        for note in (check(name, cells, sample[name]) for check in CHECKS)
        if note
    ]
    if target is not None:
        notes += _target_notes(sample, target, task)
    notes += _duplicates(table, sample)
    told: dict[str, Note] = {}
    for note in sorted(notes, key=lambda note: KINDS.index(note.kind)):
        if note.column not in decided or note.kind not in OF_KIND:
            told.setdefault(note.column, note)
    return list(told.values())


def left_out(features: Features, told: Collection[str] = ()) -> list[Note]:
    """Return a note for each column of numbers of which no feature was made.

    Args:
        features: What was learnt of the training rows.
        told: Sentences of other notes; a column that one calls constant gets no second note.
    """
    columns = columns_without_bin(features.scale, features.numeric)
    how = "has one value in the training rows, or none: it has no bin and is left out"
    named = [name for name in columns if not any(each.startswith(f"{quoted(name)} is ") for each in told)]
    return [Note(name, "constant", f"{quoted(name)} {how}", Remedy("drop", column=name)) for name in named]


def _sample(rows: int) -> npt.NDArray[np.int64]:
    """Return the indices of the rows to look at: all, or some drawn at random, ascending, always the same."""
    if rows <= SAMPLE_ROWS:
        return np.arange(rows)
    return np.unique(np.random.default_rng(0).integers(0, rows, SAMPLE_ROWS))


def _target_notes(sample: dict[str, Column], target: str, task: Task | None) -> list[Note]:
    cells = sample[target]
    columns = {name: column for name, column in sample.items() if name != target}
    likely = task or likely_task(cells)
    notes = [task_note(target, cells, likely), imbalance(target, cells) if likely == "classification" else None]
    return [note for note in notes if note] + leakage(columns, target, cells, likely)


def _duplicates(table: Table, sample: dict[str, Column]) -> list[Note]:
    """Tell of equal rows, if there are five times as many as columns that knew nothing of each other would have."""
    rows = min(table.rows, DUPLICATE_ROWS)
    by_chance = rows * math.prod(map(_share_of_equal_pairs, sample.values())) / 2
    least = max(LEAST_DUPLICATES, MORE_THAN_BY_CHANCE * by_chance)
    if least >= 1:
        return []
    share = 1 - len(np.unique(_hashes(table, rows))) / rows
    if share < least:
        return []
    of = "the rows" if rows == table.rows else f"the first {rows:,} rows"
    problem = (
        f"{100 * share:.2g} % of {of} repeat another; with its twin among the training rows, a test row is no test"
    )
    return [Note("", "duplicates", problem)]


def _share_of_equal_pairs(cells: Column) -> float:
    """Return the share of the pairs of rows that have the same value."""
    counts = np.unique(cells, return_counts=True)[1].astype(np.float64)
    return float((counts * (counts - 1)).sum() / (len(cells) * (len(cells) - 1)))


def _hashes(table: Table, rows: int) -> npt.NDArray[np.uint64]:
    """Return a 64-bit hash of each of the first rows: two different ones of a million collide once in 40 million."""
    hashes = np.zeros(rows, np.uint64)
    for cells in table.columns.values():
        cells = cells[:rows]
        if cells.dtype.kind == "O":
            bits = np.fromiter(map(hash, cells.tolist()), np.int64, rows).view(np.uint64)
        else:
            bits = cells.astype(np.float64).view(np.uint64)
        hashes = _mixed(hashes ^ bits) + np.uint64(0x9E3779B97F4A7C15)
    return hashes


def _mixed(bits: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Mix 64 bits. Source: D. Stafford's variant 13 of the finalizer of MurmurHash3, as in SplitMix64."""
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
