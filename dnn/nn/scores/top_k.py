"""The share of the rows whose label is among the k classes that score highest."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array, checked_count
from dnn.nn.scores.score_checks import (
    UndefinedMetricWarning,
    checked_labels,
    checked_score_columns,
    checked_weights,
    class_index,
    shown,
)


def top_k_accuracy_score(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    k: int = 2,
    normalize: bool = True,
    sample_weight: npt.ArrayLike | None = None,
    labels: npt.ArrayLike | None = None,
) -> float:
    """Return the share of the rows whose label is among the k classes of the highest scores.

    As in scikit-learn, of equal scores the last class comes first; in the metric `top_k_accuracy` of a fit, the first.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_score: The score of each class, probabilities or any other numbers [rows, classes], in the order of the
            sorted labels. Of two classes the scores of the greater label [rows]: k = 1 takes it above 0.5 if all
            scores are in [0, 1], else above 0.
        k: How many classes count, >= 1.
        normalize: False: return the number of these rows, or the sum of their weights, and not their share.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        labels: All classes, sorted [classes]. None: those of y_true, so that none may be missing there.

    Returns:
        A number in [0, 1], or in [0, rows] without `normalize`. 1, and an `UndefinedMetricWarning`, for a k of all
        classes or more.

    Raises:
        ValueError: If k < 1, if the arguments are not of the same rows, if a score is NaN or infinite, if there are
            not as many columns as classes, or if a label is not one of `labels`.
        TypeError: If labels are neither strings nor numbers, or scores are not numbers.

    Example:
        >>> dnn.top_k_accuracy_score([0, 1, 2], [[0.5, 0.2, 0.3], [0.3, 0.4, 0.3], [0.4, 0.5, 0.1]])
        0.6666666666666666
    """
    true, scores = checked_labels(y_true, "y_true"), checked_array(y_score, "y_score", "biufV", "numbers")
    count, weights = checked_count(k, "k"), checked_weights(sample_weight, len(true))
    if scores.ndim not in (1, 2) or len(scores) != len(true):
        raise ValueError(f"y_score must be [rows, classes], here [{len(true)}, classes], got shape {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("y_score must be finite, got NaN or infinity")
    classes, hits = (
        _of_two(true, scores, count, labels) if scores.ndim == 1 else _of_columns(true, scores, count, labels)
    )
    if count >= classes:
        message = f"k={k} of {classes} classes is always right"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=2)
    return float(np.average(hits, weights=weights) if normalize else np.sum(hits if weights is None else weights[hits]))


def _of_columns(
    true: npt.NDArray[Any], scores: npt.NDArray[Any], k: int, labels: npt.ArrayLike | None
) -> tuple[int, npt.NDArray[np.bool_]]:
    classes, index = checked_score_columns(true, scores, labels)
    if len(classes) < 3:
        raise ValueError(f"y_score of two classes must be [rows], of the greater label, got shape {scores.shape}")
    own = np.take_along_axis(scores, index[:, np.newaxis], axis=1)
    before = (scores > own) | ((scores == own) & (np.arange(len(classes)) > index[:, np.newaxis]))
    return len(classes), before.sum(axis=1) < k


def _of_two(
    true: npt.NDArray[Any], scores: npt.NDArray[Any], k: int, labels: npt.ArrayLike | None
) -> tuple[int, npt.NDArray[np.bool_]]:
    classes = np.unique(true if labels is None else checked_labels(labels, "labels"))
    if len(classes) != 2:
        raise ValueError(
            f"y_score [rows] is of two classes, got {len(classes)}, {shown(classes)}: give [rows, classes]"
        )
    index = class_index(true, classes)
    threshold = 0.5 if scores.min() >= 0 and scores.max() <= 1 else 0
    return 2, (scores > threshold) == index if k == 1 else np.ones(len(true), bool)
