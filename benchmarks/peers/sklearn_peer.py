"""scikit-learn's MLPClassifier: float32, no penalty.

It does less than the others: it sums the loss, but counts no correct rows. Of two classes it makes one logistic output;
its weights are the differences of the two columns, so the first loss is the others', but Adam takes other steps.
"""

import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier

from benchmarks.jobs import EPSILON, LEARNING_RATE, Job
from dnn.bench.clock import seconds_of, seconds_per_call

warnings.simplefilter("ignore", ConvergenceWarning)  # that so many epochs were all there were


class Trainer:
    def __init__(self, job: Job):
        self.job = job
        self.x, self.y = job.arrays()
        self.model = MLPClassifier(
            job.sizes[1:-1],
            batch_size=job.batch_size,
            learning_rate_init=LEARNING_RATE,
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

    def learn(self, orders) -> list[tuple[float, float]]:
        self.model.set_params(shuffle=False)
        return [self._epoch(self.x[order], self.y[order]) for order in orders]

    def epoch_seconds(self, epochs: int) -> float:
        """The mean of epochs, since it has no callbacks; the checks of the rows before the first are in it."""
        self.model.set_params(shuffle=True, max_iter=epochs, warm_start=True)
        return seconds_of(lambda: self.model.fit(self.x, self.y)) / epochs

    def probabilities(self, rows: int):
        return self.model.predict_proba(self.x[:rows])

    def predict_seconds(self, rows: int, at_least: float) -> float:
        return seconds_per_call(lambda: self.model.predict_proba(self.x[:rows]), at_least)

    def _epoch(self, x, y) -> tuple[float, None]:
        return self.model.partial_fit(x, y).loss_, None
