"""Epochs in C++ in the place of dnn.Adam: with its variables, the bits of MlpAdam; "auto" goes over once that pays."""

import logging
import math
import re

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

import dnn
from dnn.train import native, runtime
from dnn.train.native import epochs_before_native

pytestmark = needs_compiler
RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(50, 4)).astype(np.float32)
DATA = X, (X[:, 0] + RANDOM.normal(size=50) > 0).astype(np.int32)
LOSS = dnn.sparse_softmax_cross_entropy


def network():
    layers = [dnn.Dense(4, 6, seed=1, activation=dnn.relu), dnn.Dropout(0.2, seed=2), dnn.Dense(6, 2, seed=3)]
    return dnn.Sequential(layers)


def fitted(jit_compile, make=lambda model: dnn.Adam(model.trainable_variables), model=None, **options):
    """Return (weights, moments and steps, losses) after a fit."""
    model = model or network()
    optimizer = make(model)
    options = {"epochs": 6, "batch_size": 8, **options}
    history = dnn.fit(model, DATA, DATA, loss=LOSS, optimizer=optimizer, jit_compile=jit_compile, **options)
    state = [*optimizer.m, *optimizer.v, optimizer.t]
    return [each.numpy() for each in (*model.variables, *state)], history.epochs


def test_native_is_mlp_adam_to_the_bit_with_the_variables_of_adam():
    native_values, native_epochs = fitted("native")
    values, epochs = fitted(False, dnn.MlpAdam)
    assert native_epochs == epochs
    for ours, theirs in zip(native_values, values, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    in_graph_mode, _ = fitted(False)
    for ours, theirs in zip(native_values, in_graph_mode, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


def test_one_thread_runs_an_epoch_s_few_operations_beside_the_kernel(monkeypatch):
    traced, trace = [], native.trace_training

    def noted(program):
        traced.append(trace(program))
        return traced[-1]

    monkeypatch.setattr(native, "trace_training", noted)
    fitted("native")
    (epoch,) = traced
    assert epoch.executor == runtime.ONE_THREAD
    assert epoch.operations().count("IsFinite") == 1  # of all weights together


@pytest.mark.parametrize("members", [None, 3])
def test_gelu_and_dropout_in_float64_are_those_of_graph_mode(members):
    """Beside relu; where a layer is dropped from, its slopes are too."""

    def layers(seed):
        kinds = {"dtype": np.float64}
        yield dnn.Dense(4, 17, seed=seed, activation=dnn.gelu, **kinds)
        yield dnn.Dropout(0.3, seed=seed)
        yield dnn.Dense(17, 5, seed=seed + 1, activation=dnn.relu, **kinds)
        yield dnn.Dense(5, 6, seed=seed + 2, activation=dnn.gelu, **kinds)
        yield dnn.Dense(6, 2, seed=seed + 3, **kinds)

    def made():
        if members:
            return dnn.ensemble_mlp([4, 17, 2], k=members, seed=1, dropout=0.3, activation=dnn.gelu, dtype=np.float64)
        return dnn.Sequential(list(layers(1)))

    ours, theirs = (fitted(jit, model=made(), seed=4)[0] for jit in ("native", False))
    for value, other in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(value, other, rtol=1e-9, atol=1e-9)


def test_a_second_fit_of_the_same_objects_traces_nothing(monkeypatch):
    model = dnn.mlp([4, 6, 2], seed=1)
    optimizer = dnn.Adam(model.trainable_variables)
    fitted("native", lambda _: optimizer, model)
    traces, trace = [], runtime.trace
    monkeypatch.setattr("dnn.train.epoch.trace", lambda *given: traces.append(given) or trace(*given))
    fitted("native", lambda _: optimizer, model)
    assert traces == []


@pytest.mark.parametrize("on_nan", ["stop", "ignore"])
def test_auto_goes_over_once_it_pays_and_says_so(monkeypatch, caplog, on_nan):
    monkeypatch.setattr(native, "PAYS", 3 * 7 * 1.01e7)
    caplog.set_level(logging.INFO, "dnn")
    values, epochs = fitted("auto", on_nan=on_nan)
    assert caplog.messages == ["jit_compile: in C++, after 3 epochs; jit_compile=True or False forbids it"]
    in_graph_mode, graph_epochs = fitted(False, on_nan=on_nan)
    assert [each == other for each, other in zip(epochs, graph_epochs, strict=True)][:3] == [True] * 3
    for ours, theirs in zip(values, in_graph_mode, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(
    ("model", "make", "reason"),
    [
        (dnn.mlp([4, 3, 2], seed=0, activation=tf.nn.tanh), dnn.Adam, "must have one of the activations dnn.relu"),
        (dnn.mlp([4, 3, 2], seed=0), lambda p: dnn.Adam(p, beta_1=0.3), r"beta_1 and beta_2 must be in \[0.5, 1\)"),
        (dnn.mlp([4, 3, 2], seed=0), lambda p: dnn.ClipGradients(dnn.Adam(p), clipvalue=1.0), "got ClipGradients"),
    ],
)
def test_what_the_kernel_does_not_compute_is_refused_and_auto_stays_where_it_is(
    model, make, reason, monkeypatch, caplog
):
    optimizer = make(model.trainable_variables)
    with pytest.raises(ValueError, match=reason):
        dnn.fit(model, DATA, loss=LOSS, optimizer=optimizer, jit_compile="native")
    monkeypatch.setattr(native, "PAYS", 1.0)
    caplog.set_level(logging.INFO, "dnn")
    history = dnn.fit(model, DATA, loss=LOSS, optimizer=optimizer)
    assert math.isfinite(history.last["loss"])
    assert [bool(re.search(reason, message)) for message in caplog.messages] == [True]


def with_penalty():
    model = network()
    model.penalty = lambda: tf.constant(3.0)
    return model


def test_what_is_set_on_an_object_keeps_the_kernel_away():
    with pytest.raises(ValueError, match=r"^jit_compile='native': a penalty was set on the model"):
        fitted("native", model=with_penalty())
    model = network()
    optimizer = dnn.Adam(model.trainable_variables)
    optimizer.apply = lambda gradients: None
    with pytest.raises(ValueError, match="must be dnn.Adam, dnn.AdamW, dnn.SGD or dnn.RMSprop as it is"):
        fitted("native", lambda _: optimizer, model)
    with pytest.raises(ValueError, match="on_nan='skip' looks at each step"):
        fitted("native", on_nan="skip")


@pytest.mark.parametrize("jit_compile", ["native", False])
def test_another_epsilon_and_a_rate_of_0_are_those_of_the_next_fit(jit_compile):
    model = network()
    optimizer = dnn.Adam(model.trainable_variables)
    fitted(jit_compile, lambda _: optimizer, model)
    before = model.layers[0].kernel.numpy()
    optimizer.epsilon = 1e6
    fitted(jit_compile, lambda _: optimizer, model, batch_size=7)
    np.testing.assert_allclose(model.layers[0].kernel, before, atol=1e-6)
    optimizer.learning_rate = 0.0
    before = model.layers[0].kernel.numpy()
    fitted(jit_compile, lambda _: optimizer, model, batch_size=9)
    np.testing.assert_array_equal(model.layers[0].kernel, before)


@pytest.mark.parametrize("every", ["3 steps", "2 epochs"])
def test_auto_computes_the_same_with_checkpoints_within_an_epoch_and_without(every, monkeypatch, tmp_path):
    monkeypatch.setattr(native, "PAYS", 3 * 7 * 1.01e7)
    values, epochs = fitted("auto")
    kept, kept_epochs = fitted("auto", checkpoint=dnn.Checkpoints(tmp_path, every=every))
    assert kept_epochs == epochs
    for ours, theirs in zip(kept, values, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_without_a_compiler_auto_stays_where_it_is_and_native_says_so(monkeypatch, caplog):
    def no_compiler(*_):
        raise RuntimeError("no C++ compiler was found\nset CXX")

    monkeypatch.setattr("dnn.kernels.mlp_epoch.compiled_ops", no_compiler)
    with pytest.raises(RuntimeError, match=r"no C\+\+ compiler was found"):
        fitted("native")
    monkeypatch.setattr(native, "PAYS", 1.0)
    caplog.set_level(logging.INFO, "dnn")
    expected = fitted(False)
    found = fitted("auto")
    assert caplog.messages == ["jit_compile: not in C++, since no C++ compiler was found"]
    assert found[1] == expected[1]


class KilledError(Exception):
    """Ends a fit between two epochs."""


def test_a_native_fit_that_is_killed_goes_on_to_the_same_bits(tmp_path):
    expected = fitted("native")

    def kill(record, _):
        if record["epoch"] == 4:
            raise KilledError

    with pytest.raises(KilledError):
        fitted("native", checkpoint=tmp_path, callbacks=[kill])
    values, epochs = fitted("native", checkpoint=tmp_path)
    assert epochs == expected[1]
    for ours, theirs in zip(values, expected[0], strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_step_that_is_not_finite_is_found_by_a_replay():
    model = dnn.mlp([4, 6, 2], seed=1)
    optimizer = dnn.Adam(model.trainable_variables, 1e38)
    with pytest.raises(dnn.NotFiniteError, match="epoch 1, step"):
        fitted("native", lambda _: optimizer, model)
    assert all(np.isfinite(each).all() for each in model.variables)


def test_it_pays_after_many_steps_of_a_small_network_and_never_for_a_large_one():
    assert 30_000 < 90 * epochs_before_native(90, 100 * 2_552, 2_552) <= 40_000
    assert epochs_before_native(10**6, 100 * 2_552, 2_552) == 0
    assert epochs_before_native(90, 10**9, 10**6) == math.inf
    assert epochs_before_native(1, 65_536 * 2_552, 2_552) == math.inf
    assert epochs_before_native(90, 16 * 100 * 2_552, 2_552, 16) < epochs_before_native(90, 100 * 2_552, 2_552) / 12
