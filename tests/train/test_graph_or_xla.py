"""Graph mode or XLA: "auto" goes over once XLA pays, the same way each time; what XLA lacks stays in the graph."""

import logging
import math

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.train import graph_or_xla
from dnn.train.graph_or_xla import GraphOrXla, graph_epochs

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(np.int32)
BANK = {"steps": 90, "batch_size": 100, "weights": 2_552}  # an epoch of 51-30-30-2


def test_true_is_xla_from_the_first_epoch_and_false_never():
    assert graph_epochs(True, **BANK) == 0
    assert graph_epochs(np.True_, **BANK) == 0
    assert graph_epochs(False, **BANK) == math.inf


def test_auto_leaves_short_fits_and_large_batches_to_graph_mode():
    assert 100 < graph_epochs("auto", **BANK) < 200
    assert graph_epochs("auto", **BANK | {"weights": 10**7}) < 5
    assert graph_epochs("auto", **BANK | {"steps": 10**6}) == 1
    assert graph_epochs("auto", **BANK | {"batch_size": 1024}) == math.inf


@pytest.mark.parametrize(("first", "expected"), [(0, "xxxx"), (1, "gxxx"), (3, "gggx"), (math.inf, "gggg")])
def test_xla_takes_over_after_so_many_epochs(first, expected):
    made = []

    def make(jit_compile):
        made.append(jit_compile)
        return lambda: "x" if jit_compile else "g"

    epoch = GraphOrXla(make, first)
    assert "".join(epoch() for _ in range(4)) == expected
    assert made == {0: [True], math.inf: [False]}.get(first, [False, True])


def fitted(epochs=4, loss=dnn.sparse_softmax_cross_entropy, **options):
    model = dnn.mlp([4, 6, 2])
    history = dnn.fit(
        model, (X, Y), (X, Y), loss=loss, optimizer=dnn.Adam(model.trainable_variables), batch_size=8, epochs=epochs,
        **options,
    )  # fmt: skip
    return history, model


def test_a_fit_that_goes_over_to_xla_trains_on(monkeypatch):
    graph, _ = fitted()
    monkeypatch.setattr(graph_or_xla, "PAYS", 2 * 3 * (graph_or_xla.STEP + 8 * 44))  # two epochs' worth
    auto, model = fitted()
    assert auto["loss"] == pytest.approx(graph["loss"], rel=1e-6)
    again, model_again = fitted()
    assert again == auto
    for variable, other in zip(model.variables, model_again.variables, strict=True):
        np.testing.assert_array_equal(variable, other)


def unknown_to_xla(y, logits):
    """Through text, for which XLA has no kernels."""
    y = tf.strings.to_number(tf.strings.as_string(y), tf.int32)
    return dnn.sparse_softmax_cross_entropy(y, logits)


def test_an_operation_that_xla_does_not_know_trains_in_graph_mode_and_one_line_says_so(caplog):
    expected, _ = fitted(loss=unknown_to_xla, jit_compile=False)
    with caplog.at_level(logging.WARNING, "dnn"):
        history, _ = fitted(loss=unknown_to_xla, jit_compile=True)
    assert history == expected
    line = "jit_compile: in graph mode, since XLA has no kernel for AsString"
    assert [record.getMessage() for record in caplog.records] == [line] * 2  # training, and validation


def test_an_error_that_is_not_xla_s_is_raised():
    def make(jit_compile):
        def fail():
            raise tf.errors.InvalidArgumentError(None, None, "label 7 is out of range")

        return fail

    with pytest.raises(tf.errors.InvalidArgumentError, match="label 7"):
        GraphOrXla(make, 0)()
