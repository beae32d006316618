"""A process with three logical CPU devices, for test_devices: it prints what it found as JSON in its last line."""

import functools
import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import shared_worker as worker
import tensorflow as tf

import dnn
from dnn.train.epoch import train_step
from dnn.train.rows import Rows

X, Y, WEIGHTS, LOSS = worker.X, worker.Y, worker.WEIGHTS, worker.LOSS
OPTIONS = {"loss": LOSS, "batch_size": 25, "epochs": 3}  # 4 batches of 25 rows and one of 1 row


def strategy_of(count):
    """Return the strategy of the first devices."""
    return tf.distribute.MirroredStrategy([f"CPU:{i}" for i in range(count)])


def told(model, history):
    """Return what came of a fit, and by how much the components of a variable differ."""
    apart = [0.0]
    for variable in model.variables:
        for each in getattr(variable, "values", ()):
            apart.append(float(np.abs(each.numpy() - variable.values[0].numpy()).max()))
    components = max(len(getattr(variable, "values", [0])) for variable in model.variables)
    weights = [variable.numpy().tolist() for variable in model.variables]
    return {"weights": weights, "history": history.epochs, "apart": max(apart), "components": components}


def made(strategy, in_scope, function):
    """Return what the function makes, in the scope or not."""
    if not in_scope:
        return function()
    with strategy.scope():
        return function()


def arrays(strategy, model_in_scope, optimizer_in_scope):
    """Train on weighted rows, until early stopping gives back the first weights."""
    model = made(strategy, model_in_scope, worker.seeded_model)
    optimizer = made(strategy, optimizer_in_scope, lambda: dnn.Adam(model.trainable_variables, 0.05))
    falling = {"monitor": "loss", "mode": "max"}  # so that the first epoch is the best
    rule = dnn.EarlyStopping(patience=20, restore_best_weights=True, **falling)
    with strategy.scope():
        history = dnn.fit(model, (X, Y, WEIGHTS), optimizer=optimizer, early_stopping=rule, **OPTIONS)
    return told(model, history) | {"last": [weights.tolist() for weights in history.last_weights]}


def dataset(strategy):
    """Train on a dataset, whose batches are others than those of the steps."""
    with strategy.scope():
        model = worker.seeded_model()
        optimizer = dnn.AdamW(model.trainable_variables, 0.05)
        data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(40)
        return told(model, dnn.fit(model, data, optimizer=optimizer, **OPTIONS))


def ensemble(strategy):
    """Train members that have each their own rows."""
    with strategy.scope():
        model = dnn.Ensemble([dnn.mlp([5, 8, 2], seed=seed) for seed in range(2)])
        optimizer = dnn.Adam(model.trainable_variables, 0.05)
        return told(model, dnn.fit(model, (X, Y, WEIGHTS), (X, Y), optimizer=optimizer, **OPTIONS))


def ignoring(strategy):
    """Train with rows of which few count, so that a device has some steps without one."""
    labels = np.where(np.arange(101) % 4 == 0, Y, -1)
    with strategy.scope():
        model = worker.seeded_model()
        sgd = dnn.SGD(model.trainable_variables, 0.05)
        options = OPTIONS | {"batch_size": 4}
        return told(model, dnn.fit(model, (X, labels), optimizer=sgd, ignore_class=-1, **options))


def resumed(folder, one, two):
    """Begin on one device and go on on two, and the other way round; a checkpoint is left by two epochs."""
    results = {}
    for begun, ended in (("one", "two"), ("two", "one")):
        for name, epochs in ((begun, 2), (ended, 4)):
            with {"one": one, "two": two}[name].scope():
                results[f"{begun} then {ended}"] = told(*worker.fitted(folder / begun, epochs))
    with one.scope():
        return results, told(*worker.fitted(None, 4))


def again(strategies):
    """Fit the same objects, made in no scope, in that of each strategy."""
    model = worker.seeded_model()
    optimizer = dnn.Adam(model.trainable_variables, 0.05)
    for strategy in strategies:
        with strategy.scope():
            history = dnn.fit(model, (X, Y), optimizer=optimizer, **OPTIONS)
    return told(model, history)


def products_by_device(strategy):
    """Return the shapes of the matrix products that a step of a batch of 25 rows has, forward and back, by device."""
    with strategy.scope():
        model = dnn.mlp([5, 2], seed=0)
        step = functools.partial(train_step, model, LOSS, dnn.SGD(model.trainable_variables), ())
        key = tf.TensorSpec([3], tf.int32)
        graph = tf.function(step).get_concrete_function(Rows(X[:25], Y[:25]).specs, key).graph
    products = [node for node in graph.get_operations() if node.type == "MatMul"]
    return dict(Counter(f"{node.device[-5:]} {node.outputs[0].shape} of {node.inputs[0].shape}" for node in products))


def refused(strategy):
    """Return what is said of fits that cannot be shared."""
    model = worker.seeded_model()
    normal = dnn.Sequential([dnn.Dense(5, 2), dnn.BatchNormalization(2)])
    with strategy.scope():

        def refusal(model, **options):
            sgd = dnn.SGD(model.trainable_variables)
            return worker.refusal(lambda: dnn.fit(model, (X, Y), loss=LOSS, optimizer=sgd, **options))

        said = [refusal(model, jit_compile=True), refusal(model, on_nan="skip"), refusal(normal)]
    with strategy_of(3).scope():
        other = worker.seeded_model()
    with strategy.scope():
        return [*said, refusal(other)]


def main(folder):
    """Train, and print what came of it."""
    tf.config.set_logical_device_configuration(
        tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 3
    )
    one, two, three = map(strategy_of, (1, 2, 3))
    found = {"arrays": arrays(one, False, False), "places": [arrays(two, *where) for where in ((0, 0), (0, 1), (1, 0))]}
    for function in (dataset, ensemble, ignoring):
        found[function.__name__] = [function(one), function(three)]
    found["resumed"] = resumed(folder, one, two)
    found["again"] = [again([one, one]), again([one, two])]
    found["products"], found["refused"] = products_by_device(two), refused(two)
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
