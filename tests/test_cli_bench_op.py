"""`dnn bench-op`: the table of an op beside its reference, and how a file that cannot be timed is refused."""

import logging
import re
import sys

import pytest
from typer.testing import CliRunner

from dnn.bench import op as bench
from dnn.cli import app

FILE = """
import numpy as np
import tensorflow as tf
import beside

SIZES = (64, 4096)

def op(labels, x):
    return beside.{function}

def reference(labels, x):
    return tf.square(x) * tf.cast(labels, x.dtype)

def inputs(size):
    return np.ones(size, np.int32), np.linspace(-1, 1, size, dtype=np.float32)
"""
SQUARE = "square(x) * tf.cast(labels, x.dtype)"


@pytest.fixture
def timed(tmp_path, monkeypatch):
    """What `dnn bench-op --quick` prints, and its exit code, for a file with this text."""
    monkeypatch.setattr(bench, "QUICK", bench.Effort(repetitions=2, at_least=1e-4, megabytes=8))
    (tmp_path / "beside.py").write_text("def square(x):\n    return x * x\n", "utf-8")

    def run(text):
        path = tmp_path / "squares.py"
        path.write_text(text, "utf-8")
        result = CliRunner().invoke(app, ["bench-op", str(path), "--quick"])
        assert "Traceback" not in result.output
        sys.modules.pop("beside", None)
        return result

    return run


def test_the_table_has_each_size_forward_and_with_the_gradient(timed):
    result = timed(FILE.format(function=SQUARE))
    assert result.exit_code == 0, result.output
    header, _, *lines = [line for line in result.output.splitlines() if line.startswith("|")]
    assert header.startswith("| size | what | op | reference | reference / op |")
    cells = [[cell.strip() for cell in line.split("|")] for line in lines]
    assert [(size, what) for _, size, what, *_ in cells] == [
        ("64", "forward"),
        ("64", "forward + gradient"),
        ("4,096", "forward"),
        ("4,096", "forward + gradient"),
    ]
    span = r"[\d.]+ (µs|ms|s) \([\d.]+ (µs|ms|s) to [\d.]+ (µs|ms|s)\)"
    for _, _, _, op, reference, ratio, *shares, _ in cells:
        assert re.fullmatch(span, op)
        assert re.fullmatch(span, reference)
        assert re.fullmatch(r"[\d.]+ × \([\d.]+ to [\d.]+\)", ratio)
        assert all(re.fullmatch(r"\d+%|< 1%", share) for share in shares)
    assert "GB/s, read and written" in result.output


def test_the_roof_counts_each_argument_and_result_once(timed, tmp_path):
    timed(FILE.format(function=SQUARE))
    found = list(bench.timings(bench.read_subject(tmp_path / "squares.py"), bench.QUICK))
    bytes_moved = [round(timing.roof * timing.bandwidth) for timing in found]
    assert bytes_moved == [size * numbers * 4 for size in (64, 4096) for numbers in (3, 5)]


def test_the_file_may_use_keras_which_the_command_does_without(timed, tmp_path, monkeypatch):
    (tmp_path / "keras.py").write_text("square = lambda x: x * x\n", "utf-8")
    monkeypatch.setitem(sys.modules, "keras", None)
    assert timed(FILE.replace("beside", "keras").format(function=SQUARE)).exit_code == 0


def test_an_op_without_a_gradient_is_timed_forward(timed):
    by_numpy = "square(tf.numpy_function(lambda x: x, [x], x.dtype)) * tf.cast(labels, x.dtype)"
    for text in (
        FILE.replace("np.linspace(-1, 1, size, dtype=np.float32)", "np.arange(size)").format(function=SQUARE),
        FILE.format(function=by_numpy) + "\nGRADIENT = False",
    ):
        result = timed(text)
        assert result.exit_code == 0, result.output
        assert "forward + gradient" not in result.output


DATACLASS = """
from __future__ import annotations
import dataclasses

@dataclasses.dataclass(frozen=True)
class Scale:
    number: float = 1.0
"""


