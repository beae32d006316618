"""The figures of a test of rows that come block by block, in memory that does not grow with them.

Sums and counts are exact. How rows are ranked is counted in bins of the log-odds, 2,048 for each power of two, whose
rows count as ties: `ClassScoreSums.roc_auc_error` says by how much the area can be off.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.scores.areas import area_under_roc_curve
from dnn.nn.scores.confusion import confusion_matrix
from dnn.nn.scores.ranking import average_precision_score
from dnn.report.scores import Scores, predicted_classes

BITS = 20  # of a float32, the leading ones, by which odds are ranked


class ClassScoreSums:
    """What `dnn.report.scores.scores` returns, of classes; roc_auc and average_precision of two classes alone.

    Args:
        classes: The name of each class number.
        threshold: As in `scores`.
    """

    def __init__(self, classes: Sequence[str], threshold: float | None = None) -> None:
        self.classes, self.threshold = list(classes), threshold
        self.loss, self.finite = 0.0, True
        self.confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.bins = np.zeros((2, 2**BITS), np.int64) if len(classes) == 2 else None  # by class

    def add(self, labels: npt.NDArray[np.int32], logits: npt.NDArray[np.float32]) -> None:
        """Take the true class numbers of some rows, int[rows], and their logits, float32[rows, classes]."""
        odds = logits.astype(np.float64)
        self.loss += float(np.sum(sparse_softmax_cross_entropy(labels, odds)))
        predicted = predicted_classes(logits, self.threshold)
        self.confusion += confusion_matrix(labels, predicted, labels=range(len(self.classes)))
        if self.bins is not None:
            difference = (odds[:, 1] - odds[:, 0]).astype(np.float32)
            self.finite &= bool(np.isfinite(difference).all())
            bins = _ordered_bits(difference) >> np.uint32(32 - BITS)
            for label in (0, 1):
                self.bins[label] += np.bincount(bins[labels == label], minlength=2**BITS)

    @property
    def roc_auc_error(self) -> float:
        """By how much roc_auc can be off, since the rows of a bin count as ties."""
        if self.bins is None or not self.bins.any(axis=1).all():
            return 0.0
        shares = self.bins / self.bins.sum(axis=1, keepdims=True)
        return float((shares[0] * shares[1]).sum() / 2)

    def scores(self) -> Scores:
        """Return the figures by name."""
        rows, right = int(self.confusion.sum()), np.diag(self.confusion)
        area, average = self._ranking()
        return Scores(
            {
                "rows": rows,
                "loss": self.loss / rows,
                "accuracy": float(right.sum() / rows),
                "majority_accuracy": float(self.confusion.sum(axis=1).max() / rows),
                "roc_auc": area,
                "average_precision": average,
                "precision": self._shares(right, self.confusion.sum(axis=0)),
                "recall": self._shares(right, self.confusion.sum(axis=1)),
                "classes": self.classes,
                "confusion_matrix": self.confusion.tolist(),
                "threshold": self.threshold,
                "positive": None if self.threshold is None else self.classes[1],
            }
        )

    def _shares(self, right: npt.NDArray[np.int64], of: npt.NDArray[np.int64]) -> dict[str, float | None]:
        pairs = zip(self.classes, right.tolist(), of.tolist(), strict=True)
        return {name: hits / count if count else None for name, hits, count in pairs}

    def _ranking(self) -> tuple[float | None, float | None]:
        if self.bins is None or not self.finite or not self.bins.any(axis=1).all():
            return None, None
        used = np.flatnonzero(self.bins.any(axis=0))
        positive = np.repeat([False, True], len(used))
        ranks, weights = np.tile(used.astype(np.float64), 2), self.bins[:, used].ravel().astype(np.float64)
        area = float(area_under_roc_curve(positive, ranks, weights))
        return area, float(average_precision_score(positive, ranks, pos_label=True, sample_weight=weights))


class AmountScoreSums:
    """What `dnn.report.scores.regression_scores` returns.

    Args:
        mean: The mean of the training rows' targets.
        median: Their median.
    """

    def __init__(self, mean: float, median: float) -> None:
        self.mean, self.median = mean, median
        self.rows = 0
        self.sums = np.zeros(5)

    def add(self, target: npt.NDArray[np.float64], predicted: npt.NDArray[np.float64]) -> None:
        """Take the true amounts of some rows, float64[rows], and those that are predicted."""
        self.rows += len(target)
        error, apart = target - predicted, target - self.mean
        terms = np.abs(error), error**2, np.abs(target - self.median), apart**2, apart
        self.sums += [float(term.sum()) for term in terms]

    def scores(self) -> Scores:
        """Return the figures by name."""
        absolute, squared, of_median, of_mean, apart = (self.sums / self.rows).tolist()
        variance = of_mean - apart**2
        return Scores(
            {
                "rows": self.rows,
                "r2": 1 - squared / variance if variance > 0 and self.rows > 1 else None,
                "mae": absolute,
                "rmse": squared**0.5,
                "mae_of_median": of_median,
                "rmse_of_mean": of_mean**0.5,
            }
        )


def _ordered_bits(numbers: npt.NDArray[np.float32]) -> npt.NDArray[np.uint32]:
    """Return integers in the order of the numbers: negative ones have their bits turned, the others the sign set."""
    bits = (numbers + np.float32(0)).view(np.uint32)  # −0 becomes 0
    negative = (bits >> np.uint32(31)).astype(bool)
    return np.where(negative, ~bits, bits | np.uint32(1 << 31))
