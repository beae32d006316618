"""Fit: what it promises besides being Keras's training: order, weights kept, errors in time, and no second trace."""

import functools
import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import dnn
from dnn.train.epoch import trace_prediction, trace_training, train_step
from dnn.train.epochs import asks_to_stop, epoch_order
from dnn.train.evaluation import trace_evaluation
from dnn.train.rows import Rows

LOSS = dnn.sparse_softmax_cross_entropy
METRICS = (dnn.accuracy,)


def some_rows(rows, seed=0):
    """float32[rows, 4], and which of 3 of its columns is the largest."""
    x = np.random.default_rng(seed).normal(size=(rows, 4)).astype(np.float32)
    return x, x[:, :3].argmax(axis=1)


def made(seed=0, learning_rate=0.01):
    model = dnn.mlp([4, 6, 3], seed=seed)
    return model, dnn.Adam(model.trainable_variables, learning_rate)


def weights_of(module):
    return [variable.numpy() for variable in module.variables]


def assert_equal_weights(actual, expected):
    for one, other in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(one, other)


@given(st.integers(1, 300), st.integers(0, 2**40), st.integers(1, 1000))
def test_the_order_of_an_epoch_is_a_permutation_that_seed_and_epoch_decide(rows, seed, epoch):
    order = epoch_order(rows, seed, epoch)
    np.testing.assert_array_equal(np.sort(order), np.arange(rows))
    np.testing.assert_array_equal(epoch_order(rows, seed, epoch), order)


@given(st.integers(0, 2**40), st.integers(1, 1000))
def test_another_epoch_or_another_seed_has_another_order(seed, epoch):
    """Of 100 rows: two of 100! orders are the same by chance never."""
    orders = [epoch_order(100, *pair) for pair in ((seed, epoch), (seed, epoch + 1), (seed + 1, epoch))]
    assert all((one != other).any() for one, other in itertools.combinations(orders, 2))


@pytest.mark.parametrize("shuffle", [True, False])
def test_fit_takes_its_steps_in_the_order_of_each_epoch(shuffle):
    """Against eager steps one by one, over two epochs of batches of 4, 4 and 3 rows, in float64: so both may round."""
    (x, y), (model, other) = some_rows(11), (dnn.mlp([4, 6, 3], dtype=tf.float64, seed=0) for _ in range(2))
    optimizer, other_optimizer = (dnn.Adam(each.trainable_variables, 0.01) for each in (model, other))
    x = x.astype(np.float64)
    history = dnn.fit(model, (x, y), loss=LOSS, optimizer=optimizer, batch_size=4, epochs=2, seed=5, shuffle=shuffle)
    for epoch in (1, 2):
        order = epoch_order(11, 5, epoch) if shuffle else np.arange(11)
        batches = [Rows(x[batch], y[batch]) for batch in np.split(order, [4, 8])]
        sums = sum(train_step(other, LOSS, other_optimizer, METRICS, batch, None) for batch in batches)
        np.testing.assert_allclose([history["loss"][epoch - 1], history["accuracy"][epoch - 1]], sums / 11, rtol=1e-9)
    for fitted, stepped in zip(model.variables, other.variables, strict=True):
        np.testing.assert_allclose(fitted, stepped, rtol=1e-9, atol=1e-11)


def test_fit_learns():
    """Which of three columns is the largest: from a third right by chance to nearly all."""
    model, optimizer = made(learning_rate=0.02)
    history = dnn.fit(model, some_rows(600), some_rows(200, 1), loss=LOSS, optimizer=optimizer, epochs=20)
    assert history["val_accuracy"][0] < 0.8
    assert history["val_accuracy"][-1] > 0.9


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16], ids=lambda dtype: dtype.name)
def test_a_network_learns_in_half_precision_too(dtype):
    """Steps of 0.002 beside weights of 1, which a bfloat16 cannot hold; Keras's Adam would not move at all in it."""
    model = dnn.mlp([4, 8, 3], seed=2, dtype=dtype)
    optimizer = dnn.Adam(model.trainable_variables, 0.002)
    history = dnn.fit(model, some_rows(600), some_rows(200, 1), loss=LOSS, optimizer=optimizer, epochs=15)
    assert history["val_loss"][0] > 0.8
    assert history["val_loss"][-1] < 0.5
    assert {variable.dtype for variable in model.variables} == {dtype}


