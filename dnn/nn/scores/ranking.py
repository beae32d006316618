"""Areas under the curves of scores, over all thresholds at once: of two classes, of more, and of several labels."""

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array, checked_fraction
from dnn.nn.scores.areas import average_precisions, partial_roc_area, roc_areas
from dnn.nn.scores.columns import Average, Averaged, averaged_columns
from dnn.nn.scores.pairs import area_of_pairs
from dnn.nn.scores.score_checks import (
    UndefinedMetricWarning,
    checked_option,
    checked_positive_label,
    checked_score_columns,
    checked_targets,
    checked_weights,
    shown,
)

MultiClass = Literal["raise", "ovr", "ovo"]


def roc_auc_score(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    average: Average = "macro",
    sample_weight: npt.ArrayLike | None = None,
    max_fpr: float | None = None,
    multi_class: MultiClass = "raise",
    labels: npt.ArrayLike | None = None,
) -> float | npt.NDArray[np.float64]:
    """Return the area under the ROC curve: how often a positive row scores above a negative one; a tie counts 1/2.

    With weights, a pair of rows counts the product of theirs.
    Source: H. Mann, D. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger", 1947;
    "ovo": D. Hand, R. Till, "A Simple Generalisation of the Area Under the ROC Curve for Multiple Class Classification
    Problems", 2001, equation 7.

    Args:
        y_true: The true labels, strings or whole numbers [rows]; of two, the greater one is the positive. Or 0 and 1
            for each of several labels, [rows, labels].
        y_score: A score of each row, higher for positive ones: a probability, a logit or any other number [rows]. Of
            more classes the probabilities [rows, classes], in the order of the sorted labels; of several labels
            [rows, labels].
        average: Of more classes or labels than two. "macro": the mean of their areas. "weighted": weighted by their
            rows. "micro": of all cells at once. "samples": the mean over the rows, of labels. None: each area.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1. scikit-learn takes none for "ovo".
        max_fpr: The area up to this false positive rate alone, in (0, 1], so that scores that say nothing have 0.5.
            Of two classes or several labels. None: 1.
        multi_class: Of more classes than two. "ovr": each against the rest. "ovo": the mean over the pairs of classes,
            which no change of their rows moves. "raise": refuse them.
        labels: All classes, sorted [classes]. None: those of y_true. For more classes than two.

    Returns:
        A number in [0, 1]; 0.5 for scores that say nothing. NaN, and an `UndefinedMetricWarning`, for a single class.
        float64[classes] for average=None.

    Raises:
        ValueError: If there are more classes than two and no `multi_class`, if the arguments are not of the same rows,
            if a score is NaN or infinite, if probabilities of classes do not add up to 1, or if an option is none of
            those above.
        TypeError: If labels are neither strings nor numbers, or scores are not numbers.

    Example:
        >>> dnn.roc_auc_score(["no", "no", "yes", "yes"], [0.1, 0.4, 0.35, 0.8])
        0.75
    """
    true, scores, weights = _checked_ranking(y_true, y_score, sample_weight)
    most = 1.0 if max_fpr is None else checked_fraction(max_fpr, "max_fpr")
    if most == 0:
        raise ValueError("max_fpr must be in (0, 1], got 0")
    if true.ndim == 1 and (len(np.unique(true)) > 2 or (scores.ndim == 2 and scores.shape[1] > 2)):
        if most < 1:
            raise ValueError(f"max_fpr is of two classes, got {max_fpr!r} beside more")
        area, undefined = _of_classes(true, scores, weights, average, multi_class, labels)
    else:
        checked_option(average, "average", "micro", "macro", "weighted", "samples", None)
        area, undefined = _of_sides(true, scores, weights, average, most)
    if undefined:
        warnings.warn("ROC AUC is NaN where there is a single class", UndefinedMetricWarning, stacklevel=2)
    return area


