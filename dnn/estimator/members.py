"""What each network of an ensemble predicts, and how far they disagree: the uncertainty of a prediction."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import Amounts
from dnn.data.table import Column
from dnn.estimator.new_rows import NewRows
from dnn.estimator.predictor import Predictor
from dnn.nn.softmax import softmax


class WithMembers(NewRows):
    """Predictions of each member of an ensemble; a network alone is one member."""

    def predict_members(self, X: Any) -> npt.NDArray[Any]:
        """Return what each network of the ensemble predicts.

        Where they disagree, the training rows do not tell: the standard deviation over the members is the usual
        measure. Source: B. Lakshminarayanan, A. Pritzel, C. Blundell, "Simple and Scalable Predictive Uncertainty
        Estimation using Deep Ensembles", NeurIPS 2017.

        Args:
            X: New rows, as for `predict`.

        Returns:
            Probabilities, float32[members, rows, classes], whose mean over the members is `predict_proba`; or amounts,
            float64[members, rows], whose mean is `predict`.

        Raises:
            ValueError: As `predict`.
        """
        return member_predictions(self.fitted, self._columns(X))


def member_predictions(predictor: Predictor, columns: Mapping[str, Column]) -> npt.NDArray[Any]:
    """Return the probabilities of each member, [members, rows, classes], or their amounts, [members, rows]."""
    outputs, target = predictor.member_outputs(columns), predictor.encoding.labels
    if isinstance(target, Amounts):
        return np.stack([target.restore(each[:, 0]) for each in outputs])
    probabilities: npt.NDArray[np.float32] = softmax(outputs).numpy()
    return probabilities


def disagreement(predictions: npt.NDArray[Any], labels: npt.NDArray[Any] | None = None) -> npt.NDArray[np.float64]:
    """Return the standard deviation over the members, of amounts or of the probability of each row's label.

    Args:
        predictions: [members, rows, classes], or [members, rows] of amounts.
        labels: class numbers, int[rows]; None for amounts.

    Returns:
        float64[rows], in the unit of the amounts, or in [0, 1/2].
    """
    if labels is not None:
        predictions = np.take_along_axis(predictions, labels[np.newaxis, :, np.newaxis], axis=2)[:, :, 0]
    deviation: npt.NDArray[np.float64] = predictions.astype(np.float64).std(axis=0)
    return deviation
