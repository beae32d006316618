"""Precision, recall and F: the shares of true positives, of each class or averaged over the classes."""

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_number
from dnn.nn.scores.class_counts import Average, Counts, ZeroDivision, averaged, class_counts, ratio

MOST_BETA = 1e150  # its square is a number


def precision_score(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    pos_label: int | float | str | None = 1,
    average: Average = "binary",
    sample_weight: npt.ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | npt.NDArray[np.float64]:
    """Return the share of the rows predicted as a class that are of it: TP / (TP + FP).

    It is not defined for a class that is never predicted: see `zero_division`.
    Source: C. van Rijsbergen, "Information Retrieval", 1979, chapter 7.

    Args:
        y_true: The true labels, strings or whole numbers [rows]; or 0 and 1 for several labels [rows, labels].
        y_pred: The predicted labels, of the same kind and shape.
        labels: The classes to score, in the order of the result [classes]; of several labels their columns. None: all
            that are in y_true or y_pred, sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up. "samples": the mean over the rows, of several labels.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        zero_division: The score where it is not defined: 0, 1, or NaN, which is left out of an average. "warn": 0, and
            an `UndefinedMetricWarning`.

    Returns:
        A number in [0, 1]; float64[classes] for average=None.

    Raises:
        ValueError: If the arguments are not of the same rows, if average="binary" and there are more classes than two
            or `pos_label` is not one of them, or if an option is none of those above.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.precision_score(["no", "yes", "yes", "yes"], ["yes", "yes", "yes", "no"], pos_label="yes")
        0.6666666666666666
    """
    counts = class_counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    scores = ratio(counts.hits, counts.predicted, "precision", "predicted", zero_division)
    return averaged(scores, counts, average)


def recall_score(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    pos_label: int | float | str | None = 1,
    average: Average = "binary",
    sample_weight: npt.ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | npt.NDArray[np.float64]:
    """Return the share of the rows of a class that are predicted as it: TP / (TP + FN).

    It is not defined for a class that has no true rows: see `zero_division`.
    Source: C. van Rijsbergen, "Information Retrieval", 1979, chapter 7.

    Args:
        y_true: The true labels, strings or whole numbers [rows]; or 0 and 1 for several labels [rows, labels].
        y_pred: The predicted labels, of the same kind and shape.
        labels: The classes to score, in the order of the result [classes]; of several labels their columns. None: all
            that are in y_true or y_pred, sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up. "samples": the mean over the rows, of several labels.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        zero_division: The score where it is not defined: 0, 1, or NaN, which is left out of an average. "warn": 0, and
            an `UndefinedMetricWarning`.

    Returns:
        A number in [0, 1]; float64[classes] for average=None.

    Raises:
        ValueError: If the arguments are not of the same rows, if average="binary" and there are more classes than two
            or `pos_label` is not one of them, or if an option is none of those above.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.recall_score([0, 1, 1, 1], [1, 1, 1, 0])
        0.6666666666666666
    """
    counts = class_counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return averaged(ratio(counts.hits, counts.true, "recall", "true", zero_division), counts, average)


def f1_score(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    pos_label: int | float | str | None = 1,
    average: Average = "binary",
    sample_weight: npt.ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | npt.NDArray[np.float64]:
    """Return 2 TP / (2 TP + FP + FN), the harmonic mean of precision and recall.

    It is not defined for a class that has neither true nor predicted rows: see `zero_division`.
    Source: C. van Rijsbergen, "Information Retrieval", 1979, chapter 7 (1 − E, with equal weights for both).

    Args:
        y_true: The true labels, strings or whole numbers [rows]; or 0 and 1 for several labels [rows, labels].
        y_pred: The predicted labels, of the same kind and shape.
        labels: The classes to score, in the order of the result [classes]; of several labels their columns. None: all
            that are in y_true or y_pred, sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up. "samples": the mean over the rows, of several labels.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        zero_division: The score where it is not defined: 0, 1, or NaN, which is left out of an average. "warn": 0, and
            an `UndefinedMetricWarning`.

    Returns:
        A number in [0, 1]; float64[classes] for average=None.

    Raises:
        ValueError: If the arguments are not of the same rows, if average="binary" and there are more classes than two
            or `pos_label` is not one of them, or if an option is none of those above.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.f1_score([0, 1, 2, 2], [0, 2, 2, 2], average=None, zero_division=0).tolist()
        [1.0, 0.0, 0.8]
    """
    counts = class_counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return averaged(_f_of(counts, 1.0, "F1", zero_division), counts, average)


def fbeta_score(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    beta: float,
    labels: npt.ArrayLike | None = None,
    pos_label: int | float | str | None = 1,
    average: Average = "binary",
    sample_weight: npt.ArrayLike | None = None,
    zero_division: ZeroDivision = "warn",
) -> float | npt.NDArray[np.float64]:
    """Return (1 + β²) TP / ((1 + β²) TP + FP + β² FN): recall counts β times as much as precision.

    It is not defined for a class that has neither true nor predicted rows: see `zero_division`.
    Source: C. van Rijsbergen, "Information Retrieval", 1979, chapter 7 (1 − E, with α = 1 / (1 + β²)).

    Args:
        y_true: The true labels, strings or whole numbers [rows]; or 0 and 1 for several labels [rows, labels].
        y_pred: The predicted labels, of the same kind and shape.
        beta: What recall counts, beside 1 for precision, >= 0. 0 is the precision, ∞ the recall, 1 is F1.
        labels: The classes to score, in the order of the result [classes]; of several labels their columns. None: all
            that are in y_true or y_pred, sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up. "samples": the mean over the rows, of several labels.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        zero_division: The score where it is not defined: 0, 1, or NaN, which is left out of an average. "warn": 0, and
            an `UndefinedMetricWarning`.

    Returns:
        A number in [0, 1]; float64[classes] for average=None.

    Raises:
        ValueError: If the arguments are not of the same rows, if average="binary" and there are more classes than two
            or `pos_label` is not one of them, if `beta` is negative, or if an option is none
            of those above.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> round(dnn.fbeta_score([0, 1, 1, 1], [1, 1, 0, 0], beta=2), 3)
        0.357
    """
    if not checked_number(beta, "beta") >= 0:
        raise ValueError(f"beta must be a number of 0 or more, got {beta}")
    counts = class_counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return averaged(_f_of(counts, float(beta), "F", zero_division), counts, average)


def _f_of(counts: Counts, beta: float, name: str, zero_division: ZeroDivision) -> npt.NDArray[np.float64]:
    squared = min(beta, MOST_BETA) ** 2
    if beta == float("inf"):
        return ratio(counts.hits, counts.true, name, "true", zero_division)
    whole = squared * counts.true + counts.predicted
    return ratio((1 + squared) * counts.hits, whole, name, "true nor predicted" if beta else "predicted", zero_division)
