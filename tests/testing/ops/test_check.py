"""check_op: right ops of many kinds keep all laws, the table says what is broken, and an error names who raised it."""

import signal
import subprocess
import sys
import threading
import traceback

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from multiplies_bfloat16 import multiplies_bfloat16

import dnn
from dnn.testing import Floats, Integers, check_op
from dnn.testing.ops.check import OP_LAWS

QUICK = {"examples": 4, "calls": 64}


@pytest.fixture(scope="module")
def of_relu():
    """The report of the proof as the README shows it."""
    return check_op(dnn.relu, tf.nn.relu)


def test_a_good_op_is_checked_in_one_line(of_relu):
    others = {finding.law for finding in of_relu.findings if finding.verdict != "holds"}
    assert others == {
        "nan and inf match the reference",
        "output dtype matches the input",
        "variable gradients match finite differences",
    }
    assert str(of_relu).splitlines()[0] == "relu: no law is broken"
    assert "4,096 calls from 8 threads, 16 different" in str(of_relu)
    assert "(None, " in of_relu["static shape is right for any batch"].detail
    dtypes = "bfloat16 gives bfloat16, float16 gives float16, float32 gives float32, float64 gives float64"
    assert of_relu["values in other dtypes are right"].detail == dtypes


def test_the_table_has_a_line_for_each_law(of_relu):
    _, header, *lines = str(of_relu).splitlines()
    assert header.split() == ["law", "verdict", "detail"]
    column = header.index("verdict")
    assert [line[:column].strip() for line in lines] == [finding.law for finding in of_relu.findings]
    assert {line[column:].split("  ")[0] for line in lines} == {"holds", "not applicable"}
    assert of_relu.broken == []
    assert of_relu.error is None


def cross_entropy(labels, logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels]


class Counting(tf.Module):
    """Changes a variable in each call."""

    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0.0)

    def __call__(self, x):
        return x * self.calls.assign_add(1.0)


LAYER = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]), Floats(["units"]))
LABELS_AND_LOGITS = (Integers(["batch"], below="classes"), Floats(["batch", "classes"], least=2))
HALF_PRECISION = (Floats([7, 5], dtype=tf.bfloat16), Floats([5, 3], dtype=tf.bfloat16))
TABLE = (Integers(["batch"], below="rows"), Floats(["rows", "features"]))
RIGHT = {
    "loss": (dnn.sparse_softmax_cross_entropy, cross_entropy, LABELS_AND_LOGITS, {}),
    "layer": (lambda x, w, b: dnn.relu(x @ w + b), lambda x, w, b: np.maximum(x @ w + b, 0), LAYER, {}),
    "no batch": (tf.square, np.square, Floats([3]), {}),
    "one number": (tf.reduce_mean, np.mean, Floats([3]), {}),
    "float16": (tf.square, np.square, Floats(dtype=np.float16), {}),
    "bfloat16": (lambda x, w: dnn.relu(x @ w), None, HALF_PRECISION, {}),
    "float64": (dnn.softmax, None, Floats(dtype=np.float64), {}),
    "complex": (lambda x: tf.complex(tf.exp(x), x), None, Floats(low=-3, high=3), {"gradient": None}),
    "strings": (tf.strings.as_string, tf.strings.as_string, Integers(below=1000), {"gradient": None}),
    "integers of floats": (lambda x: tf.argmax(x, 1), lambda x: np.argmax(x, 1), Floats(), {}),
    "size of numbers": (lambda x: tf.boolean_mask(x, x > 0), lambda x: x[x > 0], Floats(), {}),
    "size of numbers, unique": (lambda x: tf.unique(x)[0], None, Floats(["batch"]), {"gradient": None}),
    "table": (lambda i, t: tf.gather(t, i), lambda i, t: t[i], TABLE, {}),
    "two dtypes": (lambda x, y: tf.cast(x, tf.float64) + y, np.add, (Floats(), Floats(dtype=np.float64)), {}),
    "domain": (tf.math.log, np.log, Floats(low=0.1, high=1e30), {}),
    "infinite slope": (tf.sqrt, np.sqrt, Floats(low=0), {}),
    "overflow in half precision": (tf.tan, np.tan, Floats(), {}),
    "sort": (tf.sort, None, Floats(), {}),
    "kink": (lambda x: tf.maximum(x, 0), tf.nn.relu, Floats(kinks=(0.0,)), {}),
    "not finite": (dnn.relu, lambda x: np.maximum(x, 0), Floats(finite=False), {}),
    "elementwise": (tf.math.log1p, np.log1p, Floats(low=-0.5), {"elementwise": True, "ulps": 4}),
    "changes a variable": (Counting(), lambda x: x, Floats(), {}),
    "module": (dnn.Dense(3, 2), None, Floats(["batch", 3]), {}),
    "strategy": (tf.square, np.square, st.just((np.ones([3, 2], np.float32),)), {}),
}


MULTIPLY = ("layer", "bfloat16")


@pytest.mark.parametrize(
    ("op", "reference", "inputs", "settings"),
    [pytest.param(*op, id=name, marks=[multiplies_bfloat16] * (name in MULTIPLY)) for name, op in RIGHT.items()],
)
def test_nothing_is_said_against_an_op_that_is_right(op, reference, inputs, settings, monkeypatch):
    monkeypatch.setattr("dnn.testing.ops.source.VERY_LARGE", (2**14,))
    check_op(op, reference, inputs, **QUICK | settings)


