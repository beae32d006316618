"""Areas under the curves of a two-class score, over all thresholds at once. Exact: from the order of the rows, in
integers, where Keras's AUC puts 200 thresholds under the scores."""

import numpy as np

from dnn.nn.argument_checks import checked_array


def roc_auc(positive, scores) -> float:
    """The area under the ROC curve: how often a positive row scores above a negative one; a tie counts one half.

    positive: bool[rows]. scores: float[rows], higher for positive. In [0, 1]; NaN where one side is absent, or where
    a score is NaN.
    Source: H. Mann, D. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger", 1947.
    """
    positive, negative = _rows_of_each_score(positive, scores)
    positives, negatives = int(positive.sum()), int(negative.sum())
    if not positives or not negatives:
        return float("nan")
    below = np.cumsum(negative) - negative
    twice_wins = int((positive * (2 * below + negative)).sum())  # twice, so that half a win is an integer
    return twice_wins / (2 * positives * negatives)


def average_precision(positive, scores) -> float:
    """The area under the precision-recall curve: precision at each threshold, in mean over the positive rows.

    AP = Σ_n (R_n − R_{n−1}) P_n          n over the distinct scores, from the highest; rows that tie enter together

    positive: bool[rows]. scores: float[rows], higher for positive. In (0, 1]; a random score has the share of positive
    rows. NaN where no row is positive (scikit-learn: 0), or where a score is NaN.
    Straight lines between the points, as in a trapezoid rule, would promise more than any threshold gives.
    Source: J. Davis, M. Goadrich, "The Relationship Between Precision-Recall and ROC Curves", ICML 2006, on the
    lines; the formula is that of sklearn.metrics.average_precision_score.
    """
    positive, negative = _rows_of_each_score(positive, scores)
    if not positive.sum():
        return float("nan")
    found = np.cumsum(positive[::-1])
    taken = np.cumsum((positive + negative)[::-1])
    return float(np.sum(positive[::-1] * (found / taken)) / found[-1])


def _rows_of_each_score(positive, scores) -> tuple[np.ndarray, np.ndarray]:
    """How many positive and how many negative rows have each distinct score, from the lowest: int64[scores] each.

    None of either if a score is NaN, which has no rank.
    Raises: ValueError for other shapes, TypeError for other dtypes: of floats all but 0 would be positive.
    """
    positive = checked_array(positive, "positive", "biu", "truth values").astype(bool)
    scores = checked_array(scores, "scores", "biufV", "numbers")  # V: bfloat16
    if positive.ndim != 1 or positive.shape != scores.shape:
        raise ValueError(f"positive and scores must be [rows], got {positive.shape} and {scores.shape}")
    if np.isnan(scores).any():
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    distinct, group = np.unique(scores, return_inverse=True)
    return tuple(np.bincount(group[side], minlength=len(distinct)) for side in (positive, ~positive))
