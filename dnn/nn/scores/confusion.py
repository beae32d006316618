"""The confusion matrix, which counts the rows of each class by predicted class, and the accuracy."""

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.score_checks import checked_classes, checked_predictions, checked_target_pair, checked_weights, shown

_SUMMED_OVER: dict[str, int | tuple[int, int]] = {"true": 1, "pred": 0, "all": (0, 1)}


def confusion_matrix(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    sample_weight: npt.ArrayLike | None = None,
    normalize: Literal["true", "pred", "all"] | None = None,
) -> npt.NDArray[Any]:
    """Count the rows of each true class (down) by predicted class (across).

    The matrices of two parts of the rows add up to that of both, if `labels` are given. A single class has a matrix
    of one cell, which says nothing: a warning tells to give `labels`.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_pred: The predicted labels, of the same kind [rows].
        labels: The classes, in the order of the matrix [classes]; rows of others do not count. At least one must be
            in y_true. None: all that are in y_true or y_pred, sorted.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        normalize: Divide by the sums over the true classes ("true": the diagonal holds the recall of each class), over
            the predicted ones ("pred": their precision) or over all ("all"); 0 / 0 is 0. None: do not divide.

    Returns:
        [classes, classes]: int64 of rows or whole weights, float64 of other weights and if normalized.

    Raises:
        ValueError: If the arguments are not of the same rows, or `labels` has no class of y_true.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.confusion_matrix(["no", "no", "yes"], ["no", "yes", "yes"]).tolist()
        [[1, 1], [0, 1]]
    """
    if normalize is not None and normalize not in _SUMMED_OVER:
        raise ValueError(f'normalize must be "true", "pred", "all" or None, got {normalize!r}')
    matrix = confusion_counts(y_true, y_pred, labels, sample_weight)
    if len(matrix) == 1:
        warnings.warn("y_true and y_pred have a single label: give all known ones as labels=", stacklevel=2)
    return matrix if normalize is None else _share(matrix, matrix.sum(axis=_SUMMED_OVER[normalize], keepdims=True))


def accuracy_score(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, *, normalize: bool = True, sample_weight: npt.ArrayLike | None = None
) -> float:
    """Return the share of the rows whose predicted label is the true one.

    Args:
        y_true: The true labels, strings or whole numbers [rows]; or 0 and 1 for several labels [rows, labels], all of
            which a row must have right.
        y_pred: The predicted labels, of the same kind and shape.
        normalize: False: return the number of these rows, or the sum of their weights, and not their share.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        A number in [0, 1], or in [0, rows] without `normalize`.

    Raises:
        ValueError: If the arguments are not of the same rows.
        TypeError: If labels are neither strings nor numbers, or some are of one kind and some of the other.

    Example:
        >>> dnn.accuracy_score([0, 1, 2, 2], [0, 2, 2, 2])
        0.75
    """
    true, predicted = checked_target_pair(y_true, y_pred)
    weights = checked_weights(sample_weight, len(true))
    hits = true == predicted if true.ndim == 1 else (true == predicted).all(axis=1)
    return float(np.average(hits, weights=weights) if normalize else np.sum(hits if weights is None else weights[hits]))


def confusion_counts(
    y_true: npt.ArrayLike,
    y_pred: npt.ArrayLike,
    labels: npt.ArrayLike | None,
    sample_weight: npt.ArrayLike | None,
    names: tuple[str, str] = ("y_true", "y_pred"),
) -> npt.NDArray[Any]:
    """Return the confusion matrix, not normalized."""
    true, predicted = checked_predictions(y_true, y_pred, names)
    weights = checked_weights(sample_weight, len(true))
    classes = np.union1d(true, predicted) if labels is None else checked_classes(labels, true)
    if not np.isin(classes, true).any():
        raise ValueError(f"labels must have at least one class of {names[0]}, got {shown(classes)}")
    return _matrix(indices(true, classes), indices(predicted, classes), weights, len(classes))


def indices(values: npt.NDArray[Any], classes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the index of each value among the classes; the number of classes for a value that is none of them."""
    order = np.argsort(classes, kind="stable")
    nearest = order[np.minimum(np.searchsorted(classes, values, sorter=order), len(classes) - 1)]
    return np.where(classes[nearest] == values, nearest, len(classes))


def _matrix(
    true: npt.NDArray[np.int64], predicted: npt.NDArray[np.int64], weights: npt.NDArray[Any] | None, classes: int
) -> npt.NDArray[Any]:
    counted = (true < classes) & (predicted < classes)
    cells = classes * true[counted] + predicted[counted]
    counts = np.bincount(cells, None if weights is None else weights[counted], classes**2)
    whole = weights is None or weights.dtype == np.int64  # bincount makes floats of whole weights
    return counts.astype(np.int64 if whole else np.float64).reshape(classes, classes)


def _share(part: npt.NDArray[Any], whole: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole != 0)
