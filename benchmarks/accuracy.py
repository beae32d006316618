"""Does a network of `dnn` predict as well as the same network in Keras?

    python -m benchmarks.accuracy FILE.csv [--target deposit] [--seeds 10]

For each seed all get the same rows in the same three parts, the same first weights of a width-30-30-classes network,
batches of 100, Adam, at most 100 epochs, and early stopping with patience 2 that restores the best weights. `dnn` draws
a new order of the rows for each epoch. Keras runs with the same orders, and by its defaults, with one for all epochs.
In the last column Keras draws its initial weights from its own seed, which shows how far chance alone moves a mean.
"""

import argparse
import os
from collections.abc import Iterable, Sequence
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import dnn
from dnn.train.fit import epoch_order

BATCH = 100
Rows = tuple[np.ndarray, np.ndarray]


def main() -> None:
    """Measure, and print the table."""
    arguments = _arguments()
    table = dnn.read_table(arguments.data)
    rows = [accuracies(table, arguments.target, seed) for seed in range(arguments.seeds)]
    print("| seed: test accuracy, epochs | " + " | ".join(TRAINERS) + " |\n|" + "---|" * (1 + len(TRAINERS)))
    for seed, row in enumerate(rows):
        print(_line(seed, row))
    print(_line("mean", np.mean(rows, axis=0)))


def accuracies(table: dnn.Table, target: str, seed: int, names: Sequence[str] | None = None) -> list[tuple[float, int]]:
    """Return test accuracy, in [0, 1], and epochs of each trainer on one split.

    Args:
        table: The rows.
        target: The column to predict.
        seed: Of the split, the first weights and the orders.
        names: Of the trainers; None takes all.
    """
    parts = dnn.split(table, target, seed=seed)
    features, labels = dnn.Features(parts[0].columns), dnn.Labels(parts[0].target)
    arrays = [(features(part.columns).numpy(), labels(part.target)) for part in parts]
    model = dnn.mlp([features.width, 30, 30, labels.classes], seed=seed)
    return [TRAINERS[name](model, *arrays, seed) for name in names or TRAINERS]


def by_dnn(model: dnn.Sequential, train: Rows, validation: Rows, test: Rows, seed: int) -> tuple[float, int]:
    """Train with `dnn`, and bring the first weights back."""
    first = [variable.numpy() for variable in model.trainable_variables]
    history = dnn.fit(
        model,
        train,
        validation,
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(model.trainable_variables),
        batch_size=BATCH,
        epochs=100,
        seed=seed,
        early_stopping=dnn.EarlyStopping(patience=2, restore_best_weights=True),
    )
    accuracy = dnn.evaluate(model, test, loss=dnn.sparse_softmax_cross_entropy)["accuracy"]
    for variable, weights in zip(model.trainable_variables, first, strict=True):
        variable.assign(weights)
    return accuracy, len(history.epochs)


def by_keras_in_the_same_orders(
    model: dnn.Sequential, train: Rows, validation: Rows, test: Rows, seed: int
) -> tuple[float, int]:
    """Train a copy in Keras, with the rows in the orders of `dnn`."""
    return keras_accuracy(keras_copy(model), {"x": SameOrders(*train, seed), "shuffle": False}, validation, test, seed)


def by_keras_defaults(model: dnn.Sequential, train: Rows, validation: Rows, test: Rows, seed: int) -> tuple[float, int]:
    """Train a copy in Keras, with one order of the rows for all epochs."""
    return keras_accuracy(keras_copy(model), _arrays(train), validation, test, seed)


def by_keras_from_its_own_weights(
    model: dnn.Sequential, train: Rows, validation: Rows, test: Rows, seed: int
) -> tuple[float, int]:
    """Train the same network in Keras from weights that Keras draws."""
    keras.utils.set_random_seed(seed)
    return keras_accuracy(keras.models.clone_model(keras_copy(model)), _arrays(train), validation, test, seed)


TRAINERS = {
    "dnn": by_dnn,
    "Keras, same orders": by_keras_in_the_same_orders,
    "Keras defaults": by_keras_defaults,
    "Keras's own initial weights": by_keras_from_its_own_weights,
}


def keras_copy(model: dnn.Sequential) -> keras.Model:
    """Return the network in Keras, with its present weights."""
    weights = [variable.numpy() for variable in dnn.weights(model)]
    *hidden, last = [kernel.shape[1] for kernel in weights[::2]]
    layers = [*(keras.layers.Dense(units, activation="relu") for units in hidden), keras.layers.Dense(last)]
    copy = keras.Sequential([keras.Input((len(weights[0]),)), *layers])
    copy.set_weights(weights)
    return copy


def keras_accuracy(
    model: keras.Model, train: dict[str, Any], validation: Rows, test: Rows, seed: int
) -> tuple[float, int]:
    """Train in Keras; return test accuracy and epochs. train: arguments of `fit`."""
    keras.utils.set_random_seed(seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(**train, epochs=100, validation_data=validation, callbacks=[stopping], verbose=0)
    return model.evaluate(*test, verbose=0)[1], len(history.epoch)


class SameOrders(keras.utils.PyDataset):
    """Batches for Keras in the order in which `dnn.fit` takes the rows, epoch by epoch."""

    def __init__(self, x: np.ndarray, y: np.ndarray, seed: int) -> None:
        super().__init__()
        self.x, self.y, self.seed = x, y, seed
        self.epoch = 0  # Keras fetches some batches and ends an epoch before the first one begins

    def __len__(self) -> int:
        return -(-len(self.y) // BATCH)

    def __getitem__(self, batch: int) -> Rows:
        rows = epoch_order(len(self.y), self.seed, self.epoch)[batch * BATCH : (batch + 1) * BATCH]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self) -> None:
        self.epoch += 1


def _arrays(train: Rows) -> dict[str, Any]:
    return {"x": train[0], "y": train[1], "batch_size": BATCH}


def _line(name: object, row: Iterable[tuple[float, float]]) -> str:
    return f"| {name} | " + " | ".join(f"{accuracy:.2%}, {epochs:.4g}" for accuracy, epochs in row) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--target", default="deposit")
    parser.add_argument("--seeds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
