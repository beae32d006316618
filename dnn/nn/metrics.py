"""How good predictions are. `accuracy` is per example, in TensorFlow, for the loop; the others are exact, in NumPy."""

import numpy as np
import tensorflow as tf


def accuracy(labels, logits):
    """1 where the largest logit is the label's, else 0: bool[batch]. Of equal logits the first is taken.

    labels: int[batch], or one-hot [batch, classes]. logits: float[batch, classes].
    """
    labels = tf.convert_to_tensor(labels)
    if labels.shape.rank == 2:
        labels = tf.argmax(labels, axis=-1)
    return tf.equal(tf.argmax(logits, axis=-1), tf.cast(labels, tf.int64))


def confusion_matrix(labels, predictions, classes: int) -> np.ndarray:
    """int64[classes, classes]: rows of each true class (down) that were predicted as each class (across).

    labels, predictions: int[rows]. Raises: ValueError for one outside [0, classes).
    """
    cells = np.ravel_multi_index((labels, predictions), (classes, classes))
    return np.bincount(cells, minlength=classes**2).reshape(classes, classes)


def precision(confusion: np.ndarray) -> np.ndarray:
    """Of the rows predicted as a class, the share that are of it: float64[classes]; NaN where none was predicted."""
    return _ratio(np.diag(confusion), confusion.sum(axis=0))


def recall(confusion: np.ndarray) -> np.ndarray:
    """Of the rows of a class, the share predicted as it: float64[classes]; NaN where there are none."""
    return _ratio(np.diag(confusion), confusion.sum(axis=1))


def roc_auc(positive, scores) -> float:
    """The area under the ROC curve: how often a positive row scores above a negative one; a tie counts one half.

    positive: bool[rows]. scores: float[rows], higher for positive. In [0, 1]; NaN where one side is absent, or where
    a score is NaN.
    Exact, from ranks, where Keras's AUC puts 200 thresholds under the scores.
    Source: H. Mann, D. Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger", 1947.
    """
    positive, scores = np.asarray(positive, bool), np.asarray(scores)
    positives, negatives = int(positive.sum()), int((~positive).sum())
    if not positives or not negatives or np.isnan(scores).any():
        return float("nan")
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    below = np.cumsum(sizes) - sizes
    twice_ranks = 2 * below + sizes + 1  # twice, so that the mean rank of a tie is an integer
    wins = int(twice_ranks[group][positive].sum()) - positives * (positives + 1)
    return wins / (2 * positives * negatives)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return np.divide(part, whole, out=np.full(len(part), np.nan), where=whole > 0)