def test_one_batch_larger_than_the_rows_is_all_of_them():
    histories, models = [], []
    for batch_size in (7, 1000):
        model, optimizer = made()
        models.append(model)
        histories.append(dnn.fit(model, some_rows(7), loss=LOSS, optimizer=optimizer, batch_size=batch_size, epochs=2))
    assert histories[0] == histories[1]
    assert_equal_weights(weights_of(models[0]), weights_of(models[1]))


@pytest.fixture(scope="module")
def trained():
    """A fit whose best epoch is not its last, and the weights after each of its epochs."""
    model, optimizer = made(seed=3, learning_rate=0.3)
    seen = []
    history = dnn.fit(
        model,
        some_rows(40),
        some_rows(30, 1),
        loss=LOSS,
        optimizer=optimizer,
        batch_size=8,
        epochs=30,
        early_stopping=dnn.EarlyStopping(patience=3, restore_best_weights=True),
        callbacks=[lambda record, history: seen.append((dict(record), len(history.epochs), weights_of(model)))],
    )
    assert history.best_epoch < len(history.epochs)
    return model, history, seen


def test_the_weights_of_the_best_epoch_come_back_exactly(trained):
    model, history, seen = trained
    assert history.best_epoch == int(np.argmin(history["val_loss"])) + 1
    assert len(history.epochs) == history.best_epoch + 3
    assert_equal_weights(weights_of(model), seen[history.best_epoch - 1][2])
    assert dnn.evaluate(model, some_rows(30, 1), loss=LOSS)["loss"] == min(history["val_loss"])


def test_callbacks_see_every_record_when_it_is_the_last(trained):
    _, history, seen = trained
    assert [record for record, _, _ in seen] == history.epochs
    assert [epochs for _, epochs, _ in seen] == list(range(1, len(history.epochs) + 1))


def test_a_record_holds_the_epoch_the_loss_the_metrics_and_the_same_of_the_validation_rows(trained):
    _, history, _ = trained
    assert list(history.epochs[0]) == ["epoch", "loss", "accuracy", "val_loss", "val_accuracy"]
    assert history["epoch"] == list(range(1, len(history.epochs) + 1))
    assert all(isinstance(value, int | float) for record in history.epochs for value in record.values())


def test_the_history_keeps_the_best_and_the_last_epoch(trained):
    _, history, seen = trained
    assert history.best == history.epochs[history.best_epoch - 1]
    assert history.last == history.epochs[-1]
    assert_equal_weights(history.best_weights, seen[history.best_epoch - 1][2])
    assert_equal_weights(history.last_weights, seen[-1][2])


def test_any_figure_may_be_monitored():
    """A metric that falls from epoch to epoch, however well the network learns: the first is the best, if more is."""
    model, optimizer = made()
    seen = []
    history = dnn.fit(
        model,
        some_rows(20),
        loss=LOSS,
        optimizer=optimizer,
        epochs=9,
        metrics={"spread": lambda y, z: z[:, 0] * 0 - tf.cast(optimizer.t, tf.float32)},
        early_stopping=dnn.EarlyStopping(monitor="spread", mode="max", patience=3, restore_best_weights=True),
        callbacks=[lambda *_: seen.append(weights_of(model))],
    )
    assert (history.best_epoch, len(history.epochs)) == (1, 4)
    assert_equal_weights(weights_of(model), seen[0])
    assert_equal_weights(history.last_weights, seen[3])


def test_without_restoring_the_last_weights_stay():
    model, optimizer = made(seed=3, learning_rate=0.3)
    seen = []
    history = dnn.fit(
        model,
        some_rows(40),
        some_rows(30, 1),
        loss=LOSS,
        optimizer=optimizer,
        batch_size=8,
        epochs=30,
        early_stopping=dnn.EarlyStopping(patience=3),
        callbacks=[lambda *_: seen.append(weights_of(model))],
    )
    assert history.best_epoch < len(history.epochs)
    assert_equal_weights(weights_of(model), seen[-1])
    assert_equal_weights(history.best_weights, seen[history.best_epoch - 1])


def test_without_validation_rows_there_is_no_best_epoch():
    model, optimizer = made()
    history = dnn.fit(model, some_rows(9), loss=LOSS, optimizer=optimizer, metrics={}, epochs=2)
    assert [list(record) for record in history.epochs] == [["epoch", "loss"]] * 2
    assert history.best_epoch is None