def test_the_file_may_hold_a_dataclass_with_annotations_for_later(timed):
    result = timed(DATACLASS + FILE.format(function=f"{SQUARE} * Scale().number"))
    assert result.exit_code == 0, result.output


def test_the_file_hides_no_module_of_its_name(timed, tmp_path):
    timed(FILE.format(function=SQUARE))
    path = tmp_path / "json.py"
    path.write_text(FILE.format(function=SQUARE), "utf-8")
    before = sys.modules["json"]
    bench.read_subject(path)
    assert sys.modules["json"] is before
    sys.modules.pop("beside")


def test_autograph_says_nothing_of_an_op_without_source_and_helps_where_python_chooses(timed, caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("tensorflow"), "propagate", True)
    without_source = (
        FILE.format(function=SQUARE)
        + """
exec(compile("def op(labels, x): return x * x", "nowhere.py", "exec"))"""
    )
    choosing = FILE.format(function=f"{SQUARE} if tf.reduce_all(labels == 1) else x")
    for text in (without_source, choosing):
        result = timed(text)
        assert result.exit_code == 0, result.output
    assert not [record.getMessage() for record in caplog.records]


REFUSED = [
    (FILE.format(function="square(x) * 1.01"), "size 64, forward, result 0 of the op beside the reference: 1.00"),
    (FILE.format(function=f"square(tf.stop_gradient(x)) * {SQUARE.split(' * ')[1]}"), "size 64, forward + gradient"),
    (FILE.format(function="absent(x)"), "AttributeError: module 'beside' has no attribute 'absent'"),
    (FILE.replace("tf.square", "np.square").format(function=SQUARE), "TypeError: reference must be of TensorFlow here"),
    (
        FILE.replace("tf.square(x) * tf.cast(labels, x.dtype)", "(x ** 2).clip(0)").format(function=SQUARE),
        "TypeError: reference must be of TensorFlow here, not of NumPy: both are timed in graph mode",
    ),
    (FILE.format(function="square(np.abs(x))"), "TypeError: op must be of TensorFlow here"),
    (FILE.replace("tf.square(x)", "tf.squared(x)").format(function=SQUARE), "has no attribute 'squared'"),
    ("def op(x):\n    return x", "must define the functions op, reference and inputs(size); without reference"),
    (FILE.replace("(64, 4096)", "(0,)").format(function=SQUARE), "SIZES must be positive integers, as"),
    (FILE.replace("(64, 4096)", "64").format(function=SQUARE), "SIZES must be positive integers, as"),
    (f"{FILE}\ninputs = np.ones".format(function=SQUARE), "inputs(size) must give a tuple of arguments, as (x,)"),
    (FILE.format(function=f"{SQUARE}, x"), "size 64, forward: the op has 2 results, the reference 1"),
    (
        FILE.replace("np.float32)", "np.float32).astype(tf.bfloat16.as_numpy_dtype)").format(
            function=f"{SQUARE} * 1.5"
        ),
        "size 64, forward, result 0 of the op beside the reference",
    ),
    ("import nothing_of_this_name", "cannot be run: ModuleNotFoundError: No module named 'nothing_of_this_name'"),
    ("def op(:", "cannot be run: SyntaxError: invalid syntax"),
]


def test_help_says_of_what_the_reference_must_be():
    said = " ".join(re.sub("[^ -~]", " ", CliRunner().invoke(app, ["bench-op", "--help"]).output).split())
    assert "reference (both in TensorFlow)" in said


@pytest.mark.parametrize(("text", "message"), REFUSED, ids=[message[:40] for _, message in REFUSED])
def test_a_file_that_cannot_be_timed_is_refused(timed, text, message):
    result = timed(text)
    assert result.exit_code == 2, result.output
    assert message in result.stderr
    assert "in user code" not in result.stderr


def test_a_file_that_is_absent_is_refused():
    result = CliRunner().invoke(app, ["bench-op", "absent.py"])
    assert result.exit_code == 2
    assert "absent.py: No such file" in result.stderr
