"""The article's network in Keras: from its own weights, from those of `dnn`, and with the rows in the orders of `dnn`.

All have batches of 100, Adam, at most 100 epochs, and early stopping with patience 2 that restores the best weights.
From the same weights and in the same orders both take the same path; the others show how far chance alone goes.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.splits import Probabilities, Split
from dnn.train.epochs import epoch_order

BATCH = 100
HIDDEN = (30, 30)
Rows = tuple[np.ndarray, np.ndarray]
TrainKeras = Callable[[Any, Rows, int], tuple[Any, dict[str, Any]]]


def fit(starting: TrainKeras, split: Split, threads: int) -> Fitted:
    """Train a copy of our network in Keras, on the same arrays."""
    import keras

    keras.utils.clear_session()
    train, held = ((split.encoded(part), split.classes(part)) for part in (split.train, split.validation))
    model, rows = starting(keras_copy(first_network(split)), train, split.seed)
    keras.utils.set_random_seed(split.seed)
    model.compile(keras.optimizers.Adam(), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(**rows, epochs=100, validation_data=held, callbacks=[stopping], verbose=0)
    return Fitted(partial(_probabilities, model, split), len(history.epoch))


def from_its_own_weights(model: Any, train: Rows, seed: int) -> tuple[Any, dict[str, Any]]:
    """Let Keras draw the first weights, and one order of the rows for all epochs."""
    import keras

    keras.utils.set_random_seed(seed)
    return keras.models.clone_model(model), _arrays(train)


def from_our_weights(model: Any, train: Rows, seed: int) -> tuple[Any, dict[str, Any]]:
    """Take our first weights, and Keras's one order of the rows for all epochs."""
    return model, _arrays(train)


def in_our_orders(model: Any, train: Rows, seed: int) -> tuple[Any, dict[str, Any]]:
    """Take our first weights, and our new order of the rows for each epoch."""
    return model, {"x": same_orders(*train, seed), "shuffle": False}


def first_network(split: Split) -> dnn.Sequential:
    """Return the network of `dnn.Classifier` before its first step."""
    return dnn.mlp([split.encoder.width, *HIDDEN, split.labels.classes], seed=split.seed)


def keras_copy(model: dnn.Sequential) -> Any:
    """Return the network in Keras, with its present weights."""
    import keras

    weights = [variable.numpy() for variable in dnn.weights(model)]
    *hidden, last = [kernel.shape[1] for kernel in weights[::2]]
    layers = [*(keras.layers.Dense(units, activation="relu") for units in hidden), keras.layers.Dense(last)]
    copy = keras.Sequential([keras.Input((len(weights[0]),)), *layers])
    copy.set_weights(weights)
    return copy


def same_orders(x: np.ndarray, y: np.ndarray, seed: int) -> Any:
    """Return batches for Keras in the order in which `dnn.fit` takes the rows, epoch by epoch."""
    import keras

    class SameOrders(keras.utils.PyDataset):
        epoch = 0  # Keras fetches some batches and ends an epoch before the first one begins

        def __len__(self) -> int:
            return -(-len(y) // BATCH)

        def __getitem__(self, batch: int) -> Rows:
            rows = epoch_order(len(y), seed, self.epoch)[batch * BATCH : (batch + 1) * BATCH]
            return x[rows], y[rows]

        def on_epoch_end(self) -> None:
            self.epoch += 1

    return SameOrders()


def _arrays(train: Rows) -> dict[str, Any]:
    return {"x": train[0], "y": train[1], "batch_size": BATCH}


def _probabilities(model: Any, split: Split, part: dnn.Part) -> Probabilities:
    logits = model.predict(split.encoded(part), verbose=0, batch_size=4096)
    return dnn.softmax(logits.astype(np.float64)).numpy()


def _method(name: str, starting: TrainKeras) -> Method:
    settings = {"hidden": HIDDEN, "batch_size": BATCH, "epochs": 100, "patience": 2}
    return Method(name, partial(fit, starting), settings, ("keras",), "network")


METHODS: Sequence[Method] = [
    _method("Keras", from_its_own_weights),
    _method("Keras, same weights", from_our_weights),
    _method("Keras, same weights and orders", in_our_orders),
]
