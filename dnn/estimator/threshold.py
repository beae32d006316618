"""From which probability of the second of two classes on a row is taken for it: chosen on rows, and kept."""

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
