"""The epochs in C++ through `fit`: with every option the results of dnn.Adam; and how they are called."""

import logging

import numpy as np
import pytest
import tensorflow as tf
from mlp_epochs import LOSS, RATE, adam, after_fit, assert_alike, drawn, mlp_adam, state_of
from needs_compiler import needs_compiler

import dnn
from dnn.kernels.mlp_adam import MlpAdam
from dnn.train import xla
from dnn.train.epoch import trace_training, training_program
from dnn.train.rows import Rows

pytestmark = needs_compiler


@pytest.mark.parametrize(("sizes", "batch_size"), [([3, 2], 1), ([51, 30, 30, 2], 32), ([17, 33, 5, 16, 4], 200)])
def test_fit_in_float64_is_that_of_adam_in_graph_mode(sizes, batch_size):
    ours, theirs = (after_fit(make, np.float64, sizes, batch_size, jit_compile=False) for make in (mlp_adam, adam))
    assert_alike(state_of(ours[1]), state_of(theirs[1]), rtol=1e-9, atol=1e-9)
    for name in ("loss", "accuracy"):
        np.testing.assert_allclose(ours[2][name], theirs[2][name], rtol=1e-9)


def test_a_fit_with_all_its_options_is_that_of_adam():
    ends = []
    for make in (mlp_adam, adam):
        seen = []
        model, optimizer, history = after_fit(
            make,
            np.float64,
            [5, 30, 3],
            5,
            validation=True,
            seed=5,
            epochs=60,
            jit_compile=False,
            early_stopping=dnn.EarlyStopping(patience=2),
            callbacks=[lambda record, _, seen=seen: seen.append(record)],
        )
        assert seen == history.epochs
        assert history.best_epoch + 2 == len(seen) < 60
        ends.append((model.variables, optimizer.variables, *map(history.__getitem__, ("loss", "val_loss", "accuracy"))))
    for ours, theirs in zip(*ends, strict=True):
        assert_alike(ours, theirs, rtol=1e-9, atol=1e-9)


def test_a_learning_rate_that_a_callback_assigns_counts_from_the_next_epoch_on():
    """With a rate of 0, nothing moves."""
    model, kernels = dnn.mlp([4, 3], seed=2), []
    optimizer = MlpAdam(model, RATE)

    def halt(*_):
        kernels.append(model.layers[0].kernel.numpy())
        optimizer.learning_rate = 0.0

    dnn.fit(model, drawn(50, [4, 3]), loss=LOSS, optimizer=optimizer, epochs=3, callbacks=[halt])
    assert np.abs(kernels[0] - dnn.mlp([4, 3], seed=2).layers[0].kernel).max() > 0.01
    np.testing.assert_array_equal(kernels[1], kernels[0])
    np.testing.assert_array_equal(kernels[2], kernels[0])


@pytest.mark.parametrize(("old", "new"), [(MlpAdam, "Adam"), ("Adam", MlpAdam), (MlpAdam, MlpAdam)])
def test_each_goes_on_from_the_checkpoint_of_the_other(old, new, tmp_path):
    """As an uninterrupted fit does: to the bit if all epochs are in C++. Otherwise sums have another order, and a step
    divides 1e-16 by Adam's ε of 1e-7.
    """

    def made(kind, seed):
        model = dnn.mlp([4, 6, 3], seed=seed, dtype=np.float64)
        return model, MlpAdam(model, RATE) if kind is MlpAdam else dnn.Adam(model.trainable_variables, RATE)

    def trained(model, optimizer, epochs):
        return dnn.fit(
            model,
            drawn(30, [4, 3], np.float64),
            loss=LOSS,
            optimizer=optimizer,
            batch_size=8,
            epochs=epochs,
            shuffle=False,
            jit_compile=False,
        )

    (model, optimizer), (other, other_optimizer), (whole, whole_optimizer) = made(old, 0), made(new, 1), made(old, 0)
    trained(model, optimizer, 2)
    path = tf.train.Checkpoint(model=model, optimizer=optimizer).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(model=other, optimizer=other_optimizer).read(path).assert_consumed()
    trained(other, other_optimizer, 3)
    trained(whole, whole_optimizer, 5)
    tolerance = 0 if old is new else 1e-8
    assert_alike(state_of(other_optimizer), state_of(whole_optimizer), rtol=tolerance, atol=tolerance)


def test_in_every_run_the_bits_are_the_same_also_where_graph_mode_is_asked_for():
    ends = [after_fit(mlp_adam, np.float32, [51, 30, 30, 2], 20, jit_compile=jit)[1] for jit in (False, "auto")]
    for one, other in zip(*map(state_of, ends), strict=True):
        np.testing.assert_array_equal(one, other)


def test_under_xla_one_line_says_that_it_goes_on_in_graph_mode(caplog):
    with caplog.at_level(logging.INFO, "dnn"):
        *_, history = after_fit(mlp_adam, np.float32, [4, 6, 3], 10, jit_compile=True)
    line = "jit_compile: in graph mode, since XLA has no kernel for DnnMlpEpochFloat"
    assert [record.getMessage() for record in caplog.records] == [line]
    *_, expected = after_fit(mlp_adam, np.float32, [4, 6, 3], 10, jit_compile=False)
    assert history == expected


def test_however_long_a_fit_is_it_stays_in_graph_mode_and_says_nothing(monkeypatch, caplog):
    monkeypatch.setattr(xla, "PAYS", 1)
    with caplog.at_level(logging.INFO, "dnn"):
        after_fit(mlp_adam, np.float32, [4, 6, 3], 10)
    assert not caplog.records


def test_an_epoch_is_one_operation_and_traced_once(monkeypatch):
    traces, seen, train_epoch = [], [], MlpAdam.train_epoch
    monkeypatch.setattr(MlpAdam, "train_epoch", lambda *both: traces.append(1) or train_epoch(*both))
    note = [lambda *_: seen.append(len(traces))]
    model, optimizer, _ = after_fit(mlp_adam, np.float32, [4, 6, 3], 10, epochs=10, callbacks=note, on_nan="ignore")
    assert seen == [1] * 10
    specs = Rows(tf.TensorSpec([50, 4]), tf.TensorSpec([50], tf.int32))
    program = training_program(model, LOSS, optimizer, (dnn.accuracy,), 10, specs)
    operations = trace_training(program, False).operations()
    assert len(traces) == 1  # it is the one that fit called
    assert operations.count("DnnMlpEpochFloat") == 1
    assert not {"While", "MatMul", "Assert"} & set(operations)
