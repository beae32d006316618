"""The same program written in Keras: python -m benchmarks.programs.with_keras FILE TARGET [without-gc]

without-gc: Python does not search for garbage while it imports, as in the command `dnn`.
Arrow reads the file, as it does for `dnn`, and NumPy prepares the rows, which is the least such a program must do. The
parts, features and first weights are those of `dnn`, so both must learn the same. It prints the same JSON.
"""

import gc
import json
import sys
from types import ModuleType
from typing import Any

from benchmarks.jobs import Job
from benchmarks.programs.settings import BATCH, EPOCHS, HIDDEN
from benchmarks.timing import Laps, Phases


def main(file: str, target: str, *options: str) -> None:
    """Read, prepare, train, evaluate, and print what it took."""
    phases, laps = Phases(), Laps()
    if "without-gc" in options:
        gc.disable()
    import keras
    import numpy as np
    import pyarrow.csv

    if "without-gc" in options:
        gc.freeze()
        gc.enable()
    phases.end("import")
    table = pyarrow.csv.read_csv(file)
    columns = {name: table[name].to_numpy() for name in table.column_names}
    classes, y = np.unique(columns.pop(target), return_inverse=True)
    parts = split(np, y.astype(np.int32))
    x = features(np, columns, parts[0])
    train, validation, test = ((x[part], y[part].astype(np.int32)) for part in parts)
    phases.end("read, prepare")

    sizes = (x.shape[1], *HIDDEN, len(classes))
    layers = [*(keras.layers.Dense(units, activation="relu") for units in HIDDEN), keras.layers.Dense(len(classes))]
    model = keras.Sequential([keras.Input((x.shape[1],)), *layers])
    model.set_weights(Job("", sizes, BATCH, 1).weights())
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(), loss, metrics=["accuracy"])
    phases.end("make the model")
    history = model.fit(
        *train,
        validation_data=validation,
        batch_size=BATCH,
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[keras.callbacks.LambdaCallback(on_epoch_end=laps.lap)],
    ).history
    phases.end("trace and compile")
    phases.move("trace and compile", "first epoch", laps.median)
    phases.move("trace and compile", "other epochs", laps.total)
    test_loss = model.evaluate(*test, verbose=0)[0]
    phases.end("evaluate")
    print(json.dumps({"phases": phases.seconds, "val_loss": history["val_loss"], "test_loss": test_loss}))


def split(np: ModuleType, y: Any, fractions: tuple[float, ...] = (0.8, 0.1, 0.1)) -> list[Any]:
    """Return the rows of each part, stratified: those of each class are shuffled, and cut where the fractions say."""
    random = np.random.default_rng(0)
    pieces = []
    for label in range(y.max() + 1):
        rows = random.permutation(np.flatnonzero(y == label))
        sizes = np.floor(np.multiply(fractions, len(rows))).astype(int)
        while sizes.sum() < len(rows):
            sizes[np.argmax(np.multiply(fractions, len(rows)) - sizes)] += 1
        pieces.append(np.split(rows, np.cumsum(sizes)[:-1]))
    return [np.sort(np.concatenate(part)) for part in zip(*pieces, strict=True)]


def features(np: ModuleType, columns: dict[str, Any], training_rows: Any) -> Any:
    """Return float32[rows, features]: numbers standardized by the training rows, then each string one-hot."""
    numbers = np.stack([cells for cells in columns.values() if cells.dtype != object], axis=1).astype(float)
    learnt = numbers[training_rows]
    blocks = [(numbers - learnt.mean(axis=0)) / learnt.std(axis=0)]
    for cells in columns.values():
        if cells.dtype == object:
            blocks.append(cells[:, np.newaxis] == np.unique(cells[training_rows]))
    return np.concatenate(blocks, axis=1, dtype=np.float32)


if __name__ == "__main__":
    main(*sys.argv[1:])
