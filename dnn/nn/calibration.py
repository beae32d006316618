"""How good the probabilities are, not only the predicted class: over all rows at once, in float64.

Logits in, as everywhere: float[rows, classes]; or [rows, 1], the logit of class 1 against class 0.
Labels: int[rows], each in [0, classes). Rows of both are needed; each function raises ValueError for other shapes or
labels out of range, and TypeError for labels that are no integers or logits that are no numbers.
"""

import numpy as np

from dnn.nn.argument_checks import checked_array, checked_class_numbers
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.softmax import softmax


def log_loss(labels, logits) -> float:
    """The mean of −ln p of the true class, in nats: [0, ∞), of the logits as they are, no probability clipped."""
    return float(np.mean(sparse_softmax_cross_entropy(*_checked(labels, logits))))


def brier_score(labels, logits) -> float:
    """The mean over rows of Σ_j (p_j − t_j)², in [0, 2]; t is 1 for the true class, else 0.

    Of two classes it is twice (p − t)² of either, which scikit-learn reports.
    Source: G. Brier, "Verification of Forecasts Expressed in Terms of Probability", 1950, equation 2.
    """
    labels, logits = _checked(labels, logits)
    errors = softmax(logits).numpy() - np.eye(logits.shape[1])[labels]
    return float(np.mean(np.sum(errors**2, axis=1)))


def expected_calibration_error(labels, logits, *, bins: int = 15) -> float:
    """How far confidence is from accuracy, in mean over rows: [0, 1], 0 if of the rows predicted with 70 % 70 % are so.

    ECE = Σ_b (n_b / n) |accuracy of bin b − mean confidence of bin b|

    Confidence is the largest probability of a row, its class the prediction, of equal ones the first. bins: how many;
    bin b, from 1, holds the confidences in ((b − 1) / bins, b / bins]. The figure depends on their number.
    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with its 15 bins.
    """
    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins}")
    labels, logits = _checked(labels, logits)
    probabilities = softmax(logits).numpy()
    confidence, hit = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    upper_edges = np.arange(1, bins) / bins
    of_bin = np.searchsorted(upper_edges, confidence, side="left")
    gaps = np.bincount(of_bin, weights=hit - confidence)  # n_b (accuracy − confidence)
    return float(np.abs(gaps).sum() / len(labels))


def _checked(labels, logits) -> tuple[np.ndarray, np.ndarray]:
    """int[rows], and float64[rows, classes] with two classes or more."""
    labels, logits = np.asarray(labels), checked_array(logits, "logits", "biufV", "numbers").astype(np.float64)
    if logits.ndim != 2 or labels.shape != logits.shape[:1] or not logits.size:
        raise ValueError(f"labels must be [rows] and logits [rows, classes], got {labels.shape} and {logits.shape}")
    if logits.shape[1] == 1:
        logits = np.hstack([np.zeros_like(logits), logits])
    return checked_class_numbers(labels, logits.shape[1], "labels"), logits
