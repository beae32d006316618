"""How well a classifier does on rows it has not seen, beside what guessing would do."""

from collections.abc import Sequence

import numpy as np

from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.metrics import confusion_matrix, precision, recall
from dnn.nn.ranking import roc_auc


def scores(labels: np.ndarray, logits: np.ndarray, classes: Sequence[str]) -> dict:
    """Every figure of a test, over all rows at once, as plain numbers for JSON; None where a ratio has no rows.

    labels: int[rows], each in [0, classes). logits: float[rows, classes]. classes: the name of each class number.
    loss: mean cross-entropy, nats. accuracy, majority_accuracy (always guessing the most frequent class),
    precision, recall, roc_auc: in [0, 1]. roc_auc: of the second of two classes; of more, the mean of one against
    the rest. confusion_matrix: rows of each true class (down), by predicted class (across).
    """
    logits = np.asarray(logits, np.float64)
    confusion = confusion_matrix(labels, logits.argmax(axis=1), len(classes))
    return {
        "rows": len(labels),
        "loss": float(np.mean(sparse_softmax_cross_entropy(labels, logits))),
        "accuracy": float(np.trace(confusion) / len(labels)),
        "majority_accuracy": float(confusion.sum(axis=1).max() / len(labels)),
        "roc_auc": _number(_auc(labels, logits)),
        "precision": dict(zip(classes, map(_number, precision(confusion)), strict=True)),
        "recall": dict(zip(classes, map(_number, recall(confusion)), strict=True)),
        "classes": list(classes),
        "confusion_matrix": confusion.tolist(),
    }


def _auc(labels: np.ndarray, logits: np.ndarray) -> float:
    if logits.shape[1] == 2:
        return roc_auc(labels == 1, logits[:, 1] - logits[:, 0])  # a probability near 1 would round, and tie
    log_odds = [_log_odds(logits, label) for label in range(logits.shape[1])]
    return float(np.mean([roc_auc(labels == label, odds) for label, odds in enumerate(log_odds)]))


def _log_odds(logits: np.ndarray, label: int) -> np.ndarray:
    return logits[:, label] - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1)


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
