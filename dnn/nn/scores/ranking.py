"""Areas under the curves of a two-class score, over all thresholds at once. Exact: from the order of the rows, in
integers, where Keras's AUC puts 200 thresholds under the scores."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array
from dnn.nn.scores.score_checks import (
    UndefinedMetricWarning,
    checked_labels,
    checked_positive_label,
    checked_weights,
    shown,
)


def roc_auc_score(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the area under the ROC curve: how often a positive row scores above a negative one; a tie counts 1/2.

    With weights, a pair of rows counts the product of theirs.
    Source: H. Mann, D. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger", 1947.

    Args:
        y_true: The true labels, strings or whole numbers [rows], of two classes; the greater one is the positive.
        y_score: A score of each row, higher for positive ones: a probability, a logit or any other number [rows].
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        A number in [0, 1]; 0.5 for scores that say nothing. NaN, and an `UndefinedMetricWarning`, for a single class.

    Raises:
        ValueError: If there are more classes than two, if the arguments are not of the same rows, or if a score is NaN
            or infinite.
        TypeError: If labels are neither strings nor numbers, or scores are not numbers.

    Example:
        >>> dnn.roc_auc_score(["no", "no", "yes", "yes"], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    true, scores, weights = _checked_ranking(y_true, y_score, sample_weight)
    classes = np.unique(true)
    if len(classes) > 2:
        raise ValueError(f"y_true must have two classes, got {shown(classes)}: score each class against the rest")
    area = area_under_roc_curve(true == classes[-1], scores, weights)
    if len(classes) < 2 or np.isnan(area):
        warnings.warn("ROC AUC is NaN: there is a single class", UndefinedMetricWarning, stacklevel=2)
        return float("nan")
    return area


def average_precision_score(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    pos_label: int | float | str = 1,
    sample_weight: npt.ArrayLike | None = None,
) -> float:
    """Return the area under the precision-recall curve: the precision at each threshold, averaged over positive rows.

    AP = Σ_n (R_n − R_{n−1}) P_n          n over the distinct scores, from the highest; rows that tie enter together

    A score that says nothing has the share of the positive rows. Straight lines between the points, as in a trapezoid
    rule, would promise more than any threshold gives.
    Source: J. Davis, M. Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006, on the
    lines; the formula is that of sklearn.metrics.average_precision_score.

    Args:
        y_true: The true labels, strings or whole numbers [rows], of two classes.
        y_score: A score of each row, higher for positive ones: a probability, a logit or any other number [rows].
        pos_label: The positive class.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        A number in [0, 1]. 0, and an `UndefinedMetricWarning`, if no row is positive.

    Raises:
        ValueError: If there are more classes than two, if `pos_label` is neither of the two, if the arguments are not
            of the same rows, or if a score is NaN or infinite.
        TypeError: If labels are neither strings nor numbers, or scores are not numbers.

    Example:
        >>> dnn.average_precision_score([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.4])
        0.8333333333333333
    """
    true, scores, weights = _checked_ranking(y_true, y_score, sample_weight)
    checked_positive_label(pos_label, np.unique(true))
    positive, negative = _weight_of_each_score(true == pos_label, scores, weights)
    if not positive.any():
        warnings.warn("average precision is 0: no row is positive", UndefinedMetricWarning, stacklevel=2)
        return 0.0
    hits, predicted = np.cumsum(positive[::-1]), np.cumsum((positive + negative)[::-1])
    precisions = np.divide(hits, predicted, out=np.zeros(len(hits)), where=predicted > 0)
    return float(np.sum(positive[::-1] * precisions) / hits[-1])


def area_under_roc_curve(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None = None
) -> float:
    """Return the area, in integers but for a last division where no weights are floats; NaN where one side is absent.

    Scores may be infinite, but not NaN.
    """
    positives, negatives = _weight_of_each_score(positive, scores, weights)
    pairs = positives.sum().item() * negatives.sum().item()
    if not pairs:
        return float("nan")
    below = np.cumsum(negatives) - negatives
    twice_wins = (positives * (2 * below + negatives)).sum().item()  # twice, so that half a win is an integer
    return float(twice_wins / (2 * pairs))


def _weight_of_each_score(
    positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return what the positive and what the negative rows of each distinct score count, from the lowest score."""
    distinct, group = np.unique(scores, return_inverse=True)
    sides = (positive, ~positive)
    counts = [np.bincount(group[side], None if weights is None else weights[side], len(distinct)) for side in sides]
    return counts[0], counts[1]


def _checked_ranking(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None]:
    true = checked_labels(y_true, "y_true")
    scores = checked_array(y_score, "y_score", "biufV", "numbers")  # V: bfloat16
    if scores.shape != true.shape:
        raise ValueError(f"y_true and y_score must be [rows], got {true.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("y_score must be finite, got NaN or infinity")
    return true, scores, checked_weights(sample_weight, len(true))
