"""Gradient-boosted trees, for the time to a quality: LightGBM, and scikit-learn's HistGradientBoostingClassifier.

They see the numbers that the networks see. Their settings are their defaults, but for the number of rounds.
"""

from typing import Any

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits

from benchmarks.jobs import Job
from dnn.bench.clock import seconds_of


class Trainer:
    """Trains by rounds, each of a tree for a class.

    Args:
        job: Its rows are learnt.
        library: "lightgbm" or "scikit-learn".
        threads: How many it may use.
    """

    def __init__(self, job: Job, library: str, threads: int = 1) -> None:
        self.library, self.threads = library, threads
        self.x, self.y = job.arrays()

    def rounds_to(self, loss: float, x: np.ndarray, y: np.ndarray, most: int) -> int | None:
        """Return the rounds after which the log loss of other rows is at most so; None if they are more than `most`."""
        with threadpool_limits(self.threads, "openmp"):
            staged = list(self._staged(self._model(most).fit(self.x, self.y), x, most))
        for done, probabilities in enumerate(staged, start=1):
            if -np.log(probabilities[np.arange(len(y)), y]).mean() <= loss:
                return done
        return None

    def training_seconds(self, rounds: int) -> float:
        """Return the seconds of so many rounds from the beginning."""
        model = self._model(rounds)
        with threadpool_limits(self.threads, "openmp"):  # scikit-learn's trees have no argument for it
            return seconds_of(lambda: model.fit(self.x, self.y))

    def epoch_seconds(self, rounds: int) -> float:
        """Return the seconds of a few rounds: the fastest settings are searched by them."""
        return self.training_seconds(10 * rounds)

    def _model(self, rounds: int) -> Any:
        if self.library == "scikit-learn":
            return HistGradientBoostingClassifier(max_iter=rounds, early_stopping=False, random_state=0)
        from lightgbm import LGBMClassifier

        return LGBMClassifier(n_estimators=rounds, n_jobs=self.threads, random_state=0, verbose=-1)

    def _staged(self, model: Any, x: np.ndarray, most: int) -> Any:
        if self.library == "scikit-learn":
            return model.staged_predict_proba(x)
        return (model.predict_proba(x, num_iteration=rounds) for rounds in range(1, most + 1))
