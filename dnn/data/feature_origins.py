"""How each cell of a table became a feature, in words and with the numbers that were learnt of the training rows."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.bin_edges import short_numbers
from dnn.data.features import Features
from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.robust_scale import LIMIT, RobustScale
from dnn.data.scale_choice import ByColumn
from dnn.data.table import Column

ROUNDING = 1e-12  # of float64 means, over the deviation


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
        The numeric columns, of one feature each, or one for each bin; their indicators of empty cells; then the
        categories, of one feature for each of their values, or one for their place in an order.
    """
    values, done = features(columns).numpy(), 0
    origins = []
    for index, scale, place in _scaled_columns(features.scale, range(len(features.numeric))):
        name = features.numeric[index]
        if isinstance(scale, PiecewiseLinear):
            edges = scale.edges[place]
            bins = max(0, len(edges) - 1)
            origins.append(_bins(features, index, columns[name], values[:, done : done + bins], edges))
        else:
            bins = 1
            origins.append(_numeric(features, index, columns[name], values[:, done], scale, place))
        done += bins
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


def _scaled_columns(scale: Any, columns: Sequence[int]) -> Iterator[tuple[int, Any, int]]:
    """Yield each numeric column in the order of the features, with its scale and its place among that one's columns."""
    if isinstance(scale, ByColumn):
        for own, each in zip(scale.indices, scale.scales, strict=True):
            yield from _scaled_columns(each, [columns[index] for index in own])
    else:
        yield from ((index, scale, place) for place, index in enumerate(columns))


def _bins(
    features: Features, index: int, cells: Column, values: npt.NDArray[np.float32], edges: Sequence[float]
) -> Origin:
    name, mean = features.numeric[index], float(features.means.numpy()[index])
    if not values.shape[1]:
        return Origin(name, "no feature, a constant in training", ["no feature"] * len(cells), [[] for _ in cells])
    numbers = [mean if np.isnan(cell) else cell for cell in cells]
    made = [
        [
            f"{name} {cell_text(cell)}: how far {_in_formula(x)} is from {low} to {high} = {value:.6g}"
            for (low, high), value in zip(pairwise(short_numbers(list(edges))), row, strict=True)
        ]
        for cell, x, row in zip(cells, numbers, values, strict=True)
    ]
    count = len(edges) - 1
    short = [f"{cell_text(cell)} → {row.sum():.4g} of {count} bins" for cell, row in zip(cells, values, strict=True)]
    return Origin(name, f"how far x is through each bin; edges {', '.join(short_numbers(list(edges)))}", short, made)


def _indicator(name: str, cells: Column) -> Origin:
    empty = np.isnan(cells)
    made = [[f"{name} is {'' if each else 'not '}empty: {int(each)}"] for each in empty]
    return Origin(
        name, "1 where the cell is empty", [f"{cell_text(cell)} → {int(np.isnan(cell))}" for cell in cells], made
    )


def _numeric(
    features: Features, index: int, cells: Column, values: npt.NDArray[np.float32], scale: Any, place: int
) -> Origin:
    name, mean = features.numeric[index], float(features.means.numpy()[index])
    raw = [f"empty, so the training mean {mean:.6g}" if np.isnan(cell) else cell_text(cell) for cell in cells]
    filled = [mean if np.isnan(cell) else cell for cell in cells]
    values = np.where(np.isnan(cells) & (np.abs(values) < ROUNDING), 0, values)  # the mean, less the rounded mean
    made = [
        f"{name} {text}: {_formula(scale, place, _in_formula(cell))} = {value:.6g}"
        for text, cell, value in zip(raw, filled, values, strict=True)
    ]
    short = [f"{cell_text(cell)} → {value:.4g}" for cell, value in zip(cells, values, strict=True)]
    return Origin(name, _formula(scale, place, "x"), short, [[each] for each in made])


def _in_formula(number: float, digits: int = 10) -> str:
    """Return a number as an operand, a negative one in brackets."""
    return f"({number:.{digits}g})" if number < 0 else f"{number:.{digits}g}"


def _formula(scale: Any, index: int, x: str) -> str:
    """Return the formula of a numeric column, of x or a number in its place, with what was learnt of the column."""
    if isinstance(scale, Standardize):
        mean, deviation = (float(each.numpy()[index]) for each in (scale.mean, scale.deviation))
        return f"({x} − {_in_formula(mean, 6)}) / {deviation:.6g}" if deviation else f"0 · {x}, a constant in training"
    if isinstance(scale, Rescale):
        least, most = (float(each.numpy()[index]) for each in (scale.minimum, scale.maximum))
        if least == most:
            return f"0 · {x}, a constant in training"
        return f"({x} − {_in_formula(least)}) / ({cell_text(most)} − {_in_formula(least)})"
    if isinstance(scale, RobustScale):
        median, spread = (float(each.numpy()[index]) for each in (scale.median, scale.spread))
        part = f"({x} − {_in_formula(median, 6)}) / {spread:.6g}"
        return f"{part}, smoothly clipped to ±{LIMIT:g}" if spread else f"0 · {x}, a constant in training"
    if isinstance(scale, Normalize):
        return f"{x} / √(the sum of the squares of the row's numbers)"
    if isinstance(scale, Binarize):
        thresholds = np.ravel(scale.threshold.numpy())  # one for all columns, or one for each
        return f"1 if {x} > {cell_text(thresholds[min(index, len(thresholds) - 1)])}, else 0"
    return f"{getattr(scale, '__name__', type(scale).__name__)}({x})"


def _category(name: str, block: OneHot | Ordinal, cells: Column) -> Origin:
    known = set(block.categories)
    if isinstance(block, Ordinal):
        return _place(name, block, cells)
    other = f"{name} is rare or not seen in training" if block.rare else "zeros, not seen in training"
    column = {cell: f"{name}={cell}" if cell else f"its own column, {name}=" for cell in known}
    short = [f"{cell_text(cell)} → {column.get(cell, other)}" for cell in map(str, cells)]
    rows = [[_one_hot(name, cell, category, known) for category in block.categories] for cell in map(str, cells)]
    if block.rare:
        for cell, row in zip(map(str, cells), rows, strict=True):
            row.append(f"{name} is {cell_text(cell)}, {'not rare: 0' if cell in known else 'rare or never seen: 1'}")
    return Origin(name, f"1 in the column of its value, of {len(block.categories):,}", short, rows)


def _place(name: str, block: Ordinal, cells: Column) -> Origin:
    last = len(block.categories) - 1
    places = {category: index / last for index, category in enumerate(block.categories)}
    short = [f"{cell_text(cell)} → {places.get(cell, block.mean):.4g}" for cell in map(str, cells)]
    order = ", ".join(block.categories)
    return Origin(name, f"its place in {order}; others {block.mean:.4g}", short, [[f"{name} {text}"] for text in short])


def _one_hot(name: str, cell: str, category: str, known: set[str]) -> str:
    if cell == category:
        return f"{name} is {cell_text(cell)}: 1 in the column of this value"
    never = "" if cell in known else ", which training never saw"
    return f"{name} is {cell_text(cell)}{never}, not {cell_text(category)}: 0"
