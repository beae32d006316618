"""How well a classifier does on rows it has not seen, beside what guessing would do."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_class_numbers
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.scores.confusion import confusion_matrix
from dnn.nn.scores.precision_recall import precision_score, recall_score
from dnn.nn.scores.ranking import area_under_roc_curve


def scores(labels: npt.NDArray[Any], logits: npt.NDArray[Any], classes: Sequence[str]) -> dict[str, Any]:
    """Return every figure of a test, over all rows at once, as plain numbers for JSON; None where it is not defined.

    loss: the mean cross-entropy of the logits, in nats. accuracy, majority_accuracy (of always guessing the most
    frequent class), precision, recall, roc_auc: in [0, 1]. roc_auc: of the second of two classes; of more, the mean
    over the classes of each against the rest. confusion_matrix: the rows of each true class (down) by predicted class
    (across).

    Args:
        labels: The true class numbers, each in [0, classes): int[rows].
        logits: What the model gives for these rows: float[rows, classes].
        classes: The name of each class number.

    Returns:
        The figures by name.

    Raises:
        ValueError: If a label is out of range.
        TypeError: If labels are not integers.
    """
    logits, numbers = np.asarray(logits, np.float64), range(len(classes))
    labels, predicted = checked_class_numbers(labels, len(classes), "labels"), logits.argmax(axis=1)
    confusion = confusion_matrix(labels, predicted, labels=numbers)
    of_each: dict[str, Any] = {"labels": numbers, "average": None, "zero_division": np.nan}
    return {
        "rows": len(labels),
        "loss": float(np.mean(sparse_softmax_cross_entropy(labels, logits))),
        "accuracy": float(np.trace(confusion) / len(labels)),
        "majority_accuracy": float(confusion.sum(axis=1).max() / len(labels)),
        "roc_auc": _number(_auc(labels, logits)),
        "precision": _by_name(classes, precision_score(labels, predicted, **of_each)),
        "recall": _by_name(classes, recall_score(labels, predicted, **of_each)),
        "classes": list(classes),
        "confusion_matrix": confusion.tolist(),
    }


def _auc(labels: npt.NDArray[Any], logits: npt.NDArray[np.float64]) -> float:
    if logits.shape[1] == 2:  # not of probabilities: near 1 they would round, and tie
        return _area(labels == 1, logits[:, 1] - logits[:, 0])
    log_odds = [_log_odds(logits, label) for label in range(logits.shape[1])]
    return float(np.mean([_area(labels == label, odds) for label, odds in enumerate(log_odds)]))


def _area(positive: npt.NDArray[np.bool_], odds: npt.NDArray[np.float64]) -> float:
    """Return the area under the ROC curve; NaN for a network that diverged, as where one side is absent."""
    return float("nan") if np.isnan(odds).any() else area_under_roc_curve(positive, odds)


def _log_odds(logits: npt.NDArray[np.float64], label: int) -> npt.NDArray[np.float64]:
    return logits[:, label] - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1)


def _by_name(classes: Sequence[str], values: float | npt.NDArray[np.float64]) -> dict[str, float | None]:
    return dict(zip(classes, map(_number, np.ravel(values)), strict=True))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
