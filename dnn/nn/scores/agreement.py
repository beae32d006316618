"""How far labels and predictions agree beyond chance, from the confusion matrix: scores for classes of unequal size."""

import math
import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_number
from dnn.nn.scores.confusion import confusion_counts
from dnn.nn.scores.score_checks import UndefinedMetricWarning, checked_option


def balanced_accuracy_score(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None, adjusted: bool = False
) -> float:
    """Return the mean of the recall of each class: the accuracy, were all classes as frequent.

    Source: K. Brodersen et al., "The Balanced Accuracy and Its Posterior Distribution", ICPR 2010.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        adjusted: Shift and scale it so that always guessing one class has 0, and perfect predictions 1.

    Returns:
        A number in [0, 1]; adjusted, in [−1 / (classes − 1), 1], and NaN with an `UndefinedMetricWarning` for a single
        class. A class that y_true does not have is left out, with an `UndefinedMetricWarning`.

    Raises:
        ValueError: If the arguments are not of the same rows.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.balanced_accuracy_score([0, 0, 0, 1], [0, 0, 0, 0])
        0.5
    """
    matrix = confusion_counts(y_true, y_pred, None, sample_weight)
    rows = matrix.sum(axis=1)
    recalls = np.diagonal(matrix)[rows > 0] / rows[rows > 0]
    if len(recalls) < len(rows):
        message = "a predicted class has no true rows, and is left out of the balanced accuracy"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=2)
    elif len(recalls) == 1:
        _warn_of_one_label()
    score = float(np.mean(recalls))
    if not adjusted:
        return score
    chance = 1 / len(recalls)
    return (score - chance) / (1 - chance) if len(recalls) > 1 else float("nan")


def matthews_corrcoef(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return Matthews' correlation: of two classes, Pearson's of the labels and the predictions as 0 and 1.

    (c s − Σ_k p_k t_k) / √((s² − Σ_k p_k²)(s² − Σ_k t_k²))

    Of s rows c are right; t_k are of class k, and p_k are predicted as it. 1 is perfect, 0 is chance.
    Source: J. Gorodkin, "Comparing Two K-Category Assignments by a K-Category Correlation Coefficient", 2004,
    equation 8.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        A number in [−1, 1]; 0 where all labels, or all predictions, are of one class.

    Raises:
        ValueError: If the arguments are not of the same rows.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> round(dnn.matthews_corrcoef([1, 1, 1, 0], [1, 0, 1, 1]), 3)
        -0.333
    """
    matrix = confusion_counts(y_true, y_pred, None, sample_weight).astype(np.float64)
    if len(matrix) == 1:
        _warn_of_one_label()
    true, predicted = matrix.sum(axis=1), matrix.sum(axis=0)
    rows = true.sum()
    spread = (rows**2 - predicted @ predicted) * (predicted.sum() ** 2 - true @ true)
    return float((np.trace(matrix) * rows - true @ predicted) / math.sqrt(spread)) if spread > 0 else 0.0


def cohen_kappa_score(
    y1: npt.ArrayLike,
    y2: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    weights: Literal["linear", "quadratic"] | None = None,
    sample_weight: npt.ArrayLike | None = None,
    replace_undefined_by: float = float("nan"),
) -> float:
    """Return Cohen's κ = (p − p_e) / (1 − p_e): p is the share of rows that agree, p_e what chance would give.

    Source: J. Cohen, "A Coefficient of Agreement for Nominal Scales", 1960; "Weighted Kappa", 1968.

    Args:
        y1: Labels, strings or whole numbers [rows].
        y2: Labels of another rater, of the same kind [rows]. The two may change places.
        labels: The classes that count, in the order that `weights` measures [classes]. None: all, sorted.
        weights: What a disagreement costs: "linear", the distance of the classes in their order; "quadratic", its
            square. None: 1.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        replace_undefined_by: What is returned, with an `UndefinedMetricWarning`, where both have one and the same
            class: in [−1, 1] or NaN.

    Returns:
        A number in [−1, 1]: 1 is perfect, 0 is chance.

    Raises:
        ValueError: If the arguments are not of the same rows, if `labels` has no class of y1, or if an option is none
            of those above.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> round(dnn.cohen_kappa_score([0, 0, 1, 2], [0, 1, 1, 2], weights="linear"), 3)
        0.714
    """
    checked_option(weights, "weights", "linear", "quadratic", None)
    if abs(checked_number(replace_undefined_by, "replace_undefined_by")) > 1:
        raise ValueError(f"replace_undefined_by must be in [-1, 1] or NaN, got {replace_undefined_by}")
    matrix = confusion_counts(y1, y2, labels, sample_weight, ("y1", "y2")).astype(np.float64)
    first, second, rows = matrix.sum(axis=1), matrix.sum(axis=0), matrix.sum()
    costs = _costs(len(matrix), weights)
    expected = float((costs * np.outer(first, second)).sum() / rows) if rows else 0.0
    if expected == 0:
        message = f"Cohen's kappa is {replace_undefined_by}: both have one and the same class"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=2)
        return replace_undefined_by
    return float(1 - (costs * matrix).sum() / expected)


def _costs(classes: int, weights: str | None) -> npt.NDArray[Any]:
    """Return what each pair of classes costs [classes, classes]."""
    distances = np.abs(np.subtract.outer(np.arange(classes), np.arange(classes))).astype(np.float64)
    if weights is None:
        return np.minimum(distances, 1)
    return distances if weights == "linear" else distances**2


def _warn_of_one_label() -> None:
    warnings.warn("y_true and y_pred have a single label", UndefinedMetricWarning, stacklevel=3)
