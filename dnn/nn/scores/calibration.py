"""How good the probabilities are, not only the predicted class: over all rows at once, in float64.

Probabilities are [rows, classes], the columns in the order of the sorted labels; of two classes also [rows], those of
the greater label. A model of ours gives logits: `dnn.softmax(dnn.predict(model, x)).numpy()`.
"""

import warnings
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array
from dnn.nn.scores.score_checks import (
    checked_classes,
    checked_labels,
    checked_positive_label,
    checked_weights,
    class_index,
    shown,
)


def log_loss(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    *,
    normalize: bool = True,
    sample_weight: npt.ArrayLike | None = None,
    labels: npt.ArrayLike | None = None,
) -> float:
    """Return the mean of −ln p of the true class, in nats.

    As in scikit-learn, p is clipped to [ε, 1 − ε], ε = 2⁻⁵² for float64 and 2⁻²³ for float32: no row costs more than
    36 or 16. The loss of logits, `dnn.sparse_softmax_cross_entropy`, clips nothing.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equation 4.108.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_proba: The probabilities, in [0, 1]: float[rows, classes], each row adding up to 1, the columns in the order
            of the sorted labels; of two classes also [rows] or [rows, 1], the probabilities of the greater label.
        normalize: False: return the sum over the rows, and not their mean.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        labels: All classes [classes]. None: those of y_true, so that none may be missing there.

    Returns:
        A number >= 0.

    Raises:
        ValueError: If a probability is out of range, if the arguments are not of the same rows, if there is one class,
            if there are not as many columns as classes, or if a label is not one of `labels`.
        TypeError: If labels are neither strings nor numbers, or probabilities are not numbers.

    Example:
        >>> round(dnn.log_loss(["no", "yes"], [[0.9, 0.1], [0.2, 0.8]]), 3)
        0.164
    """
    index, probabilities, epsilon = _checked_probabilities(y_true, y_proba, labels)
    weights = checked_weights(sample_weight, len(index))
    of_truth = np.clip(probabilities[np.arange(len(index)), index], epsilon, 1 - epsilon)
    costs = -np.log(of_truth)
    if normalize:
        return float(np.average(costs, weights=weights))
    return float(np.sum(costs if weights is None else costs * weights))


def brier_score_loss(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    *,
    sample_weight: npt.ArrayLike | None = None,
    pos_label: int | float | str | None = None,
    labels: npt.ArrayLike | None = None,
    scale_by_half: bool | Literal["auto"] = "auto",
) -> float:
    """Return the mean over the rows of Σ_j (p_j − t_j)², where t is 1 for the true class, else 0.

    Of two classes it is twice (p − t)² of either: half of it is what is usual there.
    Source: G. Brier, "Verification of Forecasts Expressed in Terms of Probability", 1950, equation 2.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_proba: The probabilities, in [0, 1]: float[rows, classes], each row adding up to 1, the columns in the order
            of the sorted labels; of two classes also [rows] or [rows, 1], the probabilities of `pos_label`.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        pos_label: The class whose probabilities are [rows] or [rows, 1]. None: 1 if the labels are 0 and 1, or −1 and
            1; the greater of other numbers. Of strings it must be given.
        labels: All classes [classes], for [rows, classes]. None: those of y_true, so that none may be missing there.
        scale_by_half: Whether to return half of it. "auto": of two classes.

    Returns:
        A number in [0, 2], or in [0, 1] if halved.

    Raises:
        ValueError: If a probability is out of range, if the arguments are not of the same rows, if there are not as
            many columns as classes, if a label is not one of `labels`, or if strings have no `pos_label`.
        TypeError: If labels are neither strings nor numbers, or probabilities are not numbers.

    Example:
        >>> round(dnn.brier_score_loss([0, 1, 1, 0], [0.1, 0.9, 0.8, 0.3]), 4)
        0.0375
    """
    if np.ndim(y_proba) == 2 and np.shape(y_proba)[1] > 1:
        index, probabilities, _ = _checked_probabilities(y_true, y_proba, labels)
    else:
        index, probabilities = _of_positive_class(y_true, y_proba, pos_label)
    squares = (probabilities - np.eye(probabilities.shape[1])[index]) ** 2
    score = np.average(squares.sum(axis=1), weights=checked_weights(sample_weight, len(index)))
    halved = probabilities.shape[1] == 2 if scale_by_half == "auto" else scale_by_half
    return float(score / 2 if halved else score)


