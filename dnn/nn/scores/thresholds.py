"""From which probability on a row counts as positive: the threshold that a cost or a wished recall chooses.

Choose on validation rows, and measure on test rows: on the rows that chose it, a threshold looks better than it is.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.nn.argument_checks import checked_array, checked_fraction, checked_not_negative
from dnn.nn.scores.score_checks import checked_labels, checked_weights, shown


class Threshold(NamedTuple):
    """A threshold, and what it gives on the rows that chose it.

    Args:
        value: A row is positive if its probability is at least this; above 1, none is.
        precision: The share of the rows taken for positive that are; NaN if none is taken.
        recall: The share of the positive rows that are taken for positive.
        cost: The cost of all errors on these rows, divided by the rows.
    """

    value: float
    precision: float
    recall: float
    cost: float


def threshold_of_cost(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    *,
    pos_label: int | float | str = 1,
    false_positive: float = 1.0,
    false_negative: float = 1.0,
    sample_weight: npt.ArrayLike | None = None,
) -> Threshold:
    """Return the threshold at which errors cost least on these rows; of equal ones the highest.

    For probabilities that are calibrated it is near false_positive / (false_positive + false_negative).
    Source: C. Elkan, "The Foundations of Cost-Sensitive Learning", IJCAI 2001, equation 2.

    Args:
        y_true: The true labels, strings or whole numbers [rows], of two classes.
        y_proba: The probability of the positive class [rows].
        pos_label: The positive class.
        false_positive: What it costs to take a negative row for positive, >= 0.
        false_negative: What it costs to miss a positive row, >= 0.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        The threshold: one of the probabilities, or just above all of them if to take no row costs least.

    Raises:
        ValueError: If both costs are 0, if the labels have no `pos_label`, or a probability is not in [0, 1].
        TypeError: If labels are neither strings nor numbers, or probabilities are not numbers.

    Example:
        >>> dnn.threshold_of_cost([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.8], false_negative=5.0).value
        0.5
    """
    costs = (
        checked_not_negative(false_positive, "false_positive"),
        checked_not_negative(false_negative, "false_negative"),
    )
    if not any(costs):
        raise ValueError("false_positive and false_negative are both 0: every threshold costs nothing")
    table = _thresholds(y_true, y_proba, pos_label, costs, sample_weight)
    return table.at(int(np.argmin(table.costs)))


def threshold_of_recall(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    recall: float,
    *,
    pos_label: int | float | str = 1,
    sample_weight: npt.ArrayLike | None = None,
) -> Threshold:
    """Return the highest threshold whose recall on these rows is at least `recall`.

    Args:
        y_true: The true labels, strings or whole numbers [rows], of two classes.
        y_proba: The probability of the positive class [rows].
        recall: The share of the positive rows to find, in [0, 1].
        pos_label: The positive class.
        sample_weight: What each row counts, numbers >= 0 [rows]. None: 1.

    Returns:
        The threshold: one of the probabilities, or just above all of them for a recall of 0. Its cost is the share of
        wrong rows.

    Raises:
        ValueError: If `recall` is out of range, if the labels have no `pos_label`, or a probability is not in [0, 1].
        TypeError: If labels are neither strings nor numbers, or probabilities are not numbers.

    Example:
        >>> dnn.threshold_of_recall([0, 0, 1, 1], [0.1, 0.6, 0.5, 0.8], 0.9)
        Threshold(value=0.5, precision=0.6666666666666666, recall=1.0, cost=0.25)
    """
    least = checked_fraction(recall, "recall")
    table = _thresholds(y_true, y_proba, pos_label, (1.0, 1.0), sample_weight)
    return table.at(int(np.argmax(table.hits >= least * table.hits[-1])))


class _Table(NamedTuple):
    """What each threshold gives, from the highest, which takes no row, down to the lowest probability."""

    values: npt.NDArray[np.float64]
    hits: npt.NDArray[Any]
    taken: npt.NDArray[Any]
    costs: npt.NDArray[np.float64]

    def at(self, index: int) -> Threshold:
        hits, taken = self.hits[index].item(), self.taken[index].item()
        precision = hits / taken if taken else float("nan")
        return Threshold(float(self.values[index]), precision, hits / self.hits[-1].item(), float(self.costs[index]))


def _thresholds(
    y_true: npt.ArrayLike,
    y_proba: npt.ArrayLike,
    pos_label: int | float | str,
    costs: tuple[float, float],
    sample_weight: npt.ArrayLike | None,
) -> _Table:
    true, probabilities = checked_labels(y_true, "y_true"), checked_array(y_proba, "y_proba", "fV", "floats")
    if probabilities.shape != true.shape:
        raise ValueError(f"y_true and y_proba must be [rows], got {true.shape} and {probabilities.shape}")
    if not ((probabilities >= 0) & (probabilities <= 1)).all():
        raise ValueError(f"y_proba must be in [0, 1], got values from {probabilities.min()} to {probabilities.max()}")
    weights = checked_weights(sample_weight, len(true))
    positive = true == pos_label
    if not (positive if weights is None else weights[positive]).any():
        raise ValueError(f"pos_label must be one of the labels {shown(np.unique(true))}, got {pos_label!r}")
    values, index = np.unique(probabilities.astype(np.float64), return_inverse=True)
    of_positive = None if weights is None else weights[positive]
    taken = np.append(0, np.cumsum(np.bincount(index, weights)[::-1]))
    hits = np.append(0, np.cumsum(np.bincount(index[positive], of_positive, minlength=len(values))[::-1]))
    values = np.append(_just_above(values[-1]), values[::-1])
    cost = (costs[0] * (taken - hits) + costs[1] * (hits[-1] - hits)) / taken[-1]
    return _Table(values, hits, taken, cost)


def _just_above(probability: float) -> float:
    """Return the next greater number that float32 has too: in any dtype, no probability is as great as that."""
    above = np.nextafter(np.float32(probability), np.float32(2))
    return float(max(above, np.finfo(np.float32).tiny))  # smaller ones may be flushed to 0
