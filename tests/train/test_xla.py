"""Graph mode or XLA: "auto" goes over once XLA pays, the same way each time; what XLA lacks stays in the graph."""

import logging
import math

import numpy as np
import pytest
import tensorflow as tf

import dnn
import dnn.train.trainers
from dnn.train import runtime, xla
from dnn.train.xla import GraphOrXla, epochs_before_xla

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
BANK = {"steps": 90, "batch_size": 100, "multiply_adds": 100 * 2_552}  # an epoch of 51-30-30-2


def test_auto_leaves_short_fits_and_large_batches_to_graph_mode():
    assert 100 < epochs_before_xla(**BANK) < 200
    assert epochs_before_xla(**BANK | {"multiply_adds": 10**9}) < 5
    assert epochs_before_xla(**BANK | {"steps": 10**6}) == 0
    assert epochs_before_xla(**BANK | {"batch_size": 5_000}) == math.inf
    assert epochs_before_xla(**BANK, members=16) < epochs_before_xla(**BANK) / 8


class Made:
    """A compiled function that only says how it was made."""

    def __init__(self, name, kinds=("MatMul",)):
        self.name, self.kinds = name, kinds

    def __call__(self):
        return self.name

    def operations(self):
        return self.kinds


def switch(trace, under_xla=False, graph_epochs=math.inf):
    return GraphOrXla(trace(under_xla), trace, under_xla=under_xla, graph_epochs=graph_epochs)


@pytest.mark.parametrize(
    ("under_xla", "graph_epochs", "expected", "made"),
    [
        (False, 0, "xxxx", [False, True]),
        (False, 1, "gxxx", [False, True]),
        (False, 3, "gggx", [False, True]),
        (False, math.inf, "gggg", [False]),
        (True, math.inf, "xxxx", [True]),
    ],
)
def test_xla_takes_over_after_the_epochs_in_graph_mode(under_xla, graph_epochs, expected, made):
    seen = []
    epoch = switch(lambda jit: seen.append(jit) or Made("x" if jit else "g"), under_xla, graph_epochs)
    assert "".join(epoch(number) for number in range(1, 4 + 1)) == expected
    assert seen == made


@pytest.mark.parametrize("kind", ["Assert", "CheckNumericsV2", "RandomUniform"])
def test_auto_leaves_what_xla_computes_otherwise_to_graph_mode(kind):
    epoch = switch(lambda jit: Made("x" if jit else "g", ["MatMul", kind]), graph_epochs=1)
    assert "".join(epoch(number) for number in range(1, 3 + 1)) == "ggg"


def test_auto_leaves_what_xla_has_no_kernel_for_to_graph_mode(monkeypatch, caplog):
    monkeypatch.setattr(runtime, "_has_xla_kernel", lambda kind: kind != "MyOwn")
    epoch = switch(lambda jit: Made("x" if jit else "g", ["MatMul", "MyOwn"]), graph_epochs=1)
    assert "".join(epoch(number) for number in range(1, 3 + 1)) == "ggg"
    assert not caplog.records


@pytest.mark.parametrize("kind", ["Assert", "RandomUniform"])
def test_xla_that_is_asked_for_says_what_it_computes_otherwise(kind, caplog):
    assert switch(lambda jit: Made("x" if jit else "g", ["MatMul", kind]), True)(1) == "x"
    (record,) = caplog.records
    assert record.getMessage() == f"jit_compile: XLA leaves out, or draws otherwise, {kind}"


def fitted(loss=dnn.sparse_softmax_cross_entropy, **options):
    """The history of a fit in float64, in which XLA and other executors may round as they like."""
    model = dnn.mlp([4, 6, 2], dtype=tf.float64, seed=0)
    options |= {"optimizer": dnn.Adam(model.trainable_variables), "batch_size": 8, "epochs": 4}
    return dnn.fit(model, (X, Y), (X, Y), loss=loss, **options)


def note_traces(patch):
    """A list that gets, for each training epoch that `fit` traces, whether XLA compiles it."""
    seen, trace = [], dnn.train.trainers.trace_training
    patch.setattr(dnn.train.trainers, "trace_training", lambda *key: seen.append(key[-1]) or trace(*key))
    return seen


@pytest.fixture
def made(monkeypatch):
    return note_traces(monkeypatch)


