"""The columns that features are learnt from: what they must hold, their kinds, and their numbers as a matrix."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.dates import is_date
from dnn.data.one_hot import OneHot
from dnn.data.preprocess import TensorOrArray
from dnn.data.table import Column, Kind, at_most, kinds_of, numbers_among, shell_word

LARGEST = 1e150  # of a number to learn from: beyond it, the square overflows


def spelt(cells: TensorOrArray) -> TensorOrArray:
    """Return truth values as "false" and "true", all else as it is."""
    if tf.is_tensor(cells):
        return tf.where(cells, "true", "false") if cells.dtype == tf.bool else cells
    if np.asarray(cells).dtype != bool:
        return cells
    return np.array(["false", "true"], object)[np.asarray(cells).astype(int)]


def check_columns(columns: Mapping[str, Column], numeric: list[str]) -> None:
    """Tell all columns that nothing can be learnt from."""
    problems = []
    for name, cells in columns.items():
        if name in numeric and (np.abs(cells) > LARGEST).any():
            problems.append(f"column {name!r} has numbers beyond ±{LARGEST:g}")
        elif name not in numeric and (problem := OneHot.problem(set(cells))):
            problems.append(f"column {name!r} has {problem}; {_remedy(name, cells)}")
    if problems:
        raise ValueError(at_most(problems))


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


def means_of(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Return the mean of each column's cells that are not empty; 0 where all are."""
    filled = ~np.isnan(numbers)
    return np.where(filled, numbers, 0).sum(axis=0) / np.maximum(filled.sum(axis=0), 1)
