"""What the charts of a test show, as plain numbers: thresholds, ROC curves, calibration; residuals of amounts."""

from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.areas import area_under_roc_curve
from dnn.nn.scores.calibration import expected_calibration_error
from dnn.nn.softmax import softmax

MOST_THRESHOLDS = 500
MOST_POINTS = 1000
MOST_CLASSES = 8
BINS = 15  # as of the expected calibration error


def class_charts(labels: npt.NDArray[Any], logits: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the numbers of the charts of classes.

    Args:
        labels: The true class numbers: int[rows].
        logits: What the network gives: float[rows, classes].

    Returns:
        For JSON: calibration, roc (a curve for each class against the rest; of two classes that of the second; none of
        more than 8), and of two classes thresholds.
    """
    probabilities = softmax(logits).numpy()
    classes = logits.shape[1]
    shown = [1] if classes == 2 else range(classes) if classes <= MOST_CLASSES else []
    return {
        "rows": len(labels),
        "calibration": calibration_bins(labels, probabilities),
        "roc": [_roc(labels == label, logits, label) for label in shown],
        "thresholds": threshold_table(labels == 1, probabilities[:, 1]) if classes == 2 else None,
    }


def threshold_table(positive: npt.NDArray[np.bool_], probabilities: npt.NDArray[Any]) -> dict[str, Any]:
    """Return what each threshold gives, from the highest, which takes no row, down to the lowest probability.

    Args:
        positive: Which rows are of the positive class: bool[rows].
        probabilities: Of that class: float[rows].

    Returns:
        Lists of one length: threshold, true_positives, false_positives, false_negatives, true_negatives; and distinct,
        the number of thresholds there are: of more than 500, 500 evenly spaced ones are kept.
    """
    values, taken, hits = _counts(positive, probabilities.astype(np.float64))
    kept = _evenly(len(values), MOST_THRESHOLDS)
    values, taken, hits = values[kept], taken[kept], hits[kept]
    positives, rows = int(positive.sum()), len(positive)
    return {
        "distinct": len(np.unique(probabilities)) + 1,
        "threshold": values.tolist(),
        "true_positives": hits.tolist(),
        "false_positives": (taken - hits).tolist(),
        "false_negatives": (positives - hits).tolist(),
        "true_negatives": (rows - positives - taken + hits).tolist(),
    }


def calibration_bins(labels: npt.NDArray[Any], probabilities: npt.NDArray[Any]) -> dict[str, Any]:
    """Return how often the predicted class is right at each confidence; see `expected_calibration_error`.

    Args:
        labels: The true class numbers: int[rows].
        probabilities: Of each class: float[rows, classes].

    Returns:
        error, the expected calibration error; and of each bin that has rows: confidence, accuracy, rows.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.searchsorted(np.arange(1, BINS) / BINS, confidence, side="left")
    filled = [bins == number for number in np.unique(bins)]
    error = expected_calibration_error(labels, probabilities, n_bins=BINS, labels=np.arange(probabilities.shape[1]))
    return {
        "error": error,
        "confidence": [float(confidence[rows].mean()) for rows in filled],
        "accuracy": [float(right[rows].mean()) for rows in filled],
        "rows": [int(rows.sum()) for rows in filled],
    }


def amount_charts(target: npt.NDArray[Any], predicted: npt.NDArray[Any]) -> dict[str, Any]:
    """Return the numbers of the charts of amounts.

    Args:
        target: The true amounts: float[rows].
        predicted: What the network predicts: float[rows].

    Returns:
        For JSON: rows; target and predicted of 1,000 evenly spaced rows, or of all if there are fewer; residuals, the
        counts of target − predicted of all rows in 30 bins, and their edges.
    """
    counts, edges = np.histogram(target - predicted, bins=30)
    kept = _evenly(len(target), MOST_POINTS)
    return {
        "rows": len(target),
        "target": np.asarray(target, np.float64)[kept].tolist(),
        "predicted": np.asarray(predicted, np.float64)[kept].tolist(),
        "residuals": {"counts": counts.tolist(), "edges": edges.tolist()},
    }


def _roc(positive: npt.NDArray[np.bool_], logits: npt.NDArray[Any], label: int) -> dict[str, Any]:
    logits = logits.astype(np.float64)
    odds = logits[:, label] - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1)
    area = area_under_roc_curve(positive, odds)
    _, taken, hits = _counts(positive, odds)
    kept = _evenly(len(taken), MOST_THRESHOLDS)
    return {
        "class": label,
        "area": None if np.isnan(area) else area,
        "false_positive_rate": _shares(taken - hits, len(positive) - int(positive.sum()), kept),
        "true_positive_rate": _shares(hits, int(positive.sum()), kept),
    }


def _shares(counts: npt.NDArray[Any], of: int, kept: npt.NDArray[Any]) -> list[float]:
    return [float(share) for share in counts[kept] / max(of, 1)]


def _counts(
    positive: npt.NDArray[np.bool_], values: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the distinct values from the highest down, after one above all; the rows at or above, and the hits."""
    distinct, index = np.unique(values, return_inverse=True)
    taken = np.cumsum(np.bincount(index, minlength=len(distinct))[::-1])
    hits = np.cumsum(np.bincount(index[positive], minlength=len(distinct))[::-1])
    above = np.nextafter(distinct[-1], np.inf)
    return np.append(above, distinct[::-1]), np.append(0, taken), np.append(0, hits)


def _evenly(count: int, most: int) -> npt.NDArray[np.int64]:
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(np.int64))
