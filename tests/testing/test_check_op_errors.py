"""check_op of an op or a reference that raises: the table says which of the two, and the traceback is kept."""

import signal
import subprocess
import sys
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


def test_the_cause_of_a_long_error_is_told():
    def eager_alone(x):
        if not tf.executing_eagerly():
            raise ValueError("before " + "it is long " * 100 + "the cause")
        return tf.square(x)

    detail = broken(eager_alone, tf.square)["agrees in graph mode"]
    assert detail.startswith("the op raised ValueError: before it is long")
    assert "the cause; of float32[" in detail


def with_a_gradient_of_another_shape(x):
    return tf.custom_gradient(lambda x: (tf.square(x), lambda dy: tf.reduce_sum(2 * x * dy)))(x)


@pytest.mark.parametrize("reference", [tf.square, np.square])
def test_a_gradient_of_another_shape_is_told_as_one(reference):
    detail = broken(with_a_gradient_of_another_shape, reference)["has the gradient of finite differences"]
    assert "the gradient by float argument or variable 0 has shape () instead of (" in detail


def test_two_results_of_the_same_call_are_told_as_such():
    failed = []

    def once_wrong(x):
        if 0 < tf.size(x) < 300 and not failed:
            failed.append(x.shape)
            return x + 1
        return x

    found = broken(once_wrong, tf.identity, gradient=None)
    assert found["has the values of the reference"].startswith("the same call gave two results: once result 0: ")


@pytest.mark.parametrize("name", ["examples", "calls"])
def test_none_at_all_is_refused(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        check_op(tf.square, **{name: 0})


CRASHES = """
import os, signal
import tensorflow as tf
from dnn.testing import check_op

def op(x):
    if x.shape[0] == ROWS:
        os.kill(os.getpid(), signal.SIGSEGV)
    return x

check_op(op, tf.identity)
"""


@pytest.mark.parametrize(("rows", "law"), [(63, "has_the_values_of_the_reference"), (64, "can_be_called")])
def test_the_stack_of_a_crash_names_the_law(rows, law):
    """64 are in the first call."""
    program = CRASHES.replace("ROWS", str(rows))
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert ran.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ran.stderr
    assert law in ran.stderr


def test_two_lambdas_on_one_line_are_traced_without_a_word(caplog, capfd):
    check_op(lambda x: tf.abs(x), lambda x: np.abs(x), gradient=None, **QUICK)
    said = "".join([caplog.text, *capfd.readouterr()])
    assert "could not parse" not in said


def test_traced_anew_in_each_proof_tensorflow_does_not_warn_of_it(caplog, monkeypatch):
    monkeypatch.setattr(tf.get_logger(), "propagate", True)
    square = tf.function(tf.square)
    for _ in range(6):
        check_op(square, gradient=None, examples=1, calls=1)
    assert "retracing" not in caplog.text
    assert not tf.get_logger().filters
