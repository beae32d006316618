"""What a model does only in training, and what it says of its own weights: `training` and `penalty` in a fit."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn

LOSS = dnn.sparse_softmax_cross_entropy
MODES = pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])


def some_rows(rows: int = 50, seed: int = 0):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, 4)).astype(np.float32), random.integers(0, 3, rows).astype(np.int32)


def fitted(model, **options):
    optimizer = dnn.Adam(model.trainable_variables, 0.01)
    history = dnn.fit(model, some_rows(), some_rows(20, 1), loss=LOSS, optimizer=optimizer, batch_size=8, **options)
    return history, [variable.numpy() for variable in model.variables]


class Witness(tf.Module):
    """Remembers the sum of the keys it was given, and how often it was given none."""

    def __init__(self):
        super().__init__()
        self.dense = dnn.Dense(4, 3, seed=0)
        self.keys = tf.Variable([0, 0, 0], trainable=False)
        self.without = tf.Variable(0, trainable=False)

    def __call__(self, x, training=None):
        if training is None:
            self.without.assign_add(1)
        else:
            self.keys.assign_add(training)
        return self.dense(x)


def test_each_step_gets_its_own_key_and_validation_gets_none():
    model = Witness()
    fitted(model, epochs=2, seed=5)
    steps = 7  # 50 rows by 8
    np.testing.assert_array_equal(model.keys, [2 * steps * 5, steps * (1 + 2), 2 * sum(range(steps))])
    assert model.without.numpy() == 2  # one batch of 20 rows, twice


@MODES
def test_dropout_trains_reproducibly_and_is_off_in_evaluation(jit_compile):
    model = dnn.Sequential(
        [dnn.Dense(4, 16, activation=dnn.relu, seed=0), dnn.Dropout(0.5, seed=0), dnn.Dense(16, 3, seed=0)]
    )
    optimizer, runs = dnn.SGD(model.trainable_variables, 0.1), []
    before = [variable.numpy() for variable in model.variables]
    for seed in (1, 1, 2):  # of the same objects: traced and compiled once
        for variable, value in zip(model.variables, before, strict=True):
            variable.assign(value)
        options = {"batch_size": 8, "epochs": 2, "shuffle": False, "seed": seed, "jit_compile": jit_compile}
        dnn.fit(model, some_rows(), loss=LOSS, optimizer=optimizer, **options)
        runs.append([variable.numpy() for variable in model.variables])
    for one, same in zip(runs[0], runs[1], strict=True):
        np.testing.assert_array_equal(one, same)
    assert any((one != other).any() for one, other in zip(runs[0], runs[2], strict=True))
    x = some_rows()[0]
    np.testing.assert_allclose(
        dnn.predict(model, x), model.layers[2](model.layers[0](x)), atol=1e-4
    )  # of numbers near 1


def penalized(dtype):
    """(ours, Keras's), with batch normalization and penalties, from the same weights."""
    ours = dnn.Sequential(
        [
            dnn.Dense(4, 5, kernel_regularizer=dnn.L2(0.02), bias_regularizer=dnn.L1(0.01), dtype=dtype, seed=0),
            dnn.relu,
            dnn.BatchNormalization(5, momentum=0.8, dtype=dtype),  # before relu it would leave the bias to rounding
            dnn.Dense(5, 3, kernel_regularizer=dnn.L1L2(0.01, 0.02), dtype=dtype, seed=0),
        ]
    )
    l2, l1, l1_l2 = keras.regularizers.L2(0.02), keras.regularizers.L1(0.01), keras.regularizers.L1L2(0.01, 0.02)
    theirs = keras.Sequential(
        [
            keras.Input((4,), dtype="float64"),
            keras.layers.Dense(5, kernel_regularizer=l2, bias_regularizer=l1, dtype="float64"),
            keras.layers.ReLU(dtype="float64"),
            keras.layers.BatchNormalization(momentum=0.8, dtype="float64"),
            keras.layers.Dense(3, kernel_regularizer=l1_l2, dtype="float64"),
        ]
    )
    theirs.set_weights([variable.numpy() for variable in dnn.weights(ours)])
    return ours, theirs


@pytest.fixture(scope="module")
def keras_s():
    """(Keras's weights after three epochs, its history)."""
    keras.config.set_floatx("float64")  # or it would keep the penalties in float32
    try:
        _, model = penalized(tf.float64)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
        model.compile(keras.optimizers.Adam(0.01), loss, metrics=["accuracy"])
        options = {"batch_size": 8, "epochs": 3, "shuffle": False, "validation_data": some_rows(20, 1), "verbose": 0}
        history = model.fit(*some_rows(), **options).history
        return model.get_weights(), history
    finally:
        keras.config.set_floatx("float32")


@MODES
def test_batch_normalization_and_penalties_train_as_in_keras(jit_compile, keras_s):
    """From the same weights, in the same order, a short last batch included: the batch's statistics are of its rows.

    In float64, but for Keras's β₂, which it rounds to float32: 21 steps of 0.01 are wrong by 7 in a million each.
    """
    model, _ = penalized(tf.float64)
    history, _ = fitted(model, epochs=3, shuffle=False, jit_compile=jit_compile)
    for name in ("loss", "val_loss", "accuracy", "val_accuracy"):
        np.testing.assert_allclose(history[name], keras_s[1][name], rtol=1e-5)
    for variable, weights in zip(dnn.weights(model), keras_s[0], strict=True):
        np.testing.assert_allclose(variable, weights, atol=2e-6)


def test_a_learning_rate_assigned_between_fits_holds_in_the_compiled_epoch():
    model, data = dnn.mlp([4, 3], seed=0), some_rows()
    optimizer = dnn.Adam(model.trainable_variables, 0.1)
    dnn.fit(model, data, loss=LOSS, optimizer=optimizer, batch_size=8)
    before = [variable.numpy() for variable in model.variables]
    optimizer.learning_rate = 1e-12
    dnn.fit(model, data, loss=LOSS, optimizer=optimizer, batch_size=8)
    for variable, old in zip(model.variables, before, strict=True):
        np.testing.assert_allclose(variable, old, atol=1e-9)
    for bad in (-1.0, float("nan")):
        with pytest.raises(ValueError, match="learning_rate must be a number of 0 or more"):
            optimizer.learning_rate = bad
    with pytest.raises(TypeError, match="learning_rate must be a number"):
        optimizer.learning_rate = "small"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"optimizer": "adam"}, "optimizer must have parameters and apply"),
        ({"optimizer": dnn.Adam}, "optimizer must have parameters and apply"),
        ({"early_stopping": True}, "early_stopping must be a dnn.EarlyStopping"),
        ({"validation": 0.2}, "validation must be \\(x, y\\) or \\(x, y, weights\\), got float"),
        ({"data": some_rows()[0]}, "data must be \\(x, y\\) or \\(x, y, weights\\), got ndarray"),
        ({"metrics": ["accuracy"]}, "metrics must be a dict of functions by name"),
        ({"loss": "crossentropy"}, "loss must be a function"),
        ({"model": keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])}, "model must be a tf.Module"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_an_argument_of_the_wrong_kind_is_named(wrong, message):
    model = dnn.mlp([4, 3], seed=0)
    arguments = {"data": some_rows(), "loss": LOSS, "optimizer": dnn.Adam(model.trainable_variables), "model": model}
    with pytest.raises(TypeError, match=message):
        dnn.fit(**(arguments | wrong))


def test_a_softmax_of_one_output_is_refused():
    model = dnn.mlp([4, 1], seed=0)
    with pytest.raises(ValueError, match="softmax of one output is always 1"):
        dnn.fit(model, some_rows(), loss=LOSS, optimizer=dnn.Adam(model.trainable_variables))
