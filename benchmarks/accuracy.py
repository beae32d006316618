"""Does a network of `dnn` predict as well as the same network in Keras?

    python -m benchmarks.accuracy FILE.csv [--target deposit] [--seeds 10]

For each seed all three get the same rows in the same three parts, the same first weights in a width-30-30-classes
network, batches of 100, Adam, at most 100 epochs, and early stopping with patience 2 that restores the best
weights. `dnn` draws the order of the rows anew for each epoch. Keras runs twice: with the very same orders, and as
it comes, which is one order for all epochs. The last column draws Keras's first weights from its own seed, to show
how far chance alone moves a mean.
"""

import argparse
import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np

import dnn
from dnn.train.fit import epoch_order

BATCH = 100


def main() -> None:
    arguments = _arguments()
    table = dnn.read_table(arguments.data)
    rows = [accuracies(table, arguments.target, seed) for seed in range(arguments.seeds)]
    print("| seed: test accuracy, epochs | " + " | ".join(TRAINERS) + " |\n|" + "---|" * (1 + len(TRAINERS)))
    for seed, row in enumerate(rows):
        print(_line(seed, row))
    print(_line("mean", np.mean(rows, axis=0)))


def accuracies(table: dnn.Table, target: str, seed: int, names=None) -> list[tuple[float, int]]:
    """(test accuracy in [0, 1], epochs trained) of each trainer, or of those named, on one split."""
    parts = dnn.split(table, target, seed=seed)
    features, labels = dnn.Features(parts[0].columns), dnn.Labels(parts[0].target)
    arrays = [(features(part.columns).numpy(), labels(part.target)) for part in parts]
    model = dnn.mlp([features.width, 30, 30, labels.classes], seed=seed)
    return [TRAINERS[name](model, *arrays, seed) for name in names or TRAINERS]


def by_dnn(model, train, validation, test, seed: int) -> tuple[float, int]:
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


def by_keras_in_the_same_orders(model, train, validation, test, seed: int) -> tuple[float, int]:
    return keras_accuracy(keras_copy(model), {"x": SameOrders(*train, seed), "shuffle": False}, validation, test, seed)


def by_keras_as_it_comes(model, train, validation, test, seed: int) -> tuple[float, int]:
    return keras_accuracy(keras_copy(model), _arrays(train), validation, test, seed)


def by_keras_from_its_own_weights(model, train, validation, test, seed: int) -> tuple[float, int]:
    keras.utils.set_random_seed(seed)
    return keras_accuracy(keras.models.clone_model(keras_copy(model)), _arrays(train), validation, test, seed)


TRAINERS = {
    "dnn": by_dnn,
    "Keras, same orders": by_keras_in_the_same_orders,
    "Keras as it comes": by_keras_as_it_comes,
    "Keras, own first weights": by_keras_from_its_own_weights,
}


def keras_copy(model: dnn.Sequential) -> keras.Model:
    """The network in Keras, with the weights that it has now."""
    weights = [variable.numpy() for variable in dnn.weights(model)]
    *hidden, last = [kernel.shape[1] for kernel in weights[::2]]
    layers = [*(keras.layers.Dense(units, activation="relu") for units in hidden), keras.layers.Dense(last)]
    copy = keras.Sequential([keras.Input((len(weights[0]),)), *layers])
    copy.set_weights(weights)
    return copy


def keras_accuracy(model: keras.Model, train: dict, validation, test, seed: int) -> tuple[float, int]:
    keras.utils.set_random_seed(seed)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    stopping = keras.callbacks.EarlyStopping(patience=2, restore_best_weights=True)
    history = model.fit(**train, epochs=100, validation_data=validation, callbacks=[stopping], verbose=0)
    return model.evaluate(*test, verbose=0)[1], len(history.epoch)


class SameOrders(keras.utils.PyDataset):
    """Batches for Keras in the order in which `dnn.fit` takes the rows, epoch by epoch."""

    def __init__(self, x, y, seed: int):
        super().__init__()
        self.x, self.y, self.seed = x, y, seed
        self.epoch = 0  # Keras fetches some batches and ends an epoch before the first one begins

    def __len__(self):
        return -(-len(self.y) // BATCH)

    def __getitem__(self, batch):
        rows = epoch_order(len(self.y), self.seed, self.epoch)[batch * BATCH : (batch + 1) * BATCH]
        return self.x[rows], self.y[rows]

    def on_epoch_end(self):
        self.epoch += 1


def _arrays(train) -> dict:
    return {"x": train[0], "y": train[1], "batch_size": BATCH}


def _line(name, row) -> str:
    return f"| {name} | " + " | ".join(f"{accuracy:.2%}, {epochs:.4g}" for accuracy, epochs in row) + " |"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data")
    parser.add_argument("--target", default="deposit")
    parser.add_argument("--seeds", type=int, default=10)
    return parser.parse_args()


if __name__ == "__main__":
    main()
