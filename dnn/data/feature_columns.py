"""The columns that features are learnt from: what they must hold, their kinds, and their numbers as a matrix."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.dates import is_date
from dnn.data.one_hot import OneHot, frequent_strings
from dnn.data.ordinal import Ordinal
from dnn.data.scale import TensorOrArray
from dnn.data.table import Column, Kind, at_most, kinds_of, numbers_among, shell_word, shortened

LARGEST = 1e150  # of a number to learn from: beyond it, the square overflows


def spelt(cells: TensorOrArray) -> TensorOrArray:
    """Return truth values as "false" and "true", all else as it is."""
    if tf.is_tensor(cells):
        return tf.where(cells, "true", "false") if cells.dtype == tf.bool else cells
    if np.asarray(cells).dtype != bool:
        return cells
    return np.array(["false", "true"], object)[np.asarray(cells).astype(int)]


def counts_of(columns: Mapping[str, Column]) -> dict[str, Counter[str]]:
    """Return how many rows each value of each column has."""
    return {name: Counter(cells.tolist()) for name, cells in columns.items()}


def check_columns(
    columns: Mapping[str, Column],
    numeric: list[str],
    counts: Mapping[str, Mapping[str, int]],
    min_count: int = 1,
    ordinal: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> None:
    """Tell all columns that nothing can be learnt from. counts: as `counts_of`, of the categories without an order."""
    problems = [f"ordinal has {name!r}, which is not a category" for name in ordinal if name not in columns]
    for name, cells in columns.items():
        if name in numeric:
            if name in ordinal:
                problems.append(f"ordinal has {name!r}, which is not a category")
            if (np.abs(cells) > LARGEST).any():
                problems.append(f"column {name!r} has numbers beyond ±{LARGEST:g}")
        elif name in ordinal:
            if problem := Ordinal.problem(set(cells), ordinal[name]):
                problems.append(f"column {name!r} has {problem}")
        elif len(cells) and (problem := OneHot.problem(frequent_strings(counts[name], min_count))):
            problems.append(f"column {name!r} has {problem}; {_remedy(name, cells)}")
    if problems:
        raise ValueError(at_most(problems))


def learn_categories(
    columns: Mapping[str, Column],
    counts: Mapping[str, Mapping[str, int]],
    min_count: int,
    ordinal: Mapping[str, Sequence[str]],
) -> dict[str, OneHot | Ordinal]:
    """Learn how each category is encoded."""
    return {
        name: Ordinal.learn(cells, ordinal[name]) if name in ordinal else OneHot.of_counts(counts[name], min_count)
        for name, cells in columns.items()
    }


def made_blocks(
    categories: Mapping[str, Sequence[str]], rare: Sequence[str], ordinal: Mapping[str, float]
) -> dict[str, OneHot | Ordinal]:
    """Make the encodings of categories of their names; ordinal: the means of those that have an order."""
    return {
        name: Ordinal(names, ordinal[name]) if name in ordinal else OneHot(names, rare=name in rare)
        for name, names in categories.items()
    }


def check_same_columns(columns: Mapping[str, TensorOrArray], kinds: Mapping[str, Kind]) -> None:
    """Refuse columns that are not those of the training data. Raises: ValueError."""
    missing = [name for name in kinds if name not in columns]
    extra = [name for name in columns if name not in kinds]
    if missing or extra:
        raise ValueError(
            "the columns must be those of the training data:"
            + (f" missing {shortened(map(repr, missing))}" if missing else "")
            + (";" if missing and extra else "")
            + (f" extra {shortened(map(repr, extra))}" if extra else "")
        )
    now = kinds_now(columns)
    for name, kind in kinds.items():
        if now[name] != kind:
            raise ValueError(f"column {name!r} must be {kind}, got {now[name]}")


def _remedy(name: str, cells: Column) -> str:
    """Return what to do with a category of many values: it may be numbers, but for a word."""
    numbers, word = numbers_among([cell for cell in cells if isinstance(cell, str)])
    if 2 * numbers <= len(cells) or not word:
        return f"leave it out, or group its values: --drop {shell_word(name)}"
    row = next(row for row, cell in enumerate(cells, start=1) if cell == word)
    count = f"{numbers:,} of {len(cells):,} are numbers, but {word!r} in row {row} is not"
    if is_date(word):
        return f"{count}: it is a date; leave the column out, or correct it"
    return f"{count}: --missing {shell_word(word)} reads it as missing"


def kinds_now(columns: Mapping[str, TensorOrArray]) -> dict[str, Kind]:
    """Return the kinds of arrays and of tensors, which may have no values yet."""
    tensors = {name: cells.dtype for name, cells in columns.items() if tf.is_tensor(cells)}
    arrays = {name: cells for name, cells in columns.items() if name not in tensors}
    kinds: dict[str, Kind] = {
        name: "category" if dtype in (tf.string, tf.bool) else "numeric" for name, dtype in tensors.items()
    }
    return kinds | kinds_of(arrays)


def numeric_matrix(columns: Mapping[str, Column], names: list[str]) -> npt.NDArray[np.float64]:
    """Copy columns into float64[rows, names], each in one piece, so that its sums are fast and little is rounded."""
    rows = len(next(iter(columns.values())))
    if not rows:
        raise ValueError("features need at least one row")
    return np.array([columns[name] for name in names], np.float64).reshape(len(names), rows).T


def fill_gaps(numbers: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], list[int]]:
    """Put each column's mean where it is NaN, 0 where all is; return the means, and which columns had gaps."""
    means, gaps = np.zeros(numbers.shape[1]), []
    for index, column in enumerate(numbers.T):  # one at a time, for what is alive beside the matrix to be small
        empty = np.isnan(column)
        if not empty.any():
            means[index] = column.sum() / len(column)
            continue
        gaps.append(index)
        filled = column[~empty]
        means[index] = column[empty] = filled.sum() / max(len(filled), 1)
    return means, gaps


def numeric_features(
    numbers: TensorOrArray, means: tf.Variable, scale: Callable[[tf.Tensor], tf.Tensor], indicated: Sequence[int]
) -> list[tf.Tensor]:
    """Return the scaled numbers, float32[rows, any], an empty cell being its column's mean; then the indicators."""
    empty = tf.math.is_nan(numbers)
    scaled = tf.cast(scale(tf.where(empty, means, numbers)), tf.float32)
    return [scaled] + ([tf.cast(tf.gather(empty, indicated, axis=1), tf.float32)] if indicated else [])
