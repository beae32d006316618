"""How each cell of a table became a feature, in words and with the numbers that were learnt of the training rows."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.features import Features
from dnn.data.one_hot import OneHot
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.table import Column


class Origin(NamedTuple):
    """What a column of the table became.

    column: its name. how: the formula with the numbers of this column. short: for each row what its cell became.
    features: for each row and each feature made of the column, how the feature was made of the cell.
    """

    column: str
    how: str
    short: list[str]
    features: list[list[str]]


def feature_origins(features: Features, columns: Mapping[str, Column]) -> list[Origin]:
    """Return what each column became, in the order of the features.

    Args:
        features: What was learnt of the training rows.
        columns: The rows, as the table has them: float64[rows] or object[rows] of str by column name.

    Returns:
        The numeric columns, of one feature each; then the categories, of one for each of their values.
    """
    values = features(columns).numpy()
    numbers = [_numeric(features, i, columns[name], values[:, i]) for i, name in enumerate(features.numeric)]
    return numbers + [_category(name, block, columns[name]) for name, block in features.blocks.items()]


def cell_text(cell: Any) -> str:
    """Return a cell as a table shows it: 33.0 as 33, an empty one as "empty".

    >>> cell_text(33.0), cell_text(0.125), cell_text(float("nan")), cell_text("cook")
    ('33', '0.125', 'empty', 'cook')
    """
    if isinstance(cell, float | np.floating):
        return "empty" if np.isnan(cell) else f"{cell:.10g}"
    return str(cell) if str(cell) else "empty"


def _numeric(features: Features, index: int, cells: Column, values: npt.NDArray[np.float32]) -> Origin:
    name, mean = features.numeric[index], float(features.means.numpy()[index])
    how = _formula(features.scale, index)
    raw = [f"empty, so the training mean {mean:.6g}" if np.isnan(cell) else cell_text(cell) for cell in cells]
    filled = [mean if np.isnan(cell) else cell for cell in cells]
    made = [
        f"{name} {text}: {how.replace('x', _in_formula(cell), 1)} = {value:.6g}"
        for text, cell, value in zip(raw, filled, values, strict=True)
    ]
    short = [f"{cell_text(cell)} → {value:.4g}" for cell, value in zip(cells, values, strict=True)]
    return Origin(name, how, short, [[each] for each in made])


def _in_formula(number: float, digits: int = 10) -> str:
    """Return a number as an operand, a negative one in brackets."""
    return f"({number:.{digits}g})" if number < 0 else f"{number:.{digits}g}"


def _formula(scale: Any, index: int) -> str:
    """Return the formula of a numeric column in x, with what was learnt of it."""
    if isinstance(scale, Standardize):
        mean, deviation = (float(each.numpy()[index]) for each in (scale.mean, scale.deviation))
        return f"(x − {_in_formula(mean, 6)}) / {deviation:.6g}" if deviation else "0 · x, a constant in training"
    if isinstance(scale, Rescale):
        least, most = (float(each.numpy()[index]) for each in (scale.minimum, scale.maximum))
        if least == most:
            return "0 · x, a constant in training"
        return f"(x − {_in_formula(least)}) / ({cell_text(most)} − {_in_formula(least)})"
    if isinstance(scale, Normalize):
        return "x / √(the sum of the squares of the row's numbers)"
    if isinstance(scale, Binarize):
        thresholds = np.ravel(scale.threshold.numpy())  # one for all columns, or one for each
        return f"1 if x > {cell_text(thresholds[min(index, len(thresholds) - 1)])}, else 0"
    return f"{getattr(scale, '__name__', type(scale).__name__)}(x)"


def _category(name: str, block: OneHot, cells: Column) -> Origin:
    known = set(block.categories)
    short = [f"{cell_text(cell)} → {f'{name}={cell}' if cell in known else 'zeros'}" for cell in map(str, cells)]
    rows = [[_one_hot(name, cell, category, known) for category in block.categories] for cell in map(str, cells)]
    return Origin(name, f"1 in the column of its value, of {len(block.categories):,}", short, rows)


def _one_hot(name: str, cell: str, category: str, known: set[str]) -> str:
    if cell == category:
        return f"{name} is {cell_text(cell)}: 1 in the column of this value"
    never = "" if cell in known else ", which training never saw"
    return f"{name} is {cell_text(cell)}{never}, not {cell_text(category)}: 0"
