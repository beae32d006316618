"""One of two workers, a process of its own, for test_workers: it prints what it found as JSON in its last line."""

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
import tensorflow as tf

import dnn
from dnn.data import shards
from dnn.train import stream

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(101, 5)).astype(np.float32)
Y = (X[:, 0] + RANDOM.normal(size=101) > 0).astype(np.int32)
WEIGHTS = RANDOM.uniform(0, 2, 101).astype(np.float32)
LOSS = dnn.sparse_softmax_cross_entropy


def seeded_model():
    """Return layers with a penalty, the same in each process."""
    first = dnn.Dense(5, 8, activation=dnn.relu, seed=1, kernel_regularizer=dnn.L2(0.01))
    return dnn.Sequential([first, dnn.Dense(8, 2, seed=2)])


def fitted(folder, epochs, model=None, shift=0):
    """Train on 4 batches of 25 rows and one of 1 row, of which the second worker has none."""
    model = model or seeded_model()
    held, rule = (X[:31], Y[:31]), dnn.EarlyStopping(patience=20, restore_best_weights=False)
    options = {"batch_size": 25, "epochs": epochs, "early_stopping": rule, "checkpoint": folder}
    optimizer = dnn.Adam(model.trainable_variables, 0.05)
    history = dnn.fit(model, (X + shift, Y, WEIGHTS), held, loss=LOSS, optimizer=optimizer, **options)
    return model, history


def of_prepared(path, epochs, checkpoint, batch_size):
    """Train on a prepared folder, in chunks of 20 batches, and note what was read in the last epoch."""
    stream.CHUNK_NUMBERS = 84 * batch_size * 20
    folder, read = dnn.open_prepared(path), []
    model, read_into = dnn.mlp([folder.train.width, 8, 2], activation=dnn.relu, seed=1), shards._read_into
    shards._read_into = lambda file, place, array: (read.append(array.nbytes), read_into(file, place, array))
    optimizer = dnn.Adam(model.trainable_variables, 0.001)
    marks = []
    options = {"batch_size": batch_size, "epochs": epochs, "seed": 5, "checkpoint": checkpoint, "jit_compile": False}
    options["callbacks"] = [lambda record, history: marks.append(sum(read))]
    history = dnn.fit(model, folder.train, folder.validation, loss=LOSS, optimizer=optimizer, **options)
    shards._read_into = read_into
    weights = [variable.numpy().tolist() for variable in model.variables]
    figures = {"test": dnn.evaluate(model, folder.test, loss=LOSS), "history": history.epochs}
    return {"weights": weights, "read": (marks[-1] - marks[-2]) if marks[1:] else 0, **figures}


def refusal(function):
    """Return what it is refused with."""
    try:
        function()
    except ValueError as error:
        return str(error)
    return ""


def unseeded(rank):
    """Train a network without a seed, which drops by chance, on a dataset, until a callback of one worker ends it."""
    model = dnn.Sequential([dnn.Dense(5, 8), dnn.Dropout(0.2), dnn.Dense(8, 2)])
    dataset, optimizer = tf.data.Dataset.from_tensor_slices((X, Y)).batch(40), dnn.Adam(model.trainable_variables)
    ends = [lambda record, history: rank == 1 and record["epoch"] == 2]
    history = dnn.fit(model, dataset, loss=LOSS, optimizer=optimizer, batch_size=25, epochs=5, callbacks=ends)
    return history.epochs, hashlib.sha256(b"".join(v.numpy().tobytes() for v in model.variables)).hexdigest()


class Largest(tf.Module):
    """A layer that keeps the largest number it has seen, times 1e30: what one worker sees may be an infinity."""

    def __init__(self):
        super().__init__()
        self.dense, self.most = dnn.Dense(5, 2, seed=1), tf.Variable(0.0, trainable=False)

    def __call__(self, x):
        """Return the logits."""
        self.most.assign(tf.maximum(self.most, 1e30 * tf.reduce_max(x)))
        return self.dense(x)


def not_finite():
    """Return what ends a fit in which one row makes a variable of one worker an infinity."""
    model, x = Largest(), X.copy()
    x[7, 0] = 1e10
    try:
        dnn.fit(model, (x, Y), loss=LOSS, optimizer=dnn.SGD(model.trainable_variables, 1e-9), batch_size=25)
    except dnn.NotFiniteError as error:
        return str(error)
    return ""


def main(rank, folder):
    """Train, and print what came of it."""
    strategy = tf.distribute.MultiWorkerMirroredStrategy()
    with strategy.scope():
        mirrored = seeded_model()
        model, _ = fitted(folder / f"begun-on-two-{rank}", 2, mirrored)
        resumed, whole = fitted(folder / (f"begun-on-one-{rank}" if rank else "begun-on-one"), 4)
        other = refusal(lambda: fitted(None, 1, shift=rank))
        sgd = dnn.SGD(model.trainable_variables)
        native = refusal(lambda: dnn.fit(model, (X, Y), loss=LOSS, optimizer=sgd, jit_compile=True))
        normal = dnn.Sequential([dnn.Dense(5, 2), dnn.BatchNormalization(2)])
        batch = refusal(lambda: dnn.fit(normal, (X, Y), loss=LOSS, optimizer=dnn.SGD(normal.trainable_variables)))
        told = {"unseeded": unseeded(rank), "refused": [other, native, batch], "history": whole.epochs}
        keep = f"prepared-on-two-{rank}"
        fits = [(1, folder / keep, 12), (3, folder / keep, 12), (2, None, 26)]
        told["prepared"] = [of_prepared(folder / "prepared", *options) for options in fits]
        told["not finite"] = not_finite()
        told["evaluated"] = dnn.evaluate(resumed, (X, Y), loss=LOSS)
    told["alone"] = dnn.evaluate(resumed, (X, Y), loss=LOSS)
    told["weights"] = [variable.numpy().tolist() for variable in resumed.variables]
    print(json.dumps(told))


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
