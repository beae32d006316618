"""`dnn new-op`: what it writes passes its own tests as it stands, and nothing is overwritten."""

import functools
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from modes import THOROUGH
from needs_compiler import needs_compiler
from registering import written
from typer.testing import CliRunner

import dnn
from dnn.cli import app


def invoke(*arguments):
    return CliRunner().invoke(app, ["new-op", *arguments])


FEWER = {"examples": 4, "calls": 64}  # the same laws, unless in the profile thorough


def test_what_it_writes_in_python_passes_its_tests(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    result = invoke("in_python")
    assert result.output.splitlines() == told("in_python", ".py")
    if not THOROUGH:
        monkeypatch.setattr(dnn.testing, "check_op", functools.partial(dnn.testing.check_op, **FEWER))
    tests = importlib.import_module("test_in_python")
    for name in dir(tests):
        if name.startswith("test_"):
            getattr(tests, name)()
    printed = capsys.readouterr().out
    assert "no law is broken" in printed
    assert "values match the reference" in printed
    del sys.modules["in_python"], sys.modules["test_in_python"]


def told(name: str, *suffixes: str) -> list[str]:
    names = [*(f"{name}{suffix}" for suffix in suffixes), f"test_{name}.py"]
    assert sorted(path.name for path in Path().iterdir()) == names
    return [*(f"wrote {name}" for name in names), f"test it: pytest {names[-1]}", f"time it: dnn bench-op {name}.py"]


MORE_TESTS = """
import importlib
from pathlib import Path

import dnn
import my_2nd_op
import pytest
import tensorflow as tf


def value_and_gradient():
    x = tf.constant([1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = my_2nd_op.my_2nd_op(x)
    return y.numpy().tolist() + tape.gradient(y, x).numpy().tolist()


def test_what_xla_lacks_is_not_tried():
    with pytest.raises(AssertionError, match="XLA has no kernel for My2ndOpOp, My2ndOpOpGrad: pass xla=False"):
        dnn.testing.check_activation(my_2nd_op.my_2nd_op)


def test_as_in_a_notebook_the_module_runs_again_and_a_changed_source_is_refused():
    assert value_and_gradient() == [0.5, 0.25]
    importlib.reload(my_2nd_op)
    assert value_and_gradient() == [0.5, 0.25]
    source = Path("my_2nd_op.cc")
    text = source.read_text("utf-8")
    source.write_text(text.replace("to[i] =", "to[i] = 2 *"), "utf-8")
    message = "the ops My2ndOpOp, My2ndOpOpGrad are registered already, by this file .* since then my_2nd_op.cc changed"
    for _ in range(2):
        with pytest.raises(ValueError, match=message):
            value_and_gradient()
        importlib.reload(my_2nd_op)
    source.write_text(text, "utf-8")
    assert value_and_gradient() == [0.5, 0.25]
    tf.function(my_2nd_op.my_2nd_op, input_signature=[tf.TensorSpec([None])]).get_concrete_function()
"""


# errors, but for one of TensorFlow's own compiler of Python on Python 3.13: see pyproject.toml
WARNINGS = "error\nignore:.*got an unexpected keyword argument '___pyct_anno'.*:DeprecationWarning"


@needs_compiler
def test_what_it_writes_in_cpp_passes_its_tests(tmp_path, monkeypatch):
    """In a process of its own, since TensorFlow's log level is one of a process."""
    monkeypatch.chdir(tmp_path)
    result = invoke("my_2nd_op", "--cpp")
    assert result.output.splitlines() == told("my_2nd_op", ".cc", ".py")
    written(tmp_path / "test_more.py", MORE_TESTS)
    if not THOROUGH:
        lines = (
            f"import functools\nimport dnn\ndnn.testing.check_op = functools.partial(dnn.testing.check_op, **{FEWER})\n"
        )
        written(tmp_path / "conftest.py", lines)
    environment = {"PYTHONPATH": str(Path(dnn.__file__).parent.parent), "TF_CPP_MIN_LOG_LEVEL": "0"}
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-o", f"filterwarnings={WARNINGS}"],
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert process.returncode == 0, process.stdout[-3000:]
    assert "5 passed" in process.stdout
    assert not re.search("OP_REQUIRES|AutoGraph", process.stdout + process.stderr)


def test_the_op_of_the_benchmark_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke("my_op")
    names = {}
    exec((tmp_path / "my_op.py").read_text("utf-8"), names)
    inputs = names["inputs"](10)
    assert names["op"](*inputs).shape == names["reference"](*inputs).shape == (10,)


@pytest.mark.parametrize("name", ["my_new_name", "NewName", "xNewName", "MyNewName", "new_name_new_name", "a__b_", "T"])
def test_an_odd_name_stands_where_the_name_belongs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke(name, "--cpp").exit_code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([f"{name}.cc", f"{name}.py", f"test_{name}.py"])
    assert f"from {name} import {name}\n" in Path(f"test_{name}.py").read_text("utf-8")
    face, source = Path(f"{name}.py").read_text("utf-8"), Path(f"{name}.cc").read_text("utf-8")
    registered = re.findall(r'REGISTER_OP\("(\w+)"\)', source)
    assert registered == [f"{camel(name)}Op", f"{camel(name)}OpGrad"]
    assert set(re.findall(r"class (\w+)", source)) - {"T"} == set(registered)
    assert re.findall(r"_library\(\)\.(\w+)", face) == registered
    assert f"\ndef {name}(x: tf.Tensor) -> tf.Tensor:\n" in face


def camel(name: str) -> str:
    """Return the name with capitals for _ and its next letter, after My."""
    return "My" + re.sub(r"(?:^|_+)(\w?)", lambda found: found[1].upper(), name.strip("_")).removeprefix("My")


def test_no_op_of_tensorflow_s_begins_as_those_that_it_writes():
    assert "ReadVariableOp" in dir(tf.raw_ops)
    assert not [name for name in dir(tf.raw_ops) if name.startswith("My")]


@pytest.mark.parametrize("taken", ["my_op.py", "test_my_op.py", "my_op.cc", "my_op/__init__.py"])
def test_an_existing_file_is_left_alone(taken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    written(Path(taken), "mine")
    result = invoke("my_op", "--cpp")
    assert result.exit_code == 2
    assert f"error: {taken}: exists already: nothing was written" in result.output
    assert [path.read_text("utf-8") for path in tmp_path.rglob("*.*")] == ["mine"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2op", "must be ASCII letters, digits and _, and begin with a letter, got '2op'"),
        ("my-op", "must be ASCII letters"),
        ("_op", "must be ASCII letters"),
        ("größe", "must be ASCII letters"),
        ("../op", "must be ASCII letters"),
        ("lambda", "must not be a keyword of Python"),
        ("match", "must not be a keyword of Python"),
        ("random", "must not be a module's"),
        ("inputs", "must not be one that the files themselves use"),
        ("print", "must not be one that the files themselves use"),
        ("test_mine", "must not be one that the files themselves use"),
        ("testable", "must not be one that the files themselves use"),
        ("x", "must not be one that the files themselves use"),
        ("Path", "must not be one that the files themselves use"),
        ("numpy", "must not be a module's"),
        ("functools", "must not be a module's"),
    ],
)
def test_a_name_that_would_not_do_is_refused(name, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(name)
    assert result.exit_code == 2
    assert f"NAME {message}" in result.output
    assert not list(tmp_path.iterdir())
