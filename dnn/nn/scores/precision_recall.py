"""Precision, recall and F1: the shares of true positives, of each class or averaged over the classes."""

import warnings
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.confusion import indices
from dnn.nn.scores.score_checks import (
    UndefinedMetricWarning,
    checked_classes,
    checked_positive_label,
    checked_predictions,
    checked_weights,
)

Average: TypeAlias = Literal["binary", "micro", "macro", "weighted"] | None
ZeroDivision: TypeAlias = float | Literal["warn"]


class _Counts(NamedTuple):
    """The weights of the rows of each class: those predicted rightly, all that are predicted, all that are true."""

    hits: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]
    true: npt.NDArray[np.float64]


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
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        labels: The classes to score, in the order of the result [classes]. None: all that are in y_true or y_pred,
            sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up.
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
    counts = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    scores = _ratio(counts.hits, counts.predicted, "precision", "predicted", zero_division)
    return _averaged(scores, counts.true, average)


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
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        labels: The classes to score, in the order of the result [classes]. None: all that are in y_true or y_pred,
            sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up.
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
    counts = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    return _averaged(_ratio(counts.hits, counts.true, "recall", "true", zero_division), counts.true, average)


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
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        labels: The classes to score, in the order of the result [classes]. None: all that are in y_true or y_pred,
            sorted. Not used by average="binary".
        pos_label: The class that average="binary" scores.
        average: "binary": the score of `pos_label`, of two classes. None: of each class. "macro": the mean over the
            classes. "weighted": the mean weighted by the true rows of each. "micro": of the counts of all classes
            added up.
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
    counts = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    both = counts.predicted + counts.true
    scores = _ratio(2 * counts.hits, both, "F1", "true nor predicted", zero_division)
    return _averaged(scores, counts.true, average)


def _counts(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    labels: npt.ArrayLike | None,
    pos_label: object,
    average: Average,
    sample_weight: npt.ArrayLike | None,
) -> _Counts:
    """Return the counts of each class to score; added up for "micro"."""
    if average not in ("binary", "micro", "macro", "weighted", None):
        raise ValueError(f'average must be "binary", "micro", "macro", "weighted" or None, got {average!r}')
    true, predicted = checked_predictions(y_true, y_pred)
    weights = checked_weights(sample_weight, len(true))
    classes = np.union1d(true, predicted)
    if average == "binary":
        checked_positive_label(pos_label, classes)
        true, predicted, classes = true == pos_label, predicted == pos_label, np.array([True])
    elif labels is not None:
        classes = checked_classes(labels, true)
    if average != "binary" and pos_label not in (None, 1):
        warnings.warn(f'pos_label={pos_label!r} is used by average="binary" only, not by {average!r}', stacklevel=3)
    counts = _Counts(*_weights_of(indices(true, classes), indices(predicted, classes), weights, len(classes)))
    return _Counts(*(count.sum(keepdims=True) for count in counts)) if average == "micro" else counts


def _weights_of(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weights: npt.NDArray[Any] | None, classes: int
) -> Iterator[npt.NDArray[np.float64]]:
    """Yield float64[classes] for each field of `_Counts`."""
    for index in (np.where(true == predicted, true, classes), predicted, true):
        yield np.bincount(index, weights, classes + 1)[:classes].astype(np.float64)


def _ratio(
    part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64], score: str, missing: str, zero_division: ZeroDivision
) -> npt.NDArray[np.float64]:
    warn = isinstance(zero_division, str)
    if zero_division != "warn" and (warn or zero_division not in (0, 1)) and zero_division == zero_division:
        raise ValueError(f'zero_division must be 0, 1, NaN or "warn", got {zero_division!r}')
    if warn and not whole.all():
        message = f"{score} is not defined for a class without {missing} rows, and set to 0: zero_division sets another"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
    return np.divide(part, whole, out=np.full(len(part), 0.0 if warn else float(zero_division)), where=whole != 0)


def _averaged(
    scores: npt.NDArray[np.float64], true: npt.NDArray[np.float64], average: Average
) -> float | npt.NDArray[np.float64]:
    """Return the scores of each class, or their mean over those that have one."""
    if average is None:
        return scores
    defined = ~np.isnan(scores)
    weighted = average == "weighted" and true[defined].any()
    return float(np.average(scores[defined], weights=true[defined] if weighted else None)) if defined.any() else np.nan
