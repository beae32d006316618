"""How each cell of a table became a feature, in words and with the numbers that were learnt of the training rows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.features import Features
from dnn.data.gaps import is_missing_name
from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.quantiles import Quantile
from dnn.data.scale_choice import ByColumn
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
        The numeric columns, the indicators of empty cells, and the categories, each with as many features as it has.
    """
    values = features(columns).numpy()
    origins: list[Origin] = []
    for index, formulas in _scaled(features.scale, range(len(features.numeric))):
        first = sum(len(origin.features[0]) for origin in origins)
        own = values[:, first : first + len(formulas)]
        origins.append(_numeric(features, index, columns[features.numeric[index]], own, formulas))
    origins += [_indicator(name, columns[name]) for name in features.with_indicator]
    return origins + [_category(name, block, columns[name]) for name, block in features.blocks.items()]


def cell_text(cell: Any) -> str:
    """Return a cell as a table shows it: 33.0 as 33, an empty one as "empty".

    >>> cell_text(33.0), cell_text(0.125), cell_text(float("nan")), cell_text("cook")
    ('33', '0.125', 'empty', 'cook')
    """
    if isinstance(cell, float | np.floating):
        return "empty" if np.isnan(cell) else f"{cell:.10g}"
    return str(cell) if str(cell) else "empty"


def _scaled(scale: Any, indices: Sequence[int]) -> Iterator[tuple[int, list[str]]]:
    """Yield the index of each numeric column in the order of the features, with a formula for each feature of it."""
    if isinstance(scale, ByColumn):
        for own, each in zip(scale.indices, scale.scales, strict=True):
            yield from _scaled(each, [indices[index] for index in own])
    elif isinstance(scale, PiecewiseLinear):
        for index, edges in zip(indices, scale.edges, strict=True):
            pairs = [(_in_formula(low), cell_text(high)) for low, high in pairwise(edges)]
            yield index, [f"(x − {low}) / ({high} − {low}), at least 0, at most 1" for low, high in pairs]
    else:
        yield from ((index, [_formula(scale, place)]) for place, index in enumerate(indices))


def _numeric(
    features: Features, index: int, cells: Column, values: npt.NDArray[np.float32], formulas: list[str]
) -> Origin:
    """Return how the cells of a column became its features, float32[rows, formulas]."""
    name, mean = features.numeric[index], float(features.means.numpy()[index])
    raw = [f"empty, so the training mean {mean:.6g}" if np.isnan(cell) else cell_text(cell) for cell in cells]
    filled = [mean if np.isnan(cell) else cell for cell in cells]
    made = [
        [
            f"{name} {text}: {how.replace('x', _in_formula(cell), 1)} = {value:.6g}"
            for how, value in zip(formulas, of_row, strict=True)
        ]
        for text, cell, of_row in zip(raw, filled, values, strict=True)
    ]
    became = [", ".join(f"{value:.4g}" for value in of_row) or "nothing" for of_row in values]
    short = [f"{cell_text(cell)} → {text}" for cell, text in zip(cells, became, strict=True)]
    bins = f"{len(formulas)} bins, the first {formulas[0]}" if len(formulas) > 1 else ""
    return Origin(name, bins or "".join(formulas) or "no feature: a constant in training", short, made)


def _indicator(name: str, cells: Column) -> Origin:
    empty = np.isnan(np.asarray(cells, np.float64))
    short = [f"{cell_text(cell)} → {int(is_empty)}" for cell, is_empty in zip(cells, empty, strict=True)]
    told = [[f"{name} is {cell_text(cell)}: {int(is_empty)}"] for cell, is_empty in zip(cells, empty, strict=True)]
    return Origin(is_missing_name(name), "1 where the cell is empty", short, told)


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
    if isinstance(scale, Quantile):
        return "the quantile of x among the training rows"
    if isinstance(scale, Binarize):
        thresholds = np.ravel(scale.threshold.numpy())  # one for all columns, or one for each
        return f"1 if x > {cell_text(thresholds[min(index, len(thresholds) - 1)])}, else 0"
    return f"{getattr(scale, '__name__', type(scale).__name__)}(x)"


def _category(name: str, block: OneHot | Ordinal, cells: Column) -> Origin:
    texts = [str(cell) for cell in cells]
    if isinstance(block, Ordinal):
        places = block(np.asarray(texts, object)).numpy()[:, 0]
        short = [f"{cell_text(text)} → {place:.4g}" for text, place in zip(texts, places, strict=True)]
        how = f"its place among {len(block.categories):,} values, from 0 to 1"
        return Origin(name, how, short, [[f"{name} is {each}"] for each in short])
    known = set(block.categories)
    other = "the column of rare values" if block.rare else "zeros"
    short = [f"{cell_text(text)} → {f'{name}={text}' if text in known else other}" for text in texts]
    rows = [[_one_hot(name, text, category, known) for category in block.categories] for text in texts]
    if block.rare:
        rare = [text not in known for text in texts]
        rows = [
            [*row, f"{name} is {cell_text(text)}: {int(is_rare)} in the column of rare values"]
            for row, text, is_rare in zip(rows, texts, rare, strict=True)
        ]
    return Origin(name, f"1 in the column of its value, of {len(block.names(name)):,}", short, rows)


def _one_hot(name: str, cell: str, category: str, known: set[str]) -> str:
    if cell == category:
        return f"{name} is {cell_text(cell)}: 1 in the column of this value"
    never = "" if cell in known else ", which training never saw"
    return f"{name} is {cell_text(cell)}{never}, not {cell_text(category)}: 0"