def test_fits_of_the_same_objects_trace_what_one_does_whatever_the_learning_rate():
    model, optimizer = made()
    data, validation = some_rows(10), some_rows(5)
    fit = functools.partial(dnn.fit, model, data, validation, loss=LOSS, optimizer=optimizer, batch_size=4, epochs=2)
    caches = (trace_training, trace_evaluation, trace_prediction)
    before = [cached.cache_info().misses for cached in caches]
    for i in range(1, 6):
        optimizer.learning_rate.assign(0.01 / i)
        fit()
    assert [cached.cache_info().misses for cached in caches] == [misses + 1 for misses in before]
    assert optimizer.t.numpy() == 5 * 2 * 3


class TwoRoads(tf.Module):
    """A model of the user's own: x · a + sin(x · b), with a bias that does not train, in the dtype of its variables."""

    def __init__(self, dtype):
        super().__init__()
        random = np.random.default_rng(0)
        self.a = tf.Variable(random.normal(size=(4, 3)), dtype=dtype)
        self.b = {"nested": [tf.Variable(random.normal(size=(4, 3)), dtype=dtype)]}
        self.bias = tf.Variable(np.zeros(3), dtype=dtype, trainable=False)

    def __call__(self, x):
        return x @ self.a + tf.sin(x @ self.b["nested"][0]) + self.bias


@pytest.mark.parametrize(("dtype", "jit_compile"), [(tf.float32, False), (tf.float64, True)])
def test_any_module_that_can_be_called_can_be_trained(dtype, jit_compile):
    model = TwoRoads(dtype)
    optimizer = dnn.Adam(model.trainable_variables, 0.1)
    assert len(optimizer.parameters) == 2
    history = dnn.fit(
        model,
        some_rows(50),
        some_rows(20),
        loss=LOSS,
        optimizer=optimizer,
        epochs=10,
        batch_size=10,
        jit_compile=jit_compile,
    )
    assert history["loss"][-1] < history["loss"][0] / 2
    assert not model.bias.numpy().any()
    assert dnn.predict(model, some_rows(5)[0]).dtype == dtype.as_numpy_dtype


def test_one_hot_targets_train_as_their_class_numbers_do():
    histories = []
    for loss, y in ((LOSS, some_rows(9)[1]), (dnn.softmax_cross_entropy, np.eye(3)[some_rows(9)[1]])):
        model, optimizer = made()
        histories.append(dnn.fit(model, (some_rows(9)[0], y), loss=loss, optimizer=optimizer, batch_size=4, epochs=2))
    assert histories[0] == histories[1]


