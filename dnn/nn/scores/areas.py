"""Areas under the curves of two sides, all thresholds at once: exact, from the order of the rows, for each column.

Keras's AUC puts 200 thresholds under the scores instead. Scores may be infinite here, but not NaN.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

MOST_IN_INTEGERS = 2.0**31  # twice the product of two such sums is the greatest of int64


class _Ordered(NamedTuple):
    """Each column [rows, columns] from its lowest score up."""

    positive: npt.NDArray[Any]  # what a row counts if it is positive, else 0
    negative: npt.NDArray[Any]
    first: npt.NDArray[np.int64]  # the first row of those that tie with a row
    last: npt.NDArray[np.int64]


def area_under_roc_curve(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None
) -> float:
    """Return the area of rows [rows], in integers but for a last division where no weights are floats.

    It is NaN where one side is absent.
    """
    (area,) = roc_areas(positive[:, np.newaxis], scores[:, np.newaxis], weights)
    return float(area)


def roc_areas(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None
) -> npt.NDArray[np.float64]:
    """Return the area of each column of [rows, columns]; NaN where one side is absent. Weights: [rows]."""
    ordered = _ordered(positive, scores, weights)
    counted = np.cumsum(ordered.negative, axis=0)
    below = np.take_along_axis(counted - ordered.negative, ordered.first, axis=0)
    twice_wins = (ordered.positive * (below + np.take_along_axis(counted, ordered.last, axis=0))).sum(axis=0)
    pairs = ordered.positive.sum(axis=0) * counted[-1]  # twice the wins, so that half a win is an integer
    return np.divide(twice_wins, 2 * pairs, out=np.full(len(pairs), np.nan), where=pairs != 0)


def partial_roc_area(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None, max_fpr: float
) -> float:
    """Return the area of rows [rows] up to a false positive rate below 1, so that scores that say nothing have 0.5.

    Source: D. McClish, "Analyzing a Portion of the ROC Curve", 1989.
    """
    distinct, group = np.unique(scores, return_inverse=True)
    rates = []
    for side in (~positive, positive):
        counts = np.bincount(group[side], None if weights is None else weights[side], len(distinct))
        if not counts.any():
            return float("nan")
        taken = np.append(0.0, np.cumsum(counts[::-1]))  # from the highest score down
        rates.append(taken / taken[-1])
    false, true = rates
    stop = np.searchsorted(false, max_fpr, side="right")
    at_stop = np.interp(max_fpr, false[stop - 1 : stop + 1], true[stop - 1 : stop + 1])
    area = np.trapezoid(np.append(true[:stop], at_stop), np.append(false[:stop], max_fpr))
    least = max_fpr**2 / 2
    return float((1 + (area - least) / (max_fpr - least)) / 2)


def average_precisions(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None
) -> npt.NDArray[np.float64]:
    """Return Σ_n (R_n − R_{n−1}) P_n of each column of [rows, columns]; NaN where no row is positive."""
    ordered = _ordered(positive, scores, weights)
    tied = len(positive) - 1 - ordered.first[::-1]  # from the highest score down, the last of those that tie
    hits = np.cumsum(ordered.positive[::-1], axis=0)
    taken = hits + np.cumsum(ordered.negative[::-1], axis=0)
    hits_of_tied, taken = np.take_along_axis(hits, tied, axis=0), np.take_along_axis(taken, tied, axis=0)
    precisions = np.divide(hits_of_tied, taken, out=np.zeros(taken.shape), where=taken > 0)
    gained = (ordered.positive[::-1] * precisions).sum(axis=0)
    return np.divide(gained, hits[-1], out=np.full(hits.shape[1], np.nan), where=hits[-1] > 0)


def _ordered(positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None) -> _Ordered:
    order = np.argsort(scores, axis=0, kind="stable")
    counts = np.ones(len(scores), np.int64) if weights is None else weights
    if counts.sum(dtype=np.float64) >= MOST_IN_INTEGERS:
        counts = counts.astype(np.float64)
    positive, scores = np.take_along_axis(positive, order, axis=0), np.take_along_axis(scores, order, axis=0)
    counts = counts[order]
    rises = scores[1:] != scores[:-1]
    edge, rows = np.ones((1, scores.shape[1]), bool), np.arange(len(scores))[:, np.newaxis]
    first = np.maximum.accumulate(np.where(np.concatenate([edge, rises]), rows, 0))
    last = np.minimum.accumulate(np.where(np.concatenate([rises, edge]), rows, len(scores))[::-1])[::-1]
    return _Ordered(counts * positive, counts * ~positive, first, last)