def expected_calibration_error(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    *,
    n_bins: int = 15,
    sample_weight: npt.ArrayLike | None = None,
    labels: npt.ArrayLike | None = None,
) -> float:
    """Return how far confidence is from accuracy: 0 if of the rows predicted with 70 % confidence 70 % are right.

    ECE = Σ_b (n_b / n) |accuracy of bin b − mean confidence of bin b|

    The confidence is the largest probability of a row, and its class the prediction; of equal ones the first. Bin b,
    from 1, holds the confidences in ((b − 1) / n_bins, b / n_bins]. The score depends on the number of bins.
    Source: C. Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, equation 3, with its 15 bins.
    scikit-learn has none.

    Args:
        y_true: The true labels, strings or whole numbers [rows].
        y_proba: The probabilities, in [0, 1]: float[rows, classes], each row adding up to 1, the columns in the order
            of the sorted labels; of two classes also [rows] or [rows, 1], the probabilities of the greater label.
        n_bins: The number of bins, >= 1.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.
        labels: All classes [classes]. None: those of y_true, so that none may be missing there.

    Returns:
        A number in [0, 1].

    Raises:
        ValueError: If `n_bins` is less than 1, and for the same rows, probabilities and labels as `log_loss`.
        TypeError: If labels are neither strings nor numbers, or probabilities are not numbers.

    Example:
        >>> round(dnn.expected_calibration_error([0, 1, 0, 0], [0.3, 0.3, 0.3, 0.3]), 3)
        0.05
    """
    if n_bins < 1:
        raise ValueError(f"n_bins must be 1 or more, got {n_bins}")
    index, probabilities, _ = _checked_probabilities(y_true, y_proba, labels)
    confidence, hits = probabilities.max(axis=1), probabilities.argmax(axis=1) == index
    upper_edges = np.arange(1, n_bins) / n_bins
    bins = np.searchsorted(upper_edges, confidence, side="left")
    weights = checked_weights(sample_weight, len(index))
    factors = np.ones(len(index)) if weights is None else weights.astype(np.float64)
    gaps = np.bincount(bins, weights=factors * (hits - confidence))  # n_b (accuracy − confidence)
    return float(np.abs(gaps).sum() / factors.sum())


def _checked_probabilities(
    y_true: npt.ArrayLike, y_proba: npt.ArrayLike, labels: npt.ArrayLike | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], float]:
    """Return the column of each row's label, the probabilities [rows, classes], and the ε of their dtype."""
    true = checked_labels(y_true, "y_true")
    probabilities, epsilon = _probabilities(y_proba, len(true))
    classes = np.unique(true) if labels is None else _sorted(checked_classes(labels, true))
    if len(classes) < 2 or len(classes) != probabilities.shape[1]:
        raise ValueError(
            f"y_proba must have a column for each of two labels or more, got {probabilities.shape[1]} for the labels "
            f"{shown(classes)}{'; give all of them as labels=' if labels is None else ''}"
        )
    index = class_index(true, classes)
    if (np.abs(probabilities.sum(axis=1) - 1) > 1e-8 + np.sqrt(epsilon)).any():
        warnings.warn("the rows of y_proba do not add up to 1: are they probabilities?", stacklevel=3)
    return index, probabilities, epsilon


def _of_positive_class(
    y_true: npt.ArrayLike, y_proba: npt.ArrayLike, pos_label: int | float | str | None
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Return 1 for each row of the positive class, else 0, and the probabilities [rows, 2]."""
    true = checked_labels(y_true, "y_true")
    probabilities, _ = _probabilities(y_proba, len(true))
    classes = np.unique(true)
    if pos_label is None and classes.dtype.kind == "U":
        raise ValueError(f"pos_label must be given for labels that are strings: one of {shown(classes)}")
    if pos_label is None:
        pos_label = 1 if set(classes.tolist()) in ({0}, {-1}, {0, 1}, {-1, 1}) else classes[-1]
    if len(classes) > 2:
        checked_positive_label(pos_label, classes)
    return (true == pos_label).astype(np.int64), probabilities


def _probabilities(y_proba: npt.ArrayLike, rows: int) -> tuple[npt.NDArray[np.float64], float]:
    """Return float64[rows, classes >= 2], and the distance from 1 to the next number of the dtype given."""
    given = checked_array(y_proba, "y_proba", "biufV", "numbers")  # V: bfloat16
    probabilities = given.astype(np.float64)
    if given.ndim not in (1, 2) or given.shape[0] != rows or not given.size:
        raise ValueError(f"y_proba must be [rows, classes], here [{rows}, classes], got shape {given.shape}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        found = f"got values from {probabilities.min()} to {probabilities.max()}"
        raise ValueError(f"y_proba must be in [0, 1], {found}: of logits give dnn.softmax(logits)")
    if given.ndim == 1 or given.shape[1] == 1:
        probabilities = np.stack([1 - probabilities.ravel(), probabilities.ravel()], axis=1)
    return probabilities, float(np.spacing(given.dtype.type(1))) if given.dtype.kind in "fV" else 2.0**-52


def _sorted(labels: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the labels sorted, as the columns are; warn if they were not."""
    in_order = np.sort(labels)
    if not np.array_equal(in_order, labels):
        warnings.warn(f"labels are sorted, as the columns of y_proba must be: {shown(in_order)}", stacklevel=4)
    return in_order