BAD = np.array([[0, np.nan, 0, 0]], np.float32)
X, Y = some_rows(8)
ERRORS = {
    "labels too large": ({"data": (X, Y + 1)}, r"^data: labels must be in \[0, 3\), got values from 1 to 3"),
    "labels negative": (
        {"validation": (X, Y - 1)},
        r"^validation: labels must be in \[0, 3\), got values from -1 to 1",
    ),
    "NaN": ({"data": (np.concatenate([X[:3], BAD]), Y[:4])}, r"^data: x has a NaN or an infinity, .* in row 3"),
    "NaN in validation": ({"validation": (BAD, [0])}, r"^validation: x has a NaN or an infinity, .* in row 0"),
    "lengths": ({"data": (X, Y[:7])}, r"^data: x has 8 rows, and y has shape \(7,\)"),
    "no rows": ({"data": (X[:0], Y[:0])}, r"^data: x has no rows"),
    "features": ({"data": (X[:, :2], Y)}, r"^data: x has 2 features, which the model does not take"),
    "batch_size": ({"batch_size": 0}, r"^batch_size must be an integer of 1 or more, got 0"),
    "batch_size a float": ({"batch_size": 2.0}, r"^batch_size must be an integer of 1 or more, got 2.0"),
    "epochs": ({"epochs": -1}, r"^epochs must be an integer of 1 or more, got -1"),
    "seed": ({"seed": -1}, r"^seed must be an integer of 0 or more, got -1"),
    "early stopping": (
        {"validation": None, "early_stopping": dnn.EarlyStopping(), "callbacks": []},
        r"^early_stopping monitors 'val_loss', but a record has loss, accuracy; val_… needs validation data",
    ),
    "a figure that is not measured": (
        {"early_stopping": dnn.EarlyStopping(monitor="val_auc", mode="max"), "callbacks": []},
        r"^early_stopping monitors 'val_auc', but a record has loss, accuracy, val_loss, val_accuracy$",
    ),
    "a callback that is a string": ({"callbacks": ["print"]}, r"^callbacks must be a list of functions"),
    "a class of callbacks": ({"callbacks": [dict]}, r"^callbacks must be a list of functions"),
    "early stopping among them": (
        {"callbacks": [dnn.EarlyStopping()]},
        r"^callbacks must be .*; early stopping has an argument of its own",
    ),
    "a plateau that nobody measures": (
        {"callbacks": [dnn.ReduceLROnPlateau(made()[1], "val_loss")], "validation": None},
        r"^callbacks\[0\] monitors 'val_loss', but a record has loss, accuracy; val_… needs",
    ),
    "jit_compile a string": (
        {"jit_compile": "xla"},
        r"^jit_compile must be True, False, 'auto' or 'native', got 'xla'",
    ),
    "jit_compile as a number": ({"jit_compile": 1}, r"^jit_compile must be True, False, 'auto' or 'native', got 1"),
    "one callback": ({"callbacks": print}, r"^callbacks must be a list of functions"),
    "weights below 0": ({"data": (X, Y, np.full(8, -1.5))}, r"^data: weights must be 0 or more, got -1.5"),
    "a weight that is no number": ({"data": (X, Y, [1] * 7 + [np.nan])}, r"^data: weights has a NaN .* in row 7"),
    "weights of other rows": (
        {"validation": (X, Y, np.ones(7))},
        r"^validation: weights must be \[rows\], here \(8,\), got shape \(7,\)",
    ),
    "four parts": ({"data": (X, Y, Y, Y)}, r"^data must be \(x, y\) or \(x, y, weights\), got 4 parts"),
    "only the ignored class": ({"data": (X, Y * 0), "ignore_class": 0}, r"^data: y has only the ignored class 0"),
    "one-hot beside an ignored class": ({"data": (X, np.eye(3)[Y]), "ignore_class": 0}, r"^data: y must be class"),
    "name of a metric": ({"metrics": {"loss": dnn.accuracy}}, r"no metric may be called 'loss'"),
    "name of a figure of validation": ({"metrics": {"val_loss": dnn.accuracy}}, r"no metric may be called 'val_loss'"),
    "ignore_class": ({"ignore_class": 1.5}, r"^ignore_class must be an integer, got 1.5"),
    "loss a string": ({"loss": "mse"}, r"^loss must be a function of \(labels, logits\), got 'mse'"),
    "metric a string": ({"metrics": {"a": "acc"}}, r"^metric 'a' must be a function of .*, got 'acc'"),
    "float labels": ({"data": (X, Y.astype(float))}, r"labels must be integers, got float"),
    "float labels in validation": ({"validation": (X, Y.astype(float))}, r"labels must be integers, got float"),
    "mean loss": (
        {"loss": lambda y, z: tf.reduce_mean(LOSS(y, z))},
        r"^the loss must be one number for each row, \(4,\), got shape \(\)",
    ),
    "column of labels": (
        {"data": (X, Y[:, np.newaxis])},
        r"^data: the loss rejects y: labels must be \[batch\], got \(4, 1\)",
    ),
}


@pytest.fixture(scope="module")
def unchanged():
    """A model and its optimizer, for fits that do not come to train them."""
    return made()


@pytest.mark.parametrize(("arguments", "message"), ERRORS.values(), ids=ERRORS)
def test_what_is_wrong_is_told_before_anything_changes(arguments, message, unchanged):
    model, optimizer = unchanged
    before, seen = weights_of(optimizer), []
    good = {"data": (X, Y), "validation": (X, Y), "loss": LOSS, "optimizer": optimizer, "callbacks": [seen.append]}
    with pytest.raises((ValueError, TypeError), match=f"(?m){message}"):
        dnn.fit(model, **good | arguments)
    assert_equal_weights(weights_of(optimizer), before)
    assert not seen


