"""scikit-learn's MLPClassifier: float32, no penalty.

It does less than the others: it sums the loss, but counts no correct rows. For two classes it has one logistic output,
whose weights are the differences of the two columns: the first loss is the others', but Adam takes other steps.
"""

import warnings
from collections.abc import Sequence

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.jobs import EPSILON, Job
from dnn.bench.clock import seconds_of, seconds_per_call

warnings.simplefilter("ignore", ConvergenceWarning)  # that so many epochs were all there were


class Trainer:
    """Trains with `partial_fit` and `fit`."""

    def __init__(self, job: Job) -> None:
        self.job = job
        self.x, self.y = job.arrays()
        self.model = MLPClassifier(
            job.sizes[1:-1],
            batch_size=job.batch_size,
            learning_rate_init=job.learning_rate,
            epsilon=EPSILON,
            alpha=0.0,
            n_iter_no_change=np.inf,
            random_state=0,
        )
        self.model.partial_fit(self.x[:1], self.y[:1], classes=np.arange(job.sizes[-1]))  # makes what is replaced now
        weights = job.weights()
        if job.sizes[-1] == 2:
            weights[-2:] = [np.diff(part) for part in weights[-2:]]
        self.model.coefs_, self.model.intercepts_ = weights[::2], weights[1::2]
        del self.model._optimizer  # the next call begins with another

    def learn(self, orders: Sequence[np.ndarray]) -> list[tuple[float, None]]:
        """Learn an epoch with the rows in each order; return its loss and accuracy, which it does not count."""
        self.model.set_params(shuffle=False)
        return [self._epoch(self.x[order], self.y[order]) for order in orders]

    def epoch_seconds(self, epochs: int) -> float:
        """Return the mean seconds of an epoch, since it has no callbacks; the checks before the first are in it."""
        return self.training_seconds(epochs) / epochs

    def training_seconds(self, epochs: int) -> float:
        """Return the seconds of a call of `fit` for so many epochs."""
        self.model.set_params(shuffle=True, max_iter=epochs, warm_start=True)
        return seconds_of(lambda: self.model.fit(self.x, self.y))

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return self.probabilities_of(self.x[:rows])

    def probabilities_of(self, x: np.ndarray) -> np.ndarray:
        """Return those of other rows, [rows, classes]."""
        return self.model.predict_proba(x)

    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        return seconds_per_call(lambda: self.model.predict_proba(self.x[:rows]), at_least)

    def _epoch(self, x: np.ndarray, y: np.ndarray) -> tuple[float, None]:
        return self.model.partial_fit(x, y).loss_, None
