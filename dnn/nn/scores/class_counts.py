"""What precision, recall and F are made of: the rows of each class that are predicted rightly, predicted, and true."""

import warnings
from typing import Any, Literal, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.confusion import indices
from dnn.nn.scores.score_checks import (
    UndefinedMetricWarning,
    checked_classes,
    checked_option,
    checked_positive_label,
    checked_target_pair,
    checked_weights,
    shown,
)

Average: TypeAlias = Literal["binary", "micro", "macro", "weighted", "samples"] | None
ZeroDivision: TypeAlias = float | Literal["warn"]


class Counts(NamedTuple):
    """The weights of the rows of each class; for "samples" of the labels of each row, with the weights of the rows."""

    hits: npt.NDArray[np.float64]
    predicted: npt.NDArray[np.float64]
    true: npt.NDArray[np.float64]
    rows: npt.NDArray[Any] | None = None


def class_counts(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    labels: npt.ArrayLike | None,
    pos_label: object,
    average: Average,
    sample_weight: npt.ArrayLike | None,
) -> Counts:
    """Return the counts of each class to score; added up for "micro"."""
    checked_option(average, "average", "binary", "micro", "macro", "weighted", "samples", None)
    true, predicted = checked_target_pair(y_true, y_pred)
    weights = checked_weights(sample_weight, len(true))
    if average != "binary" and pos_label not in (None, 1):
        warnings.warn(f'pos_label={pos_label!r} is used by average="binary" only, not by {average!r}', stacklevel=3)
    if true.ndim == 2:
        return _of_labels(true, predicted, labels, average, weights)
    if average == "samples":
        raise ValueError('average="samples" is of several labels, [rows, labels], got a label for each row')
    classes = np.union1d(true, predicted)
    if average == "binary":
        checked_positive_label(pos_label, classes)
        true, predicted, classes = true == pos_label, predicted == pos_label, np.array([True])
    elif labels is not None:
        classes = checked_classes(labels, true)
    index, of_prediction, none = indices(true, classes), indices(predicted, classes), len(classes)
    rows = (np.where(index == of_prediction, index, none), of_prediction, index)
    counts = Counts(*(np.bincount(each, weights, none + 1)[:none].astype(np.float64) for each in rows))
    return _added_up(counts) if average == "micro" else counts


def ratio(
    part: npt.NDArray[np.float64], whole: npt.NDArray[np.float64], score: str, missing: str, zero_division: ZeroDivision
) -> npt.NDArray[np.float64]:
    """Return part / whole; where the whole is 0, what `zero_division` says."""
    warn = isinstance(zero_division, str)
    if zero_division != "warn" and (warn or zero_division not in (0, 1)) and zero_division == zero_division:
        raise ValueError(f'zero_division must be 0, 1, NaN or "warn", got {zero_division!r}')
    if warn and not whole.all():
        message = f"{score} is not defined for a class without {missing} rows, and set to 0: zero_division sets another"
        warnings.warn(message, UndefinedMetricWarning, stacklevel=3)
    return np.divide(part, whole, out=np.full(len(part), 0.0 if warn else float(zero_division)), where=whole != 0)


def averaged(scores: npt.NDArray[np.float64], counts: Counts, average: Average) -> float | npt.NDArray[np.float64]:
    """Return the scores of each class, or their mean over those that have one."""
    if average is None:
        return scores
    defined = ~np.isnan(scores)
    if not defined.any():
        return np.nan
    weights = counts.true if average == "weighted" else counts.rows
    weighted = weights is not None and weights[defined].any()
    return float(np.average(scores[defined], weights=weights[defined] if weights is not None and weighted else None))


def _of_labels(
    true: npt.NDArray[np.int64],
    predicted: npt.NDArray[np.int64],
    labels: npt.ArrayLike | None,
    average: Average,
    weights: npt.NDArray[Any] | None,
) -> Counts:
    """Return the counts of each of several labels [rows, labels], or for "samples" of each row."""
    if average == "binary":
        raise ValueError(f'average="binary" is of one label for each row, got {true.shape[1]}: give another average')
    if labels is not None:
        columns = np.asarray(labels)
        if columns.dtype.kind not in "iu" or columns.ndim != 1 or not np.isin(columns, np.arange(true.shape[1])).all():
            raise ValueError(f"labels must be columns in [0, {true.shape[1]}), got {shown(np.atleast_1d(columns))}")
        true, predicted = true[:, columns], predicted[:, columns]
    factors = np.ones(len(true)) if weights is None else weights.astype(np.float64)
    sides = (true & predicted, predicted, true)
    if average == "samples":
        hits, of_predicted, of_true = (factors * side.sum(axis=1) for side in sides)
        return Counts(hits, of_predicted, of_true, weights)
    counts = Counts(*(factors @ side for side in sides))
    return _added_up(counts) if average == "micro" else counts


def _added_up(counts: Counts) -> Counts:
    return Counts(*(count.sum(keepdims=True) for count in counts[:3]))
