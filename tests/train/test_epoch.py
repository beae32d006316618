"""The step and the epoch: each row once, short batches by their rows, compiled as one by one, and nothing left over."""

import gc
import weakref

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train import guarded_epoch
from dnn.train.epoch import trace_prediction, trace_training, train_epoch, train_step, training_program
from dnn.train.evaluate import passes_of
from dnn.train.evaluation import evaluate_epoch, evaluation_program, trace_evaluation
from dnn.train.rows import Rows
from dnn.train.runtime import KEPT

LOSS, METRICS = dnn.sparse_softmax_cross_entropy, (dnn.accuracy,)


class Scale(tf.Module):
    """x · w, [rows, 1]: a model of the user's own, with one number to learn."""

    def __init__(self, w=0.0):
        super().__init__()
        self.w = tf.Variable(w)

    def __call__(self, x):
        return x * self.w


class Descent(tf.Module):
    """p ← p − rate · gradient: an optimizer of the user's own."""

    def __init__(self, parameters, rate):
        super().__init__()
        self.parameters, self.rate = parameters, rate

    def apply(self, gradients):
        for p, g in zip(self.parameters, gradients, strict=True):
            p.assign_sub(self.rate * g)


def square(y, values):
    return (y - values[:, 0]) ** 2


KEY = np.int32([0, 1])  # (seed, epoch)


def some_rows(rows, seed=0):
    random = np.random.default_rng(seed)
    return random.normal(size=(rows, 4)).astype(np.float32), random.integers(0, 3, rows).astype(np.int32)


def traced_training(model, loss, optimizer, metrics, batch_size, rows, jit_compile):
    return trace_training(training_program(model, loss, optimizer, metrics, batch_size, rows.specs), jit_compile)


def traced_evaluation(model, loss, metrics, batch_size, rows):
    return trace_evaluation(evaluation_program(model, loss, metrics, batch_size, rows.specs))


class Witness(Scale):
    """Remembers the batches and keys it was called with."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def __call__(self, x, training=None):
        self.seen.append((x[:, 0].numpy().tolist(), None if training is None else training.numpy().tolist()))
        return super().__call__(x)


@pytest.mark.parametrize("rows", [1, 2, 6, 7])
@pytest.mark.parametrize("batch_size", [1, 2, 3, 6, 7])
def test_every_row_is_in_exactly_one_batch_and_only_the_last_is_short(rows, batch_size):
    batch_size, order = min(batch_size, rows), np.random.default_rng(rows).permutation(rows).astype(np.int32)
    data = Rows(tf.range(rows, dtype=tf.float32)[:, tf.newaxis], tf.ones(rows))
    trained, evaluated, metrics = Witness(), Witness(), (lambda y, z: y,)
    trained_sums = train_epoch(trained, square, Descent([trained.w], 0.0), metrics, batch_size, data, order, KEY)
    evaluated_sums = evaluate_epoch(evaluated, square, metrics, batch_size, data)
    for expected, model, sums in ((order, trained, trained_sums), (range(rows), evaluated, evaluated_sums)):
        batches = [batch for batch, _ in model.seen]
        assert [row for batch in batches for row in batch] == list(expected)
        assert [len(batch) for batch in batches[:-1]] == [batch_size] * (len(batches) - 1)
        assert len(batches[-1]) == (rows - 1) % batch_size + 1
        np.testing.assert_array_equal(sums, [rows, rows])
    assert [key for _, key in trained.seen] == [[*KEY, step] for step in range(len(trained.seen))]
    assert all(key is None for _, key in evaluated.seen)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "xla"])
def test_a_short_last_batch_weighs_by_its_rows(jit_compile):
    """By hand, x = 1, y = 0, 2, 6, batches of 2, w = 0, rate 1/2. The first batch loses 0 + 4, and its mean's slope is
    −2, so w = 1. The last loses (6 − 1)² = 25; its slope is −10, so w = 6. The epoch's mean is 29/3, not (2 + 25)/2."""
    model = Scale()
    optimizer = Descent([model.w], 0.5)
    rows = Rows(tf.ones((3, 1)), tf.constant([0.0, 2.0, 6.0]))
    train = traced_training(model, square, optimizer, (), 2, rows, jit_compile)
    np.testing.assert_array_equal(train(rows, np.arange(3, dtype=np.int32), KEY), [29])
    assert model.w.numpy() == 6


@pytest.mark.parametrize(
    ("rows", "batch_size", "jit_compile"), [(10, 4, False), (8, 4, False), (5, 5, False), (10, 4, True)]
)
def test_a_compiled_epoch_is_its_steps_one_by_one(rows, batch_size, jit_compile):
    """In float64, in which the two may round as they like."""
    (x, y), order = some_rows(rows), np.random.default_rng(1).permutation(rows).astype(np.int32)
    x = x.astype(np.float64)
    models = [dnn.mlp([4, 6, 3], seed=2, dtype=tf.float64) for _ in range(2)]
    adams = [dnn.Adam(model.trainable_variables, 0.01) for model in models]
    sums = traced_training(models[0], LOSS, adams[0], METRICS, batch_size, Rows(x, y), jit_compile)(
        Rows(x, y), order, KEY
    )
    batches = np.split(order, range(batch_size, rows, batch_size))
    expected = sum(train_step(models[1], LOSS, adams[1], METRICS, Rows(x[batch], y[batch]), None) for batch in batches)
    np.testing.assert_allclose(sums, expected, rtol=1e-9)
    for compiled, stepped in zip(adams[0].variables, adams[1].variables, strict=True):
        np.testing.assert_allclose(compiled, stepped, rtol=1e-9, atol=1e-11)
    assert adams[0].t.numpy() == len(batches)


