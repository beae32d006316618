"""From which probability of the second of two classes on a row is taken for it: chosen on rows, and kept."""

from abc import abstractmethod
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.nn.scores.thresholds import Threshold, threshold_of_cost, threshold_of_recall
from dnn.nn.softmax import softmax

NO_THRESHOLD: float | None = None


class WithThreshold:
    """What keeps a threshold; None takes the most probable class."""

    threshold_ = NO_THRESHOLD

    def labels_of(self, logits: npt.NDArray[np.float32]) -> npt.NDArray[np.intp]:
        """Return the predicted class numbers: the most probable class, or by the threshold the second of two.

        Args:
            logits: float32[rows, classes], from `predict_logits`.

        Returns:
            int[rows].
        """
        if self.threshold_ is None:
            return logits.argmax(axis=1)
        return (softmax(logits).numpy()[:, 1] >= self.threshold_).astype(np.intp)

    def choose_threshold(
        self, X: Any, y: Any = None, *, recall: float | None = None, cost: tuple[float, float] | None = None
    ) -> Threshold:
        """Choose from which probability of the second class on a row is taken for it, and keep that for `predict`.

        Args:
            X: Rows that were not trained on, as for `predict`.
            y: [rows], their classes. None: the column of X that was the target.
            recall: The share of the second class's rows that must be found, in [0, 1]: the highest threshold that does.
            cost: What a false alarm and what a miss costs: the threshold at which these rows cost least.

        Returns:
            The threshold, and what it gives on these rows.

        Raises:
            ValueError: If there are not two classes, or not exactly one of recall and cost is given.
        """
        labels, logits = self._labels_and_logits(X, y)
        return self.keep_threshold(labels, logits, recall=recall, cost=cost)

    def keep_threshold(
        self,
        labels: npt.NDArray[np.int32],
        logits: npt.NDArray[np.float32],
        *,
        recall: float | None = None,
        cost: tuple[float, float] | None = None,
    ) -> Threshold:
        """Do what `choose_threshold` does, on rows whose logits are known.

        Args:
            labels: The true class numbers, int[rows].
            logits: float32[rows, 2].
            recall: The share of the second class's rows that must be found, in [0, 1].
            cost: What a false alarm and what a miss costs.

        Returns:
            The threshold, and what it gives on these rows.

        Raises:
            ValueError: As `choose_threshold`.
        """
        if logits.shape[1] != 2:
            raise ValueError(f"a threshold is for two classes, here are {logits.shape[1]}")
        if (recall is None) == (cost is None):
            raise ValueError(f"give either recall or cost, got recall={recall!r} and cost={cost!r}")
        positive = softmax(logits).numpy()[:, 1]
        if cost is None:
            found = threshold_of_recall(labels, positive, float(recall or 0))
        else:
            found = threshold_of_cost(labels, positive, false_positive=cost[0], false_negative=cost[1])
        self.threshold_ = found.value
        return found

    @abstractmethod
    def _labels_and_logits(self, X: Any, y: Any) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]]:
        """Return the class numbers of rows and their logits."""
