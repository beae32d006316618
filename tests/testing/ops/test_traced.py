"""Laws of an op in a graph and under XLA: what differs there from eager mode is found; what XLA lacks is reported."""

import faulty
import pytest
import tensorflow as tf
from op_laws import GRAPH, XLA, broken, broken_laws, by_numpy, found, holds, not_applicable, relu

from dnn.testing import Floats

BOTH = [GRAPH, XLA]


def test_what_is_doubled_in_a_graph_is_found():
    assert "result or gradient 0: " in broken(faulty.doubled_in_a_graph, law=GRAPH)
    assert broken_laws(faulty.doubled_in_a_graph, laws=BOTH) == set(BOTH)


def test_what_differs_in_a_graph_only_for_many_rows_is_found():
    def op(x):
        return x if tf.executing_eagerly() else x + tf.cast(tf.shape(x)[0] > 33, x.dtype)

    broken(op, law=GRAPH)


def test_a_gradient_that_differs_in_a_graph_is_found():
    @tf.custom_gradient
    def op(x):
        return x, lambda dy: dy if tf.executing_eagerly() else 2 * dy

    assert "result or gradient 1: " in broken(op, law=GRAPH)
    assert broken_laws(op, laws=BOTH, gradient=None) == set()


def test_what_xla_draws_otherwise_is_found():
    op = lambda x: x + tf.random.stateless_uniform([], [1, 2])  # noqa: E731
    assert broken_laws(op, laws=BOTH) == {XLA}


@pytest.mark.parametrize(
    ("op", "reason"),
    [
        (by_numpy(relu, lambda x: x.shape), "it has no kernel for XLA: PyFunc"),
        (lambda x: tf.boolean_mask(x, x > 0), "a size depends on the numbers in the arguments"),
    ],
    ids=["no kernel", "size"],
)
def test_what_xla_cannot_compile_is_no_fault(op, reason):
    assert not_applicable(op, law=XLA) == reason


@pytest.mark.parametrize(
    ("message", "verdict"),
    [("Failed to materialize symbols: { wrapped_multiply }", "not applicable"), ("another fault", "BROKEN")],
)
def test_an_old_processor_for_whose_float16_xla_has_no_code_is_no_fault(message, verdict, monkeypatch):
    def fails(*arguments):
        raise tf.errors.InternalError(None, None, message)

    monkeypatch.setattr("dnn.testing.ops.traced._check_mode", fails)
    (finding,) = found(tf.square, laws=[XLA])
    assert finding.verdict == verdict


def test_a_branch_on_a_number_is_traced_with_autograph():
    def doubled_if_positive(x):
        if tf.reduce_sum(x) > 0:
            x = 2 * x
        return x

    holds(doubled_if_positive, law=GRAPH, gradient=None)


def test_an_error_in_a_trace_is_short_and_tells_its_cause():
    def eager_alone(x):
        if not tf.executing_eagerly():
            raise ValueError("before " + "it is long " * 100 + "the cause")
        return tf.square(x)

    detail = broken(eager_alone, law=GRAPH)
    assert detail.startswith("the op raised ValueError: before it is long")
    assert "the cause; for float32[" in detail
    assert len(detail) < 600


def test_an_op_without_a_batch_is_traced_for_its_shape():
    (finding,) = found(tf.square, None, Floats([3]), laws=[GRAPH])
    assert finding.detail == "8 examples and a large one, with gradients"
