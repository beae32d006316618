"""Scores of several columns of two sides, made into one: of each label, or of each class against the rest."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Average: TypeAlias = Literal["micro", "macro", "weighted", "samples"] | None
Areas: TypeAlias = Callable[[npt.NDArray[np.bool_], npt.NDArray[Any], npt.NDArray[Any] | None], npt.NDArray[np.float64]]


class Averaged(NamedTuple):
    """A score, or that of each column, and whether that of some column is not defined."""

    score: npt.NDArray[np.float64] | float
    undefined: bool


def averaged_columns(
    areas: Areas,
    positive: npt.NDArray[np.bool_],
    scores: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None,
    average: Average,
    undefined_as: float = float("nan"),
) -> Averaged:
    """Return the score of each column of [rows, columns], or their average.

    "weighted": by the positive rows of each; "samples": of each row, over its columns; "micro": of all cells at once.
    """
    if average == "micro":
        weights = None if weights is None else np.repeat(weights, positive.shape[1])
        each = areas(positive.reshape(-1, 1), scores.reshape(-1, 1), weights)
    elif average == "samples":
        each = areas(positive.T, scores.T, None)
    else:
        each = areas(positive, scores, weights)
    undefined = np.isnan(each)
    each = np.where(undefined, undefined_as, each)
    if average == "weighted":
        weights = positive.sum(axis=0) if weights is None else weights @ positive
    elif average != "samples":
        weights = None
    return Averaged(each if average is None else mean_of_counted(each, weights), bool(undefined.any()))


def mean_of_counted(scores: npt.NDArray[np.float64], weights: npt.NDArray[Any] | None) -> float:
    """Return the mean; a score of weight 0 does not count, even where it is NaN. 0 if no weight is left."""
    if weights is None:
        return float(np.mean(scores))
    counted = weights != 0
    return float(np.average(scores[counted], weights=weights[counted])) if counted.any() else 0.0
