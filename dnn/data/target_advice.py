"""What is suspicious of a target: a column that alone decides it, a rare class, amounts that are taken for classes.

Computed on the rows drawn; 100,000 decide all of it.
"""

from collections.abc import Mapping
from itertools import pairwise
from typing import Literal, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.data.names import quoted
from dnn.data.notes import Note, Remedy
from dnn.data.table import Column, numbers_of

Task: TypeAlias = Literal["classification", "regression"]
Numbers: TypeAlias = npt.NDArray[np.int64]

MOST_WHOLE_CLASSES = 20  # different whole numbers that are taken for classes
RAREST = 0.05  # share of the rarest of two classes below which it is told; of more classes in proportion
FEWEST_OF_A_CLASS = 5  # rows, below which chance may set a class apart
MOST_VALUES = 1_000  # of a column that is tried as a category: more are no category to us
PERFECT_AREA, PERFECT_CORRELATION = 0.999, 0.9999


def likely_task(target: Column) -> Task:
    """Return "regression" for numbers with fractions or more than 20 different ones, else "classification".

    Args:
        target: [rows] of numbers or strings; strings that are all numbers count as such.
    """
    distinct = _distinct_numbers(target)
    if distinct is None or (len(distinct) <= MOST_WHOLE_CLASSES and (np.trunc(distinct) == distinct).all()):
        return "classification"
    return "regression"


def task_note(name: str, target: Column, task: Task) -> Note | None:
    """Tell of a target that looks like the other task."""
    likely, distinct = likely_task(target), _distinct_numbers(target)
    if likely == task or distinct is None:
        return None
    numbers = "numbers" if likely == "regression" else "whole numbers"
    problem = f"the target {quoted(name)} has {len(distinct):,} different {numbers}, which are taken for "
    problem += "classes; if they are amounts" if task == "classification" else "amounts; if they are classes"
    return Note(name, "task", problem, Remedy("task", likely))


def imbalance(name: str, target: Column) -> Note | None:
    """Tell of a class that has less than a tenth of its fair share of the rows: 5 % of two classes, 1 % of ten."""
    names, counts = np.unique(target[~_empty(target)], return_counts=True)
    if len(names) < 2 or counts.min() * len(names) >= 2 * RAREST * counts.sum():
        return None
    rarest, share = names[counts.argmin()], counts.min() / counts.sum()
    value = quoted(rarest) if isinstance(rarest, str) else f"{rarest:g}"
    problem = (
        f"class {value} of the target {quoted(name)} has {100 * share:.2g} % of the rows, and a model may ignore it"
    )
    return Note(name, "imbalance", problem, Remedy("class_weight", "balanced"))


def leakage(columns: Mapping[str, Column], name: str, target: Column, task: Task) -> list[Note]:
    """Tell of each column that alone decides the target.

    Of classes: a category of whose values each has one class; a number with ROC AUC of 0.999 or more, or whose ranges
    of the classes are apart; cells that are empty for one class alone. Of amounts: a correlation, of the numbers or of
    their ranks, of ±0.9999 or more.

    Args:
        columns: [rows] by name, without the target.
        name: The target's name, for the messages.
        target: [rows].
        task: What the target is taken for.
    """
    known = ~_empty(target)
    if task == "regression":
        amounts = np.asarray(target[known], np.float64)
        hows = {column: _follows(cells[known], amounts) for column, cells in columns.items()}
    else:
        classes = np.unique(target[known], return_inverse=True)[1]
        hows = {column: _decides(cells[known], classes) for column, cells in columns.items()}
    return [_leak(column, name, how) for column, how in hows.items() if how]


def _leak(column: str, target: str, how: str) -> Note:
    problem = f"{quoted(column)} alone decides the target {quoted(target)} ({how}); if it is not known beforehand"
    return Note(column, "leakage", problem, Remedy("drop", column=column))


def _decides(cells: Column, classes: Numbers) -> str:
    """Return how a column decides the classes; "" if it does not, or if there are too few rows to say."""
    if not classes.any():  # one class
        return ""
    empty = _empty(cells)
    if _each_value_has_one_class(empty.astype(np.int64), classes):
        return "it is empty for one class alone"
    values, index = np.unique(cells, return_inverse=True)
    if len(values) <= MOST_VALUES and _each_value_has_one_class(index, classes):
        return f"each of its {len(values):,} values has one class"
    return _splits(cells[~empty], classes[~empty]) if cells.dtype.kind != "O" else ""


def _each_value_has_one_class(values: Numbers, classes: Numbers) -> bool:
    """Whether the value says the class, of values that have at least 5 rows; they must cover all classes."""
    count = classes.max() + 1
    table = np.bincount(count * values + classes, minlength=count * (values.max() + 1)).reshape(-1, count)
    table = table[table.sum(axis=1) >= FEWEST_OF_A_CLASS]
    pure = (np.count_nonzero(table, axis=1) == 1).all()
    return bool(pure and table.any(axis=0).all() and table.sum() >= 0.9 * len(values))


def _splits(numbers: Column, classes: Numbers) -> str:
    """Return how thresholds on a number split the classes."""
    counts = np.bincount(classes)
    if len(counts) < 2 or counts.min() < FEWEST_OF_A_CLASS:
        return ""
    ranges = sorted((numbers[classes == c].min(), numbers[classes == c].max()) for c in np.unique(classes))
    if all(before[1] < after[0] for before, after in pairwise(ranges)):
        return "the ranges of its numbers are apart, class by class"
    if len(counts) > 2:
        return ""
    ranks = _mean_ranks(numbers)
    area = (ranks[classes == 1].sum() - counts[1] * (counts[1] + 1) / 2) / (counts[0] * counts[1])
    return f"ROC AUC {max(area, 1 - area):.4f}" if max(area, 1 - area) >= PERFECT_AREA else ""


def _follows(cells: Column, amounts: npt.NDArray[np.float64]) -> str:
    """Return the correlation of a number with amounts, if it is ±0.9999 or more."""
    if cells.dtype.kind == "O":
        return ""
    known = ~np.isnan(cells)
    if known.sum() < 0.9 * len(cells) or known.sum() < 4 * FEWEST_OF_A_CLASS:
        return ""
    for word, transform in (("correlation", np.asarray), ("rank correlation", _mean_ranks)):
        if abs(value := _correlation(transform(cells[known]), transform(amounts[known]))) >= PERFECT_CORRELATION:
            return f"{word} {value:.5f}"
    return ""


def _correlation(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> float:
    """Return Pearson's correlation; 0 of a constant."""
    with np.errstate(over="ignore", invalid="ignore"):
        a, b = a - a.mean(), b - b.mean()
        scale = np.sqrt((a @ a) * (b @ b))
    return float(a @ b / scale) if 0 < scale < np.inf else 0.0


def _mean_ranks(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the rank of each value, from 1; values that tie share the mean of their ranks."""
    _, index, counts = np.unique(values, return_inverse=True, return_counts=True)
    return (np.cumsum(counts) - (counts - 1) / 2)[index]


def _empty(cells: Column) -> npt.NDArray[np.bool_]:
    return np.asarray(cells == "") if cells.dtype.kind == "O" else np.isnan(cells)


def _distinct_numbers(target: Column) -> npt.NDArray[np.float64] | None:
    """Return the different numbers of a target, or None if a text is none."""
    if target.dtype.kind != "O":
        return np.unique(target[~np.isnan(target)])
    texts = {text for text in target.tolist() if text}
    numbers = numbers_of(texts)
    return np.unique(list(numbers.values())) if len(numbers) == len(texts) else None