def test_a_step_measures_the_weights_before_it_moves_them():
    model = Scale(1.0)
    rows = Rows(np.ones((2, 1), np.float32), np.float32([3, 3]))
    sums = train_step(model, square, Descent([model.w], 0.25), (), rows, None)
    np.testing.assert_array_equal(sums, [8])
    assert model.w.numpy() == 2


def test_sums_are_float64():
    """2²⁴ + 1 + 1 + … in float32 stays 2²⁴."""
    losses = np.array([2**24, *[1] * 999], np.float32)
    rows = Rows(np.ones((1000, 1), np.float32), losses)
    evaluate = traced_evaluation(Scale(), lambda y, z: y + 0 * z[:, 0], (), 10, rows)
    np.testing.assert_array_equal(evaluate(rows), [2**24 + 999])


@pytest.mark.parametrize(
    "wrong",
    [lambda y, z: tf.reduce_mean(z), lambda y, z: z * 1, lambda y, z: z[:1, 0]],
    ids=["a mean", "a column", "one row"],
)
def test_a_loss_or_metric_that_is_not_one_number_a_row_is_refused(wrong):
    model, rows = Scale(), Rows(np.ones((3, 1), np.float32), np.ones(3, np.float32))
    for loss, metrics in ((wrong, ()), (square, (wrong,))):
        with pytest.raises(ValueError, match=r"a loss or metric must be \[batch\], here \(3,\), got shape \("):
            traced_evaluation(model, loss, metrics, 3, rows)


def test_a_prediction_is_one_graph_for_any_number_of_rows():
    logits = trace_prediction(dnn.mlp([4, 3], seed=0), 4)
    for rows in (1, 2, 7, 1000):
        assert logits(tf.zeros((rows, 4))).shape == (rows, 3)


def test_python_in_a_model_that_depends_on_tensors_is_compiled_too():
    """AutoGraph reaches the user's own model: an `if` on a tensor works as it does eagerly."""

    class Switch(Scale):
        def __call__(self, x):
            if tf.reduce_sum(x) > 0:
                return x * self.w
            return -x * self.w

    model = Switch(2.0)
    rows = Rows(np.float32([[1], [-3], [5]]), np.zeros(3, np.float32))
    evaluate = traced_evaluation(model, lambda y, z: z[:, 0], (), 1, rows)
    np.testing.assert_array_equal(evaluate(rows), [2 + 6 + 10])


def by_range(x):
    total = tf.zeros(1)
    for i in range(len(x)):
        total += x[i]
    return total


def by_if(x):
    if tf.reduce_sum(x) > 0:
        return tf.reduce_sum(x, axis=0)
    return x[0]


@pytest.mark.parametrize(("sum_of", "jit_compile"), [(by_range, False), (by_if, True)])
def test_a_training_epoch_may_have_them_too(sum_of, jit_compile):
    class Shared(Scale):
        def __call__(self, x):
            return x * self.w + 0 * sum_of(x)

    model = Shared(1.0)
    rows = Rows(tf.ones((3, 1)), tf.constant([0.0, 2.0, 6.0]))
    train = traced_training(model, square, Descent([model.w], 0.0), (), 2, rows, jit_compile)
    np.testing.assert_array_equal(train(rows, np.arange(3, dtype=np.int32), KEY), [1 + 1 + 25])


def test_graphs_that_came_and_went_do_not_stay_in_memory():
    """Even if Python's own collector comes late; here it does not come at all."""
    references = []
    gc.disable()
    try:
        for _ in range(3 * KEPT):
            references.append(weakref.ref(trace_prediction(dnn.mlp([2, 2], seed=0), 2).function.graph))
        assert sum(reference() is not None for reference in references) <= 2 * KEPT + 1
    finally:
        gc.enable()


def test_nothing_of_a_model_is_kept_when_the_caches_have_let_it_go():
    """tf.custom_gradient would: its gradients stay registered, with the whole graph, until the process ends."""
    x, y = some_rows(6)

    def fitted():
        model = dnn.mlp([4, 6, 3], seed=0)
        dnn.fit(model, (x, y), (x, y), loss=LOSS, optimizer=dnn.Adam(model.trainable_variables))
        dnn.predict(model, x)
        return weakref.ref(model), weakref.ref(trace_prediction(model, 4).function.graph)

    references = fitted()
    guarded_epoch._snapshot.cache_clear()
    for cached in (trace_training, trace_evaluation, trace_prediction, passes_of):
        assert cached.cache_info().maxsize == KEPT
        cached.cache_clear()
    gc.collect()
    assert [reference() for reference in references] == [None, None]
