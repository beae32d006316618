"""What scores refuse: each check returns the rows it checked, or says what was wanted and what it got."""

from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array

MOST_LABELS_SHOWN = 5


class UndefinedMetricWarning(UserWarning):
    """Warn of a score that the rows do not define, such as the precision of a class that is never predicted.

    It has the name that it has in scikit-learn, and like that one it is a `UserWarning`.
    """


def checked_labels(labels: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return one label for each row: strings, integers, truth values or whole floats.

    Raises: ValueError for another shape, no rows or a fraction; TypeError for another dtype.
    """
    array = np.asarray(labels)
    if array.dtype.kind in "OT" and all(isinstance(label, str) for label in array.flat):
        array = array.astype(str)  # a column of strings in pandas
    if array.dtype.kind not in "biufU":
        raise TypeError(f"{name} must be class labels, strings or whole numbers, got {array.dtype}")
    if array.ndim != 1 or not array.size:
        raise ValueError(f"{name} must be [rows], one label for each row, got shape {array.shape}")
    if array.dtype.kind == "f" and not (np.isfinite(array) & (np.trunc(array) == array)).all():
        raise ValueError(f"{name} must be class labels, got floats that are not whole numbers")
    return array


def checked_targets(targets: npt.ArrayLike, name: str) -> npt.NDArray[Any]:
    """Return one label for each row, as `checked_labels`, or int64[rows, labels], 0 or 1 for each of several labels."""
    array = np.asarray(targets)
    if array.ndim != 2 or array.shape[1] < 2 or not array.size or array.dtype.kind not in "biuf":
        return checked_labels(array, name)
    if not ((array == 0) | (array == 1)).all():
        raise ValueError(f"{name} of several labels, [rows, labels], must be 0 and 1, got {shown(np.unique(array))}")
    return array.astype(np.int64)


def checked_target_pair(y_true: npt.ArrayLike, y_pred: npt.ArrayLike) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the labels and the predicted labels [rows], as `checked_predictions`, or both as int64[rows, labels]."""
    true, predicted = checked_targets(y_true, "y_true"), checked_targets(y_pred, "y_pred")
    if true.ndim == predicted.ndim == 1:
        return checked_predictions(true, predicted)
    if true.shape != predicted.shape:
        raise ValueError(f"y_true and y_pred must have the same shape, got {true.shape} and {predicted.shape}")
    return true, predicted


def checked_predictions(
    y_true: npt.ArrayLike, y_pred: npt.ArrayLike, names: tuple[str, str] = ("y_true", "y_pred")
) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """Return the labels and the predicted labels. Raises: ValueError for other lengths, TypeError for two kinds."""
    true, predicted = checked_labels(y_true, names[0]), checked_labels(y_pred, names[1])
    if true.shape != predicted.shape:
        both, rows = " and ".join(names), f"{len(true)} and {len(predicted)}"
        raise ValueError(f"{both} must have the same number of rows, got {rows}")
    return true, checked_kind(predicted, names[1], true, names[0])


def checked_kind(
    labels: npt.NDArray[Any], name: str, y_true: npt.NDArray[Any], true_name: str = "y_true"
) -> npt.NDArray[Any]:
    """Return the labels. Raises: TypeError if they are strings and those of y_true are numbers, or the reverse."""
    if (labels.dtype.kind == "U") != (y_true.dtype.kind == "U"):
        raise TypeError(
            f"{name} and {true_name} must be both strings or both numbers, got {labels.dtype} and {y_true.dtype}"
        )
    return labels


def checked_classes(labels: npt.ArrayLike, y_true: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the classes in their order. Raises: ValueError for none or one twice, TypeError for another kind."""
    classes = checked_kind(checked_labels(labels, "labels"), "labels", y_true)
    if len(np.unique(classes)) < len(classes):
        raise ValueError(f"labels must be distinct, got {shown(classes)}")
    return classes


def checked_positive_label(pos_label: object, classes: npt.NDArray[Any]) -> None:
    """Raise a ValueError unless there are at most two classes and, of two, pos_label is one of them."""
    if len(classes) > 2:
        raise ValueError(
            f"there must be two classes, got {len(classes)}, {shown(classes)}: for more give "
            'average=None, "macro", "micro" or "weighted"'
        )
    if len(classes) == 2 and pos_label not in classes.tolist():
        raise ValueError(f"pos_label must be one of the labels {shown(classes)}, got {pos_label!r}")


def checked_weights(sample_weight: npt.ArrayLike | None, rows: int) -> npt.NDArray[Any] | None:
    """Return int64 or float64[rows], or None. Raises: ValueError for another shape, a weight < 0, or all of 0."""
    if sample_weight is None:
        return None
    weights = checked_array(sample_weight, "sample_weight", "biuf", "numbers")
    if weights.shape != (rows,):
        raise ValueError(f"sample_weight must be [rows], here [{rows}], got shape {weights.shape}")
    if not np.isfinite(weights).all() or (weights < 0).any() or not weights.any():
        raise ValueError(f"sample_weight must be finite, >= 0 and not all 0, got {shown(weights)}")
    return weights.astype(np.float64 if weights.dtype.kind == "f" else np.int64)


def shown(values: npt.NDArray[Any]) -> str:
    """Show the first of the values, for a message."""
    first = ", ".join(map(repr, values[:MOST_LABELS_SHOWN].tolist()))
    return f"[{first}, …]" if len(values) > MOST_LABELS_SHOWN else f"[{first}]"


def checked_option(value: object, name: str, *choices: object) -> None:
    """Raise a ValueError unless the value is one of the choices."""
    if not any(value is choice or (isinstance(value, str) and value == choice) for choice in choices):
        names = [f'"{choice}"' if isinstance(choice, str) else repr(choice) for choice in choices]
        raise ValueError(f"{name} must be {', '.join(names[:-1])} or {names[-1]}, got {value!r}")


def checked_score_columns(
    y_true: npt.NDArray[Any], y_score: npt.NDArray[Any], labels: npt.ArrayLike | None
) -> tuple[npt.NDArray[Any], npt.NDArray[np.int64]]:
    """Return the sorted classes, one for each column of y_score, and the column of each row's label.

    Raises: ValueError if they do not fit, if `labels` are not sorted, or if a label of y_true is none of them.
    """
    classes = np.unique(y_true) if labels is None else checked_classes(labels, y_true)
    if not np.array_equal(classes, np.sort(classes)):
        raise ValueError(f"labels must be sorted, as the columns of y_score must be, got {shown(classes)}")
    if y_score.ndim != 2 or y_score.shape[1] != len(classes):
        remedy = "; give all of them as labels=" if labels is None else ""
        raise ValueError(
            f"y_score must have a column for each of the labels {shown(classes)}, got shape {y_score.shape}{remedy}"
        )
    return classes, class_index(y_true, classes)


def class_index(y_true: npt.NDArray[Any], classes: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    """Return the index of each label among the sorted classes. Raises: ValueError if it is none of them."""
    index = np.searchsorted(classes, y_true)
    unknown = classes[np.minimum(index, len(classes) - 1)] != y_true
    if unknown.any():
        raise ValueError(f"y_true must be in labels, {shown(classes)}, got {shown(np.unique(y_true[unknown]))}")
    return index
