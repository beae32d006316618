"""Keras, on TensorFlow: `compile` and `fit`."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from benchmarks.jobs import EPSILON, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_of, seconds_per_call


class Trainer:
    """Trains with Keras's `fit`.

    Args:
        job: What to do.
        jit_compile: As in `compile`.
        steps_per_execution: As in `compile`.
        rows: The batch size of `predict`; None is Keras's own.
        call: Whether to call the model instead of its `predict`.
    """

    def __init__(
        self,
        job: Job,
        *,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        rows: int | None = None,
        call: bool = False,
    ) -> None:
        self.job, self.rows, self.call = job, rows, call
        self.x, self.y = job.arrays()
        *hidden, last = job.sizes[1:]
        layers = [*(keras.layers.Dense(units, activation="relu") for units in hidden), keras.layers.Dense(last)]
        self.model = keras.Sequential([keras.Input((job.sizes[0],)), *layers])
        self.model.set_weights(job.weights())
        self.model.compile(
            keras.optimizers.Adam(job.learning_rate, epsilon=EPSILON),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
        )

    def learn(self, orders: Sequence[np.ndarray]) -> list[tuple[float, float]]:
        """Learn an epoch with the rows in each order; return its loss and accuracy."""
        histories = [self._fit(self.x[order], self.y[order], shuffle=False).history for order in orders]
        return [(history["loss"][0], history["accuracy"][0]) for history in histories]

    def epoch_seconds(self, epochs: int) -> float:
        """Return the median seconds of an epoch, the first excluded."""
        laps = Laps()
        callback = keras.callbacks.LambdaCallback(on_epoch_end=laps.lap)
        self._fit(self.x, self.y, epochs=epochs + 1, callbacks=[callback])
        return laps.median

    def training_seconds(self, epochs: int) -> float:
        """Return the seconds of a call of `fit` for so many epochs."""
        return seconds_of(lambda: self._fit(self.x, self.y, epochs=epochs))

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return self.probabilities_of(self.x[:rows])

    def probabilities_of(self, x: np.ndarray) -> np.ndarray:
        """Return those of other rows, [rows, classes]."""
        return keras.ops.convert_to_numpy(keras.ops.softmax(self._logits(x)))

    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        x = self.x[:rows]
        if self.rows:
            self._logits(x)  # traces it, if it was not yet, for whole batches and for a last, shorter one
        return seconds_per_call(lambda: self._logits(x), at_least)

    def _logits(self, x: np.ndarray) -> np.ndarray:
        return np.asarray(self.model(x)) if self.call else self.model.predict(x, batch_size=self.rows, verbose=0)

    def _fit(self, x: np.ndarray, y: np.ndarray, **options: Any) -> keras.callbacks.History:
        return self.model.fit(x, y, batch_size=self.job.batch_size, verbose=0, **options)