def error_of(op, reference=None, **options) -> AssertionError:
    with pytest.raises(AssertionError) as error:
        check_op(op, reference, **QUICK | options)
    return error.value


def broken(error: AssertionError) -> dict[str, str]:
    """law -> detail, of those that the table says are broken."""
    lines = [line.split("  BROKEN  ") for line in str(error).splitlines() if "  BROKEN  " in line]
    return {law.strip(): detail.strip() for law, detail in lines}


@tf.custom_gradient
def relu_with_the_gradient_of_identity(x):
    return tf.nn.relu(x), lambda g: g


def test_a_wrong_op_is_an_error_with_the_table_that_breaks_the_laws_for_its_fault_alone():
    error = error_of(relu_with_the_gradient_of_identity, tf.nn.relu)
    assert str(error).startswith("relu_with_the_gradient_of_identity: 2 laws are broken\nlaw ")
    assert broken(error).keys() == {"gradient matches finite differences", "gradient matches the reference"}
    assert error.__cause__ is None


def test_an_op_that_cannot_be_called_breaks_one_law():
    error = error_of(lambda x, y: x, tf.identity)
    assert str(error).startswith("<lambda>: 1 law is broken\n")
    assert broken(error).keys() == {"runs on the inputs"}


def mistaken_formula(x):
    raise KeyError("weights")


@pytest.mark.parametrize(
    ("op", "reference", "whom"),
    [(mistaken_formula, np.square, "the op"), (tf.square, mistaken_formula, "the reference")],
    ids=["op", "reference"],
)
def test_what_raised_is_named_and_its_traceback_kept(op, reference, whom):
    error = error_of(op, reference)
    assert any(detail.startswith(f"{whom} raised KeyError: 'weights'") for detail in broken(error).values())
    assert isinstance(error.__cause__, KeyError)
    assert "mistaken_formula" in [frame.name for frame in traceback.extract_tb(error.__cause__.__traceback__)]


def test_an_assertion_of_the_op_is_no_difference_of_numbers():
    def asserting(x):
        assert not 3 <= x.shape[0] <= 5, "three rows"
        return x

    error = error_of(asserting, tf.identity, examples=20, gradient=None)
    detail = broken(error)["values match the reference"]
    assert detail.startswith("the op raised AssertionError: three rows")
    assert "; for float32[3, 1]" in detail
    assert str(error.__cause__).startswith("three rows")


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ValueError, match=r"gradient must be one of \('exact', 'surrogate', None\), got 'wrong'"):
        check_op(dnn.relu, gradient="wrong")
    for name in ("examples", "calls"):
        with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
            check_op(tf.square, **{name: 0})
    with pytest.raises(ValueError, match="inputs drew no arguments with a number in each"):
        check_op(tf.square, inputs=st.just((np.ones([0, 2], np.float32),)))


def test_without_hypothesis_it_says_how_to_get_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "hypothesis.strategies", None)
    with pytest.raises(ModuleNotFoundError, match="with Hypothesis, which is not installed: pip install hypothesis$"):
        check_op(dnn.relu)


CRASHES = """
import os, signal
import tensorflow as tf
from dnn.testing import check_op

def op(x):
    if x.shape[0] == 63:
        os.kill(os.getpid(), signal.SIGSEGV)
    return x

check_op(op, tf.identity, examples=1)
"""


def test_the_stack_of_a_crash_names_the_law():
    """A batch of 63 is among the edge values, which the first law of values feeds."""
    ran = subprocess.run(
        [sys.executable, "-c", CRASHES], capture_output=True, encoding="utf-8", check=False, timeout=300
    )
    assert ran.returncode == -signal.SIGSEGV
    assert "Fatal Python error: Segmentation fault" in ran.stderr
    assert "values_match_the_reference" in ran.stderr


def test_wherever_the_op_is_called_the_stack_has_the_name_of_a_law_or_of_what_is_between():
    between = {"_runs_on_the_inputs", "find_missing_gradients", "very_large_examples"}
    names, calls = {law.__name__ for law in OP_LAWS} | between, []

    def op(x):
        if threading.current_thread() is threading.main_thread():  # of other threads a crash prints this one's too
            calls.append(names & {frame.name for frame in traceback.extract_stack()})
        return tf.square(x)

    check_op(op, np.square, examples=1, calls=16)
    assert all(calls)
    assert calls[0] == {"_runs_on_the_inputs"}
    assert between < set().union(*calls)


def test_two_lambdas_on_one_line_are_traced_without_a_word(caplog, capfd):
    check_op(lambda x: tf.abs(x), lambda x: np.abs(x), gradient=None, examples=1, calls=1)
    said = "".join([caplog.text, *capfd.readouterr()])
    assert "could not parse" not in said


def test_tensorflow_does_not_warn_that_an_op_is_traced_for_many_shapes(caplog, monkeypatch):
    monkeypatch.setattr(tf.get_logger(), "propagate", True)
    monkeypatch.setattr("dnn.testing.ops.source.VERY_LARGE", (2**14,))
    square = tf.function(tf.square)
    for _ in range(6):
        check_op(square, gradient=None, examples=1, calls=1)
    assert "retracing" not in caplog.text
    assert not tf.get_logger().filters