def average_precision_score(
    y_true: npt.ArrayLike,
    y_score: npt.ArrayLike,
    *,
    average: Average = "macro",
    pos_label: int | float | str = 1,
    sample_weight: npt.ArrayLike | None = None,
) -> float | npt.NDArray[np.float64]:
    """Return the area under the precision-recall curve: the precision at each threshold, averaged over positive rows.

    AP = Σ_n (R_n − R_{n−1}) P_n          n over the distinct scores, from the highest; rows that tie enter together

    A score that says nothing has the share of the positive rows. Straight lines between the points, as in a trapezoid
    rule, would promise more than any threshold gives.
    Source: J. Davis, M. Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006, on the
    lines; the formula is that of sklearn.metrics.average_precision_score.

    Args:
        y_true: The true labels, strings or whole numbers [rows]. Or 0 and 1 for each of several labels,
            [rows, labels].
        y_score: A score of each row, higher for positive ones: a probability, a logit or any other number [rows]. Of
            more classes than two [rows, classes], in the order of the sorted labels; of several labels [rows, labels].
        average: Of more classes or labels than two. "macro": the mean of their areas. "weighted": weighted by their
            rows. "micro": of all cells at once. "samples": the mean over the rows. None: each area.
        pos_label: The positive class, of two.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        A number in [0, 1]. 0, and an `UndefinedMetricWarning`, if no row is positive. float64[classes] for
        average=None.

    Raises:
        ValueError: If of two classes `pos_label` is neither, if the arguments are not of the same rows, if a score is
            NaN or infinite, or if `average` is none of those above.
        TypeError: If labels are neither strings nor numbers, or scores are not numbers.

    Example:
        >>> dnn.average_precision_score([0, 0, 1, 1], [0.1, 0.3, 0.2, 0.4])
        0.8333333333333333
    """
    true, scores, weights = _checked_ranking(y_true, y_score, sample_weight)
    checked_option(average, "average", "micro", "macro", "weighted", "samples", None)
    classes = np.unique(true)
    if true.ndim == 1 and len(classes) < 3:
        checked_positive_label(pos_label, classes)
        positive, scores, average = _column(true == pos_label), _column(_of_rows(scores, len(true))), "macro"
    elif pos_label != 1:
        raise ValueError(f"pos_label is of two classes [rows], got {pos_label!r} beside several")
    else:
        positive = true == 1 if true.ndim == 2 else true[:, np.newaxis] == classes
        _same_columns(positive, scores, "labels" if true.ndim == 2 else f"classes {shown(classes)}")
    found, undefined = averaged_columns(average_precisions, positive, scores, weights, average, undefined_as=0.0)
    if undefined:
        message = "average precision is 0 where no row is positive"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=2)
    return found


def _of_sides(
    true: npt.NDArray[Any], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None, average: Average, most: float
) -> Averaged:
    """Return the area of two classes [rows], or the averaged ones of labels [rows, labels]."""

    def areas(
        positive: npt.NDArray[np.bool_], scores: npt.NDArray[Any], weights: npt.NDArray[Any] | None
    ) -> npt.NDArray[np.float64]:
        if most == 1:
            return roc_areas(positive, scores, weights)
        return np.array([partial_roc_area(*each, weights, most) for each in zip(positive.T, scores.T, strict=True)])

    if true.ndim == 2:
        _same_columns(true, scores, "labels")
        return averaged_columns(areas, true == 1, scores, weights, average)
    classes = np.unique(true)
    if len(classes) < 2:
        return Averaged(float("nan"), True)
    positive, column = _column(true == classes[-1]), _column(_of_rows(scores, len(true)))
    return averaged_columns(areas, positive, column, weights, "macro")


def _of_classes(
    true: npt.NDArray[Any],
    scores: npt.NDArray[Any],
    weights: npt.NDArray[Any] | None,
    average: Average,
    multi_class: MultiClass,
    labels: npt.ArrayLike | None,
) -> Averaged:
    checked_option(multi_class, "multi_class", "raise", "ovr", "ovo")
    if multi_class == "raise":
        found = shown(np.unique(true))
        raise ValueError(f'y_true must have two classes, got {found}: give multi_class="ovr" or "ovo" for more')
    if multi_class == "ovr":
        checked_option(average, 'average of "ovr"', "micro", "macro", "weighted", None)
    else:
        checked_option(average, 'average of "ovo"', "macro", "weighted")
    classes, index = checked_score_columns(true, scores, labels)
    if not np.allclose(1, scores.sum(axis=1)):
        raise ValueError("y_score of more classes than two must be probabilities, which add up to 1 in each row")
    if multi_class == "ovo":
        area = area_of_pairs(index, scores, weights, average)
        return Averaged(area, bool(np.isnan(area)))
    return averaged_columns(roc_areas, index[:, np.newaxis] == np.arange(len(classes)), scores, weights, average)


def _checked_ranking(
    y_true: npt.ArrayLike, y_score: npt.ArrayLike, sample_weight: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[Any], npt.NDArray[Any] | None]:
    true = checked_targets(y_true, "y_true")
    scores = checked_array(y_score, "y_score", "biufV", "numbers")  # V: bfloat16
    if scores.ndim not in (1, 2) or scores.shape[0] != len(true) or scores.ndim < true.ndim:
        wanted = "[rows, labels]" if true.ndim == 2 else "[rows]"
        raise ValueError(f"y_true and y_score must be {wanted}, got {true.shape} and {scores.shape}")
    if not np.isfinite(scores).all():
        raise ValueError("y_score must be finite, got NaN or infinity")
    return true, scores, checked_weights(sample_weight, len(true))


def _of_rows(scores: npt.NDArray[Any], rows: int) -> npt.NDArray[Any]:
    if scores.ndim != 1:
        wanted = "of two classes give the scores of one of them"
        raise ValueError(f"y_true and y_score must be [rows], got {(rows,)} and {scores.shape}: {wanted}")
    return scores


def _same_columns(columns: npt.NDArray[Any], scores: npt.NDArray[Any], of: str) -> None:
    if scores.shape != columns.shape:
        raise ValueError(f"y_score must have a column for each of {columns.shape[1]} {of}, got shape {scores.shape}")


def _column(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return values[:, np.newaxis]
