"""check_op of an op or a reference that raises: the table says which of the two, and the traceback is kept."""

import traceback

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken, rows

from dnn.testing import check_op


def mistaken_formula(x):
    raise KeyError("weights")


def refuses_an_empty_batch(x):
    if not x.shape[0]:
        raise ValueError("it is empty")
    return x


@tf.custom_gradient
def with_a_mistaken_gradient(x):
    return tf.square(x), lambda g: mistaken_formula(g)


def error_of(op, reference) -> AssertionError:
    with pytest.raises(AssertionError) as error:
        check_op(op, reference, **QUICK)
    return error.value


@pytest.mark.parametrize(
    ("op", "reference", "whom"),
    [
        (mistaken_formula, np.square, "the op"),
        (tf.square, mistaken_formula, "the reference"),
        (tf.square, with_a_mistaken_gradient, "the gradient of the reference"),
    ],
)
def test_what_raised_is_named_and_its_traceback_kept(op, reference, whom):
    error = error_of(op, reference)
    assert any(detail.startswith(f"{whom} raised KeyError: 'weights'") for detail in rows(error).values())
    assert isinstance(error.__cause__, KeyError)
    assert "mistaken_formula" in [frame.name for frame in traceback.extract_tb(error.__cause__.__traceback__)]


def test_an_error_in_a_trace_is_as_short_as_elsewhere():
    def eager_alone(x):
        if not tf.executing_eagerly():
            raise ValueError("no graph")
        return tf.square(x)

    found = broken(eager_alone, tf.square)
    assert found["infers its shape"].startswith("the op raised ValueError: no graph; of float32[")
    assert "has the values of the reference" not in found


def test_the_example_that_is_refused_is_shown():
    found = broken(refuses_an_empty_batch, tf.identity)
    assert "the op raised ValueError: it is empty; of float32[0, 1]" in found["has the values of the reference"]


def test_an_assertion_of_the_op_is_no_difference_of_numbers():
    def asserting(x):
        assert x.shape[0] != 3, "three rows"
        return x

    error = error_of(asserting, tf.identity)
    assert rows(error)["has the values of the reference"].startswith("the op raised AssertionError: three rows")
    assert str(error.__cause__).startswith("three rows")


def test_where_numbers_differ_nothing_was_raised():
    assert error_of(tf.square, tf.abs).__cause__ is None


def test_a_branch_on_a_number_is_traced_as_before():
    def doubled_if_positive(x):
        if tf.reduce_sum(x) > 0:
            x = 2 * x
        return x

    report = check_op(doubled_if_positive, gradient=None, **QUICK)
    assert report["agrees in graph mode"].verdict == "holds"
