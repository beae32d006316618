"""The ROC AUC of more classes than two, from the pairs of classes."""

from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.areas import area_under_roc_curve
from dnn.nn.scores.columns import Average, mean_of_counted


def area_of_pairs(
    index: npt.NDArray[np.int64], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None, average: Average
) -> float:
    """Return the mean over the pairs of classes that have rows: each the mean of the areas by either's column.

    Source: D. Hand, R. Till, 2001, equation 7. "weighted": by the rows of both classes. NaN for a single class.
    """
    rows_of = {label: np.flatnonzero(index == label) for label in np.unique(index).tolist()}
    areas, rows = [], []
    for pair in combinations(rows_of, 2):
        both = np.concatenate([rows_of[label] for label in pair])
        of_both = None if weights is None else weights[both]
        each = [area_under_roc_curve(index[both] == label, scores[both, label], of_both) for label in pair]
        areas.append(np.mean(each))
        rows.append(len(both) if of_both is None else of_both.sum())
    if not areas:
        return float("nan")
    return mean_of_counted(np.array(areas), np.array(rows) if average == "weighted" else None)
