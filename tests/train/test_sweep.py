"""Sweep: each network is what it is alone with its settings, and the table is sorted by what was measured."""

import numpy as np
import pytest

import dnn
from dnn.nn.dropout import Dropout

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 4)).astype(np.float32)
Y = (X[:, 0] * X[:, 1] > 0).astype(int)
DATA, HELD = (X[:60], Y[:60]), (X[60:], Y[60:])


def test_the_table_has_each_combination_and_what_its_network_reaches():
    found = dnn.sweep(
        [4, 6, 2], DATA, HELD, learning_rate=[0.05, 1e-4], dropout=[0.0, 0.5], weight_decay=0.01, epochs=4, patience=2
    )
    assert {(row["learning_rate"], row["dropout"]) for row in found.table} == {
        (0.05, 0.0), (0.05, 0.5), (1e-4, 0.0), (1e-4, 0.5)
    }  # fmt: skip
    losses = [row["val_loss"] for row in found.table]
    assert losses == sorted(losses)
    for row in found.table:
        network = found.ensemble.member(row["member"])
        figures = dnn.evaluate(network, HELD, loss=dnn.sparse_softmax_cross_entropy)
        np.testing.assert_allclose(figures["loss"], row["val_loss"], rtol=1e-5)
    np.testing.assert_array_equal(found.best(X), found.ensemble.member(found.table[0]["member"])(X))
    assert [len(line.split()) for line in repr(found).splitlines()] == [6] * 5


def test_a_network_of_a_sweep_is_the_one_that_is_trained_alone():
    found = dnn.sweep([4, 6, 2], DATA, HELD, learning_rate=[0.05, 0.01], dropout=0.25, seed=3, epochs=3, patience=9)
    row = next(row for row in found.table if row["learning_rate"] == 0.01)
    layers = dnn.mlp([4, 6, 2], seed=3).layers
    alone = dnn.Sequential([layers[0], Dropout(0.25, seed=0), layers[1]])
    history = dnn.fit(
        alone,
        DATA,
        HELD,
        loss=dnn.sparse_softmax_cross_entropy,
        optimizer=dnn.Adam(alone.trainable_variables, 0.01),
        batch_size=100,
        epochs=3,
        seed=row["member"],
        early_stopping=dnn.EarlyStopping(patience=9, restore_best_weights=True),
    )
    assert history.best_epoch == row["best_epoch"]
    np.testing.assert_allclose(found.ensemble.member(row["member"])(X), alone(X), rtol=1e-3, atol=1e-4)


def test_one_combination_is_no_sweep():
    with pytest.raises(ValueError, match="a sweep needs two combinations of settings at least"):
        dnn.sweep([4, 2], DATA, HELD)
