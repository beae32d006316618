"""Edges of the bins of a column: quantiles of the training rows, or the splits of a decision tree."""

from importlib import import_module

import numpy as np
import numpy.typing as npt

Edges = npt.NDArray[np.float64]
LARGEST_EDGE = 8e307  # so that the width of a bin is a number
MIN_SAMPLES_LEAF, MIN_IMPURITY_DECREASE = 64, 1e-4  # of a tree; those of the README of rtdl_num_embeddings


def quantile_edges(column: npt.NDArray[np.float64], bins: int) -> Edges:
    """Return the quantiles of a column at i/bins, i = 0 … bins, equal ones merged: at most bins + 1 edges.

    They are numpy's, interpolated linearly, computed in float64. Edges that differ by less than the smallest normal
    number, 2.2e-308, count as equal, since TensorFlow takes such a difference for 0.

    Args:
        column: float64[rows], the training rows, without NaN.
        bins: Most bins, >= 1.

    Returns:
        float64[edges], increasing; one edge if the column is constant.

    Raises:
        ValueError: If `bins` is not a positive integer.

    Example:
        >>> quantile_edges(np.array([0.0, 0.0, 0.0, 1.0, 2.0]), 4)
        array([0., 1., 2.])
    """
    return _merged(np.quantile(column, np.linspace(0, 1, checked_bins(bins) + 1)))


def tree_edges(column: npt.NDArray[np.float64], target: npt.ArrayLike, bins: int, *, regression: bool) -> Edges:
    """Return the least value, the splits of a decision tree on this column alone, and the greatest value.

    The tree has at most `bins` leaves, each of 64 rows or more, and splits only where that decreases the impurity by
    1e-4: the settings that the README of rtdl_num_embeddings recommends. It is grown on the ranks of the values, for
    which the splits are the same, since scikit-learn rounds its inputs to float32.

    Args:
        column: float64[rows], the training rows, without NaN.
        target: [rows], classes, or amounts.
        bins: Most bins, >= 1.
        regression: Whether the target is amounts.

    Returns:
        float64[edges], increasing; one edge if the column is constant.

    Raises:
        ValueError: If `bins` is not a positive integer, the target has other rows, or scikit-learn is not installed.
    """
    values, ranks = np.unique(column, return_inverse=True)
    target = np.asarray(target)
    if target.shape != column.shape:
        raise ValueError(f"target must have a value for each of the {len(column):,} rows, got shape {target.shape}")
    if checked_bins(bins) == 1 or len(values) == 1:
        return _merged(values[[0, -1]])
    tree = _tree_class(regression)(
        max_leaf_nodes=bins,
        min_samples_leaf=MIN_SAMPLES_LEAF,
        min_impurity_decrease=MIN_IMPURITY_DECREASE,
        random_state=0,
    )
    grown = tree.fit(ranks.reshape(-1, 1).astype(np.float64), target).tree_
    below = np.floor(grown.threshold[grown.children_left != grown.children_right]).astype(int)
    splits = values[below] / 2 + values[below + 1] / 2  # halves, so that no sum overflows
    return _merged(np.concatenate([values[[0, -1]], splits]))


def checked_bins(bins: int) -> int:
    """Return the number of bins. Raises: ValueError unless it is an integer of 1 or more."""
    if isinstance(bins, bool) or not isinstance(bins, int | np.integer) or bins < 1:
        raise ValueError(f"bins must be an integer of 1 or more, got {bins!r}")
    return int(bins)


def checked_edges(edges: npt.ArrayLike, name: str) -> Edges:
    """Return edges as an array. Raises: ValueError if they are not numbers, or not increasing."""
    array = np.asarray(edges, np.float64)
    if array.ndim != 1 or not (np.abs(array) < LARGEST_EDGE).all():
        raise ValueError(f"{name} must be a list of numbers within ±{LARGEST_EDGE:g}, got {edges!r}")
    at_fault = np.flatnonzero(~(np.diff(array) >= np.finfo(np.float64).tiny))
    if at_fault.size:
        first, second = array[at_fault[0] :][:2].tolist()
        raise ValueError(f"{name} must be increasing, each edge once, got {second!r} after {first!r}")
    return array


def short_numbers(numbers: list[float]) -> list[str]:
    """Return different numbers with as few digits as keep them apart, at least four.

    >>> short_numbers([18.0, 31.25, 48.123456])
    ['18', '31.25', '48.12']
    """
    for digits in (4, 6, 9, 12, 17):
        strings = [f"{number:.{digits}g}" for number in numbers]
        if len(set(strings)) == len(numbers):
            break
    return strings


def _merged(edges: Edges) -> Edges:
    """Return different edges, increasing."""
    edges = np.unique(edges)
    return edges[np.diff(edges, prepend=-np.inf) >= np.finfo(np.float64).tiny]


def _tree_class(regression: bool) -> type:
    try:
        trees = import_module("sklearn.tree")  # here, since its import takes a second
    except ImportError:
        raise ValueError("bins from a decision tree need scikit-learn: pip install scikit-learn") from None
    return trees.DecisionTreeRegressor if regression else trees.DecisionTreeClassifier