def test_the_default_metric_of_one_output_is_refused_before_anything_changes_and_the_named_one_is_taken():
    model = dnn.mlp([4, 1], seed=0)
    optimizer = dnn.Adam(model.trainable_variables)
    before, rows = weights_of(optimizer), (X, np.float32(Y == 0))
    loss = dnn.binary_cross_entropy
    with pytest.raises(ValueError, match=r'use metrics=\{"accuracy": dnn.binary_accuracy\}'):
        dnn.fit(model, rows, rows, loss=loss, optimizer=optimizer)
    with pytest.raises(ValueError, match=r'use metrics=\{"accuracy": dnn.binary_accuracy\}'):
        dnn.evaluate(model, rows, loss=loss)
    assert_equal_weights(weights_of(optimizer), before)
    history = dnn.fit(model, rows, loss=loss, optimizer=optimizer, metrics={"accuracy": dnn.binary_accuracy})
    assert 0 <= history.epochs[0]["accuracy"] <= 1
    assert set(dnn.evaluate(model, rows, loss=dnn.mean_squared_error, metrics={})) == {"loss"}


def test_a_callback_may_add_to_the_record_and_ends_the_fit_by_returning_true():
    model, optimizer = made()

    def half(record, history):
        record["half"] = record["loss"] / 2
        return record["epoch"] == 3

    history = dnn.fit(model, (X, Y), loss=LOSS, optimizer=optimizer, epochs=9, callbacks=[half, lambda *_: "go on"])
    assert history["half"] == [loss / 2 for loss in history["loss"]]
    assert len(history.epochs) == 3


def test_early_stopping_may_monitor_what_a_callback_adds():
    model, optimizer = made()

    def area(record, history):
        record["val_auc"] = 1 / record["epoch"]

    rule = dnn.EarlyStopping(monitor="val_auc", mode="max", patience=2, restore_best_weights=True)
    history = dnn.fit(model, (X, Y), loss=LOSS, optimizer=optimizer, epochs=9, callbacks=[area], early_stopping=rule)
    assert (len(history.epochs), history.best_epoch) == (3, 1)
    with pytest.raises(ValueError, match="early_stopping monitors 'val_auc', but a record has epoch, loss,"):
        dnn.fit(model, (X, Y), loss=LOSS, optimizer=optimizer, epochs=9, callbacks=[print], early_stopping=rule)


def test_only_true_ends_a_fit():
    assert all(map(asks_to_stop, [True, np.True_, tf.constant(True)]))
    others = [False, np.False_, tf.constant(False), None, 1, "True", [True], np.ones(3, bool), tf.ones(3)]
    assert not any(map(asks_to_stop, others))


def test_a_diverged_training_ends_and_keeps_the_best_weights():
    """A loss that becomes infinite in the third epoch: its eight rows are one step each."""
    model, optimizer = made()
    loss = lambda y, z: tf.where(optimizer.t < 2 * 8, LOSS(y, z), np.inf)  # noqa: E731
    seen = []
    history = dnn.fit(
        model,
        (X, Y),
        (X, Y),
        loss=loss,
        optimizer=optimizer,
        batch_size=1,
        epochs=9,
        callbacks=[lambda *_: seen.append(weights_of(model)), dnn.terminate_on_nan],
        on_nan="ignore",
        early_stopping=dnn.EarlyStopping(patience=5, restore_best_weights=True),
    )
    assert len(history.epochs) == 3
    assert history.best_epoch == 1
    assert_equal_weights(weights_of(model), seen[0])


def test_an_optimizer_of_another_model_is_refused():
    with pytest.raises(ValueError, match=r"^optimizer trains none of the model's variables"):
        dnn.fit(made()[0], (X, Y), loss=LOSS, optimizer=made()[1])


def test_checking_does_not_run_the_model():
    """A model that counts its calls: one in each batch, two batches an epoch."""

    class Counting(dnn.Sequential):
        def __init__(self):
            super().__init__([dnn.Dense(4, 3, seed=0)])
            self.calls = tf.Variable(0, trainable=False)

        def __call__(self, x):
            self.calls.assign_add(1)
            return super().__call__(x)

    model = Counting()
    dnn.fit(model, (X, Y), loss=LOSS, optimizer=dnn.Adam(model.trainable_variables), batch_size=4, epochs=3)
    assert model.calls.numpy() == 6
