"""Epochs of an ensemble in C++: each member is, to the bit, what it is alone, and nearly what dnn.Adam makes of it."""

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import LOSS, RATE, assert_alike, drawn, state_of
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train.rows import Rows

pytestmark = needs_compiler


def fitted(model, optimizer, features, rows=70, **options):
    data = drawn(rows, [features, 3], optimizer.parameters[0].dtype.as_numpy_dtype)
    options = {"loss": LOSS, "batch_size": 16, "epochs": 2, "jit_compile": False} | options
    return dnn.fit(model, data, optimizer=optimizer, **options)


def assert_same(ours, wanted):
    for one, other in zip(ours, wanted, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    ("hidden", "k", "rate", "batch_size", "dtype"),
    [
        ([], 2, 0.0, 1000, tf.float64),
        ([30, 30], 3, 0.0, 16, tf.float32),
        ([17, 5], 4, 0.25, 16, tf.float32),
        ([33], 2, 0.5, 1, tf.float64),
    ],
)
def test_a_member_is_to_the_bit_what_it_is_alone(hidden, k, rate, batch_size, dtype):
    sizes, losses = [9, *hidden, 3], []
    ensemble = dnn.ensemble_mlp(sizes, k, dropout=rate, seed=7, dtype=dtype)
    together = fitted(ensemble, MlpAdam(ensemble, RATE), 9, seed=2, batch_size=batch_size)
    for i in range(k):
        alone = dnn.mlp(sizes, dropout=rate, seed=7 + i, dtype=dtype)
        losses.append(fitted(alone, MlpAdam(alone, RATE), 9, seed=2 + i, batch_size=batch_size)["loss"])
        assert_same(ensemble.member(i).variables, alone.variables)
    np.testing.assert_allclose(together["loss"], np.mean(losses, axis=0), rtol=1e-12)


@pytest.mark.parametrize("sizes", [[51, 30, 30, 3], [17, 33, 5, 16, 3]])
@pytest.mark.parametrize("rate", [0.0, 0.2])
def test_an_ensemble_with_dropout_is_that_of_adam_in_graph_mode(sizes, rate):
    ends = []
    for make in (MlpAdam, lambda model, rate: dnn.Adam(model.trainable_variables, rate)):
        model = dnn.ensemble_mlp(sizes, 3, dropout=rate, seed=1, dtype=tf.float64)
        optimizer = make(model, RATE)
        history = fitted(model, optimizer, sizes[0], seed=2**31 - 2, epochs=3)  # the members' seeds begin anew at 2³¹
        ends.append([*state_of(optimizer), history["loss"], history["accuracy"]])
    assert_alike(*ends, rtol=1e-9, atol=1e-9)


def test_a_network_with_dropout_is_that_of_adam_in_graph_mode():
    """With a rate and a seed of their own after two of the layers."""
    ends = []
    for make in (MlpAdam, lambda model, rate: dnn.Adam(model.trainable_variables, rate)):
        hidden = [dnn.Dense(4, 20, activation=dnn.relu, seed=i, dtype=tf.float64) for i in range(1)]
        hidden += [dnn.Dense(20, 20, activation=dnn.relu, seed=i, dtype=tf.float64) for i in range(2)]
        last = dnn.Dense(20, 3, seed=9, dtype=tf.float64)
        layers = [hidden[0], dnn.Dropout(0.3, seed=5), hidden[1], hidden[2], dnn.Dropout(0.6, seed=6), last]
        model = dnn.Sequential(layers)
        optimizer = make(model, RATE)
        history = fitted(model, optimizer, 4, seed=3, epochs=3)
        ends.append([*state_of(optimizer), history["loss"], history["accuracy"]])
    assert_alike(*ends, rtol=1e-9, atol=1e-9)


def test_members_may_have_learning_rates_and_dropout_of_their_own():
    def networks():
        return [dnn.mlp([5, 20, 3], dropout=0.2 * (i + 1), seed=i, dtype=tf.float64) for i in range(3)]

    ensemble, rates = dnn.Ensemble(networks()), [0.1, 0.01, 0.001]
    fitted(ensemble, MlpAdam(ensemble, rates), 5, seed=4)
    for i, alone in enumerate(networks()):
        fitted(alone, MlpAdam(alone, rates[i]), 5, seed=4 + i)
        assert_same(ensemble.member(i).variables, alone.variables)


def test_more_members_than_threads_and_a_learning_rate_that_is_assigned():
    ensemble, copy = (dnn.ensemble_mlp([4, 8, 3], 40, seed=1) for _ in range(2))
    optimizer = MlpAdam(ensemble, RATE)
    optimizer.learning_rate = 0.0
    fitted(ensemble, optimizer, 4)
    assert_same(ensemble.variables, copy.variables)
    assert optimizer.t.numpy() == 10
    assert all(v.numpy().any(axis=(1, 2)).all() for v in optimizer.v)


def test_a_bad_index_of_one_member_ends_the_epoch_of_all_and_changes_nothing():
    x, y = drawn(40, [4, 3])
    orders = np.stack([np.random.default_rng(i).permutation(40) for i in range(5)]).astype(np.int32)
    orders[3, 21], orders[1, 39] = 40, -1
    ensemble = dnn.ensemble_mlp([4, 20, 3], 5, seed=1)
    optimizer = MlpAdam(ensemble, RATE)
    before = state_of(optimizer)
    message = r"order must hold indices in \[0, 40\), got -1"  # of two, that of the first member
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        optimizer.train_epoch(ensemble, LOSS, (), Rows(x, y), orders, 8)
    assert_same(state_of(optimizer), before)


def test_a_tensor_that_was_read_before_stays_as_it_was():
    ensemble = dnn.ensemble_mlp([4, 20, 3], 3, seed=1)
    optimizer = MlpAdam(ensemble, RATE)
    held, before = [v.read_value() for v in ensemble.variables], [v.numpy() for v in ensemble.variables]
    fitted(ensemble, optimizer, 4)
    assert_same(held, before)
    assert all((v.numpy() != old).all(axis=(1, 2)).any() for v, old in zip(ensemble.variables, before, strict=True))


def test_denormal_numbers_are_0_in_every_thread():
    """In Python's too, while an op runs in it: else a member's bits would depend on the thread that takes it."""
    ensemble = dnn.ensemble_mlp([4, 8, 3], 8, seed=1)
    optimizer = MlpAdam(ensemble, RATE)
    for moment in optimizer.m:
        moment.assign(np.full(moment.shape, 1e-39, np.float32))
    x, y = np.zeros((5, 4), np.float32), np.int32([0, 1, 2, 0, 1])
    orders = np.tile(np.arange(5, dtype=np.int32), (8, 1))
    optimizer.train_epoch(ensemble, LOSS, (), Rows(x, y), orders, 5)
    moments = {id(p): m.numpy() for p, m in zip(optimizer.parameters, optimizer.m, strict=True)}
    assert not moments[id(ensemble.network.layers[0].kernel)].any()  # whose gradient is 0


def test_fit_goes_on_in_graph_mode_with_early_stopping_and_a_history_of_means():
    ensemble = dnn.ensemble_mlp([4, 8, 3], 4, dropout=0.2, seed=1)
    data = drawn(60, [4, 3])
    history = dnn.fit(
        ensemble,
        data,
        drawn(30, [4, 3], seed=1),
        loss=LOSS,
        optimizer=MlpAdam(ensemble, RATE),
        epochs=30,
        early_stopping=dnn.EarlyStopping(patience=2, each_member=True),
    )
    assert 0 < history.last["accuracy"] <= 1
    assert len(history.member_epochs) == 4
