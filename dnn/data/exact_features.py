"""Features learnt from a sample get what is known exactly of all training rows; only quantiles stay estimates.

Exact then: means, standard deviations, extremes, categories, which columns have empty cells. Of the sample: quantiles
and the splits of trees. By A. Dvoretzky, J. Kiefer and J. Wolfowitz, with the constant of P. Massart, "The Tight
Constant in the Dvoretzky–Kiefer–Wolfowitz Inequality", 1990, the share of rows below a quantile of n rows is off by
more than ε, for any quantile of a column, with a probability of at most 2 exp(−2 n ε²).
"""

from collections.abc import Mapping, Sequence
from math import log, sqrt
from typing import Any

import numpy as np

from dnn.data.bin_edges import checked_edges
from dnn.data.column_statistics import Moments
from dnn.data.feature_columns import check_columns
from dnn.data.features import Features
from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal


def quantile_error(rows: int, probability: float = 0.05) -> float:
    """Return the share by which no quantile of a column is off, with a probability of 1 − `probability`.

    >>> round(quantile_error(2**20), 5)
    0.00133
    """
    return sqrt(log(2 / probability) / (2 * rows))


def with_exact(
    features: Features,
    moments: Mapping[str, Moments],
    counts: Mapping[str, Mapping[str, int]],
    *,
    missing_indicator: bool,
    min_count: int,
    ordinal: Mapping[str, Sequence[str]],
) -> Features:
    """Return the features with what all training rows say.

    Args:
        features: Learnt from a sample of them.
        moments: Of each numeric column.
        counts: The rows of each string of each category.
        missing_indicator: As in `Features`.
        min_count: As in `Features`.
        ordinal: As in `Features`.

    Raises:
        ValueError: If a category has too many values, or one that its order has no place for.
    """
    one_hot = {name: counts[name] for name in counts if name not in ordinal}
    check_columns({name: np.array([""], object) for name in one_hot}, [], one_hot, min_count)
    state, of_columns = features.state(), [moments[name] for name in features.numeric]
    state |= {"means": [each.mean for each in of_columns], "scale": _exact_scale(state["scale"], of_columns)}
    indicated = [index for index, each in enumerate(of_columns) if each.count < each.rows]
    blocks = {
        name: _ordinal(name, counts[name], ordinal[name]) if name in ordinal else OneHot.of_counts(each, min_count)
        for name, each in ((name, counts[name]) for name in features.categorical)
    }
    chosen: dict[str, Any] = {
        "indicated": indicated if missing_indicator else [],
        "rare": [name for name, block in blocks.items() if isinstance(block, OneHot) and block.rare],
        "ordinal": {name: block.mean for name, block in blocks.items() if isinstance(block, Ordinal)},
    }
    state["categories"] = {name: list(block.categories) for name, block in blocks.items()}
    state = {name: value for name, value in state.items() if name not in chosen}
    return Features.from_state(state | {name: value for name, value in chosen.items() if value})


def _exact_scale(scale: dict[str, Any], moments: Sequence[Moments]) -> dict[str, Any]:
    """Return the state of a scale with what is known of all rows of its columns."""
    means, extremes = [each.mean for each in moments], [each.extremes for each in moments]
    match scale["name"]:
        case "ByColumn":
            groups = [
                {**group, "scale": _exact_scale(group["scale"], [moments[index] for index in group["columns"]])}
                for group in scale["groups"]
            ]
            return {**scale, "groups": groups}
        case "Standardize":
            return {**scale, "mean": means, "deviation": [each.deviation for each in moments]}
        case "Rescale":
            return {**scale, "minimum": [low for low, _ in extremes], "maximum": [high for _, high in extremes]}
        case "Binarize":
            return {**scale, "threshold": means}
        case "PiecewiseLinear":
            return {**scale, "edges": list(map(_widened, scale["edges"], extremes))}
        case "Quantile":
            return {**scale, "quantiles": [[low, *inner[1:-1], high] for inner, (low, high) in _pairs(scale, extremes)]}
    return scale


def _pairs(scale: Mapping[str, Any], extremes: Sequence[tuple[float, float]]) -> Any:
    return zip(scale["quantiles"], extremes, strict=True)


def _widened(edges: Sequence[float], extremes: tuple[float, float]) -> list[float]:
    """Return the edges of a column's bins from the least number of all rows to the greatest; none if it is constant."""
    low, high = extremes
    if high - low < np.finfo(np.float64).tiny:
        return []
    return checked_edges([low, *edges[1:-1], high], "edges").tolist()


def _ordinal(name: str, counts: Mapping[str, int], order: Sequence[str]) -> Ordinal:
    if problem := Ordinal.problem(set(counts), order):
        raise ValueError(f"column {name!r} has {problem}")
    places = {category: index for index, category in enumerate(order)}
    rows = sum(counts[string] for string in counts if string in places)
    total = sum(counts[string] * places[string] for string in counts if string in places)
    return Ordinal(order, total / rows / (len(order) - 1) if rows else 0.5)
