"""How well a model does on rows it has not seen, as plain numbers for JSON: of classes, and of amounts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_class_numbers, checked_not_negative
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.scores.areas import area_under_roc_curve
from dnn.nn.scores.confusion import confusion_matrix
from dnn.nn.scores.precision_recall import precision_score, recall_score
from dnn.nn.scores.ranking import average_precision_score
from dnn.nn.scores.regression import mean_absolute_error, r2_score, root_mean_squared_error
from dnn.nn.softmax import softmax
from dnn.report.log_odds import log_odds


class Scores(dict[str, Any]):
    """The figures of a test by name, which show themselves in a notebook."""

    def _repr_html_(self) -> str:
        from dnn.report.screen import scores_html  # here, since only a notebook needs a screen's words

        return scores_html(self)


def scores(
    labels: npt.NDArray[Any],
    logits: npt.NDArray[Any],
    classes: Sequence[str],
    *,
    threshold: float | None = None,
    positive: int = 1,
) -> Scores:
    """Return every figure of a test, over all rows at once, as plain numbers for JSON; None where it is not defined.

    loss: the mean cross-entropy of the logits, in nats. accuracy, majority_accuracy (of always guessing the most
    frequent class), precision, recall, roc_auc: in [0, 1]. roc_auc: of the second of two classes; of more, the mean
    over the classes of each against the rest. average_precision: of the positive one of two classes. confusion_matrix:
    the rows of each true class (down) by predicted class (across). threshold: as given; positive: its class's name.

    Args:
        labels: The true class numbers, each in [0, classes): int[rows].
        logits: What the model gives for these rows: float[rows, classes].
        classes: The name of each class number.
        threshold: Of two classes, the least probability, as `softmax` gives it, from which a row is predicted as the
            positive one, >= 0; above 1, none is. None: the most probable class is predicted.
        positive: The number of the positive class, of two.

    Returns:
        The figures by name.

    Raises:
        ValueError: If a label is out of range, or the threshold is, or there are more than two classes beside it.
        TypeError: If labels are not integers.
    """
    predicted = predicted_classes(logits, threshold, positive)
    logits, numbers = np.asarray(logits, np.float64), range(len(classes))
    labels = checked_class_numbers(labels, len(classes), "labels")
    confusion = confusion_matrix(labels, predicted, labels=numbers)
    of_each: dict[str, Any] = {"labels": numbers, "average": None, "zero_division": np.nan}
    return Scores(
        {
            "rows": len(labels),
            "loss": float(np.mean(sparse_softmax_cross_entropy(labels, logits))),
            "accuracy": float(np.trace(confusion) / len(labels)),
            "majority_accuracy": float(confusion.sum(axis=1).max() / len(labels)),
            "roc_auc": _number(_auc(labels, logits)),
            "average_precision": _average_precision(labels == positive, logits, positive),
            "precision": _by_name(classes, precision_score(labels, predicted, **of_each)),
            "recall": _by_name(classes, recall_score(labels, predicted, **of_each)),
            "classes": list(classes),
            "confusion_matrix": confusion.tolist(),
            "threshold": threshold,
            "positive": None if threshold is None else classes[positive],
        }
    )


def regression_scores(target: npt.NDArray[Any], predicted: npt.NDArray[Any], *, mean: float, median: float) -> Scores:
    """Return the figures of a test of amounts, as plain numbers for JSON; None where one is not defined.

    r2: the share of the variance that is explained. mae and rmse: the mean absolute error and the root of the mean
    squared error, in the target's unit; mae_of_median and rmse_of_mean: those of always predicting the median or the
    mean of the training rows, the best that a constant can do.

    Args:
        target: The true amounts: float[rows].
        predicted: What the model predicts, in the same unit: float[rows].
        mean: The mean of the training rows' targets.
        median: Their median.

    Returns:
        The figures by name.

    Raises:
        ValueError: If an amount is NaN or infinite, or there are not as many of both.
    """
    target = np.asarray(target, np.float64)
    return Scores(
        {
            "rows": len(target),
            "r2": _number(float(r2_score(target, predicted))) if len(target) > 1 else None,
            "mae": float(mean_absolute_error(target, predicted)),
            "rmse": float(root_mean_squared_error(target, predicted)),
            "mae_of_median": float(mean_absolute_error(target, np.full(len(target), median))),
            "rmse_of_mean": float(root_mean_squared_error(target, np.full(len(target), mean))),
        }
    )


def predicted_classes(
    logits: npt.NDArray[Any], threshold: float | None = None, positive: int = 1
) -> npt.NDArray[np.int64]:
    """Return the class number of each row: the most probable, or of two classes the positive from the threshold on.

    Raises: ValueError for a negative threshold, or one beside more classes than two.
    """
    if threshold is None:
        return np.argmax(logits, axis=1)
    if np.shape(logits)[1] != 2:
        raise ValueError(f"a threshold is for two classes, got {np.shape(logits)[1]}")
    least = checked_not_negative(threshold, "threshold")
    taken = softmax(logits).numpy()[:, positive].astype(np.float64) >= least
    return np.where(taken, positive, 1 - positive)


def _auc(labels: npt.NDArray[Any], logits: npt.NDArray[np.float64]) -> float:
    if logits.shape[1] == 2:  # not of probabilities: near 1 they would round, and tie
        return _area(labels == 1, logits[:, 1] - logits[:, 0])
    return float(np.mean([_area(labels == label, odds) for label, odds in enumerate(log_odds(logits))]))


def _average_precision(
    is_positive: npt.NDArray[np.bool_], logits: npt.NDArray[np.float64], positive: int
) -> float | None:
    if logits.shape[1] != 2 or not is_positive.any():
        return None
    odds = logits[:, positive] - logits[:, 1 - positive]
    return float(average_precision_score(is_positive, odds, pos_label=True)) if np.isfinite(odds).all() else None


def _area(positive: npt.NDArray[np.bool_], odds: npt.NDArray[np.float64]) -> float:
    """Return the area under the ROC curve; NaN for a network that diverged, as where one side is absent."""
    return float("nan") if np.isnan(odds).any() else area_under_roc_curve(positive, odds)


def _by_name(classes: Sequence[str], values: float | npt.NDArray[np.float64]) -> dict[str, float | None]:
    return dict(zip(classes, map(_number, np.ravel(values)), strict=True))


def _number(value: float) -> float | None:
    return None if np.isnan(value) else float(value)
