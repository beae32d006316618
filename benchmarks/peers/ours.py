"""`dnn`, by its public names."""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

import dnn
from benchmarks.jobs import EPSILON, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_of, seconds_per_call
from dnn.kernels.mlp_adam import MlpAdam


class Trainer:
    """Trains with `dnn.fit`.

    Args:
        job: What to do.
        optimizer: "Adam" or "MlpAdam".
        members: How many networks, as one ensemble if they are several; all begin with the job's weights.
        mode: The `jit_compile` of `fit`, or nothing where nothing is trained.
    """

    def __init__(self, job: Job, optimizer: str = "Adam", members: int = 1, **mode: bool | Literal["native"]) -> None:
        self.job, self.mode = job, mode
        self.x, self.y = job.arrays()
        self.model = dnn.ensemble_mlp(job.sizes, members, seed=0) if members > 1 else dnn.mlp(job.sizes, seed=0)
        for variable, value in zip(dnn.weights(self.model), job.weights(), strict=True):
            variable.assign(np.broadcast_to(value, variable.shape))
        make, of = (MlpAdam, self.model) if optimizer == "MlpAdam" else (dnn.Adam, self.model.trainable_variables)
        self.optimizer = make(of, job.learning_rate, epsilon=EPSILON)

    def learn(self, orders: Sequence[np.ndarray]) -> list[tuple[float, float]]:
        """Learn an epoch with the rows in each order; return its loss and accuracy."""
        records = [self._fit(self.x[order], self.y[order], shuffle=False).last for order in orders]
        return [(record["loss"], record["accuracy"]) for record in records]

    def epoch_seconds(self, epochs: int) -> float:
        """Return the median seconds of an epoch, the first excluded."""
        laps = Laps()
        self._fit(self.x, self.y, epochs=epochs + 1, callbacks=[laps.lap])
        return laps.median

    def training_seconds(self, epochs: int) -> float:
        """Return the seconds of a call of `fit` for so many epochs."""
        return seconds_of(lambda: self._fit(self.x, self.y, epochs=epochs))

    def fit_seconds(self) -> float:
        """Return the seconds of a whole call of `fit` for one epoch, its checks of the rows included."""
        return seconds_of(lambda: self._fit(self.x, self.y))

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return self.probabilities_of(self.x[:rows])

    def probabilities_of(self, x: np.ndarray) -> np.ndarray:
        """Return those of other rows, [rows, classes]."""
        return dnn.softmax(dnn.predict(self.model, x)).numpy()

    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        x = self.x[:rows]
        return seconds_per_call(lambda: dnn.predict(self.model, x), at_least)

    def _fit(
        self, x: np.ndarray, y: np.ndarray, *, epochs: int = 1, shuffle: bool = True, callbacks: Sequence[Any] = ()
    ) -> dnn.History:
        return dnn.fit(
            self.model,
            (x, y),
            loss=dnn.sparse_softmax_cross_entropy,
            optimizer=self.optimizer,
            batch_size=self.job.batch_size,
            epochs=epochs,
            shuffle=shuffle,
            callbacks=callbacks,
            **self.mode,
        )
