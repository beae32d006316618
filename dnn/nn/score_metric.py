"""A metric of all rows: a score, such as the ROC AUC, which is no mean over rows."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_callable

KINDS = ("outputs", "probabilities", "classes")


@dataclass(frozen=True)
class ScoreMetric:
    """Measure a score of all rows in `fit` and `evaluate`, where any other metric is a number for each row.

    In `fit` it is measured on the validation rows, after each epoch, as val_…, by which early stopping may go: their
    predictions are collected once, in the pass that gives the loss too. Training rows have no such figure: their
    predictions change from batch to batch (Keras sums counts over thresholds meanwhile, which approximates).
    It is a NaN where a prediction is.

    Args:
        score: (true, predicted) -> number: `dnn.roc_auc_score`, `dnn.r2_score`, or one of scikit-learn's or your own.
        of: What is predicted. "outputs": what the model gives, float64[rows, outputs], or [rows] of one output.
            "probabilities": for class numbers the softmax, [rows, classes], of two classes [rows], that of the second;
            for one output, and for labels [rows, outputs], the sigmoid. "classes": the class of the largest output, or
            whether the sigmoid is above 1/2, int64. Of equal outputs the first is taken.
        weighted: Whether the weights of rows in (x, y, weights) count, as the score's `sample_weight`.

    Raises:
        TypeError: If the score cannot be called.
        ValueError: If `of` is another word.

    Example:
        >>> auc = ScoreMetric(dnn.roc_auc_score, of="probabilities")
        >>> auc([0, 1, 1], [[2.0, 1.0], [0.0, 3.0], [1.0, 1.0]])
        1.0
    """

    score: Callable[..., Any]
    of: Literal["outputs", "probabilities", "classes"] = "outputs"
    weighted: bool = False

    def __post_init__(self) -> None:
        checked_callable(self.score, "score")
        if self.of not in KINDS:
            raise ValueError(f"of must be one of {', '.join(map(repr, KINDS))}, got {self.of!r}")

    def __call__(self, labels: npt.ArrayLike, outputs: npt.ArrayLike, weights: npt.ArrayLike | None = None) -> float:
        """Return the score of all rows.

        Args:
            labels: [rows] or [rows, outputs], as the loss takes them.
            outputs: What the model gives, float[rows, outputs].
            weights: Of the rows, [rows]; None: 1. They count if the metric is `weighted`.

        Returns:
            The score; NaN if a prediction is.

        Raises:
            ValueError: If the score gives anything but one number.
        """
        true, predicted = np.asarray(labels), predictions_of(labels, outputs, self.of)
        if np.isnan(predicted).any():
            return float("nan")
        if self.of == "classes":
            predicted = predicted.astype(np.int64)
        weighed = {"sample_weight": np.asarray(weights)} if self.weighted and weights is not None else {}
        value = self.score(true[:, 0] if true.ndim == 2 and true.shape[1] == 1 else true, predicted, **weighed)
        if np.ndim(value):
            raise ValueError(f"score must give one number, got shape {np.shape(value)}")
        return float(value)


def predictions_of(labels: npt.ArrayLike, outputs: npt.ArrayLike, kind: str) -> npt.NDArray[Any]:
    """Return what the outputs predict, of the kind that `ScoreMetric.of` names, in float64, NaN where an output is."""
    z = np.asarray(outputs, np.float64)
    columns = z[:, 0] if z.shape[1] == 1 else z
    if kind == "outputs":
        return columns
    if z.shape[1] == 1 or np.ndim(labels) == 2:
        return _sigmoid(columns) if kind == "probabilities" else np.where(np.isnan(columns), np.nan, columns > 0)
    if kind == "classes":
        return np.where(np.isnan(z).any(axis=1), np.nan, z.argmax(axis=1))
    return _sigmoid(z[:, 1] - z[:, 0]) if z.shape[1] == 2 else _softmax(z)


def _sigmoid(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    small = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, small) / (1 + small)


def _softmax(z: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))