@pytest.fixture(scope="module")
def in_graph_mode():
    """The history of `fitted` in graph mode."""
    with pytest.MonkeyPatch.context() as patch:
        made = note_traces(patch)
        history = fitted(jit_compile=False)
    assert made == [False]
    return history


def test_a_fit_that_goes_over_to_xla_traces_once_for_each_and_trains_on(made, monkeypatch, in_graph_mode):
    monkeypatch.setattr(xla, "PAYS", 2 * 3 * (xla.SMALL_STEP_SAVED + 8 * 44))  # two epochs' worth
    history = fitted()
    assert made == [False, True]
    assert history["loss"] == pytest.approx(in_graph_mode["loss"], rel=1e-9)


def unknown_to_xla(y, logits):
    """Through text, for which XLA has no kernels."""
    y = tf.strings.to_number(tf.strings.as_string(y), tf.int32)
    return dnn.sparse_softmax_cross_entropy(y, logits)


def test_an_operation_that_xla_does_not_know_trains_in_graph_mode_and_one_line_says_so(caplog, in_graph_mode):
    with caplog.at_level(logging.WARNING, "dnn"):
        history = fitted(loss=unknown_to_xla, jit_compile=np.True_)
    assert history["loss"] == pytest.approx(in_graph_mode["loss"], rel=1e-9)
    line = "jit_compile: in graph mode, since XLA has no kernel for AsString"
    assert [record.getMessage() for record in caplog.records] == [line]


def hardest(y, logits):
    """The loss of a number of rows that the labels say: a shape that XLA does not know."""
    losses = dnn.sparse_softmax_cross_entropy(y, logits)
    count = tf.math.count_nonzero(y >= 0, dtype=tf.int32)
    return losses + 0 * tf.reduce_sum(tf.math.top_k(losses, count).values)


def test_whatever_xla_fails_by_the_fit_goes_on_in_graph_mode(caplog, in_graph_mode, made):
    with caplog.at_level(logging.WARNING, "dnn"):
        history = fitted(loss=hardest, jit_compile=True)
    assert history["loss"] == pytest.approx(in_graph_mode["loss"], rel=1e-9)
    (record,) = caplog.records
    assert record.getMessage().startswith("jit_compile: in graph mode, since XLA")
    assert made == [True, False]


def test_what_has_no_kernel_for_xla_is_not_tried_there(monkeypatch, caplog):
    """TensorFlow would fill the log."""
    monkeypatch.setattr(runtime, "_has_xla_kernel", lambda kind: kind == "MyOther")
    tried = []

    class Tried(Made):
        def __call__(self):
            tried.append(self.name)
            return self.name

    epoch = switch(lambda jit: Tried("x" if jit else "g", ["MatMul", "MyOp", "MyOther", "MyOp"]), True)
    assert epoch(1) == "g"
    assert tried == ["g"]
    (record,) = caplog.records
    assert record.getMessage() == "jit_compile: in graph mode, since XLA has no kernel for MyOp"


class Failing(Made):
    def __init__(self, message):
        super().__init__("")
        self.message, self.calls = message, 0

    def __call__(self):
        self.calls += 1
        raise tf.errors.InvalidArgumentError(None, None, self.message)


@pytest.mark.parametrize("under_xla", [False, True])
def test_an_error_of_graph_mode_is_raised(under_xla):
    with pytest.raises(tf.errors.InvalidArgumentError, match="label 7"):
        switch(lambda _: Failing("XLA is in this text, and label 7 is out of range"), under_xla)(1)


def test_in_graph_mode_nothing_is_run_twice():
    function = Failing("XLA_CPU_JIT: No registered 'AsString' OpKernel")
    with pytest.raises(tf.errors.InvalidArgumentError, match="AsString"):
        switch(lambda _: function)(1)
    assert function.calls == 1


def test_once_xla_has_compiled_it_an_error_is_raised_and_nothing_is_run_again():
    class FailingSecond(Failing):
        def __call__(self):
            return super().__call__() if self.calls else setattr(self, "calls", 1)

    made = []
    epoch = switch(lambda jit: made.append(jit) or FailingSecond("label 7"), under_xla=True)
    epoch(1)
    with pytest.raises(tf.errors.InvalidArgumentError, match="label 7"):
        epoch(1)
    assert made == [True]
