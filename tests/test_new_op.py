"""`dnn new-op`: what it writes passes its own tests as it stands, and nothing is overwritten."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import written
from typer.testing import CliRunner

import dnn
from dnn.cli import app


def invoke(*arguments):
    return CliRunner().invoke(app, ["new-op", *arguments])


def run(arguments):
    environment = {**os.environ, "PYTHONPATH": str(Path(dnn.__file__).parent.parent)}
    return subprocess.run(
        [sys.executable, *arguments], env=environment, capture_output=True, text=True, timeout=300, check=False
    )


IS_TOLD = """
import dnn
import pytest
from my_2nd_op import my_2nd_op


def test_what_xla_lacks_is_not_tried():
    with pytest.raises(AssertionError, match="XLA has no kernel for My2ndOpOp, My2ndOpOpGrad: pass xla=False"):
        dnn.testing.check_activation(my_2nd_op)
"""


@pytest.mark.parametrize("options", [[], pytest.param(["--cpp"], marks=needs_compiler)])
def test_what_it_writes_passes_its_tests(options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke("my_2nd_op", *options)
    assert result.exit_code == 0
    names = ["my_2nd_op.cc"] * bool(options) + ["my_2nd_op.py", "test_my_2nd_op.py"]
    told = [*(f"wrote {name}" for name in names), "test it: pytest test_my_2nd_op.py"]
    assert result.output.splitlines() == [*told, "time it: dnn bench-op my_2nd_op.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "0")
    written(tmp_path / "test_xla.py", IS_TOLD if options else "")
    process = run(["-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "-W", "error"])
    assert process.returncode == 0, process.stdout[-3000:]
    assert " passed" in process.stdout
    assert "OP_REQUIRES" not in process.stdout + process.stderr


NOTEBOOK = """
import importlib
from pathlib import Path

import my_2nd_op
import tensorflow as tf


def value_and_gradient():
    x = tf.constant([1.0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = my_2nd_op.my_2nd_op(x)
    return y.numpy().tolist() + tape.gradient(y, x).numpy().tolist()


def refusal():
    try:
        value_and_gradient()
    except ValueError as error:
        return str(error)


print(value_and_gradient())
importlib.reload(my_2nd_op)
print(value_and_gradient())
source = Path("my_2nd_op.cc")
text = source.read_text()
source.write_text(text.replace("to[i] =", "to[i] = 2 *"))
print(refusal())
importlib.reload(my_2nd_op)
print(refusal())
source.write_text(text)
print(value_and_gradient())
tf.function(my_2nd_op.my_2nd_op, input_signature=[tf.TensorSpec([None])]).get_concrete_function()
"""


@needs_compiler
def test_in_a_notebook_the_module_is_loaded_again_and_a_changed_source_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke("my_2nd_op", "--cpp")  # as above: the library is there
    process = run(["-c", NOTEBOOK])
    assert process.returncode == 0, process.stderr[-3000:]
    refusal = (
        f"{tmp_path}/my_2nd_op.cc: the ops My2ndOpOp, My2ndOpOpGrad are registered already, by this file as it was "
        "loaded before; since then my_2nd_op.cc changed. Start a new process, since none can unregister an op"
    )
    values = "[0.5, 0.25]"
    assert process.stdout.splitlines() == [values, values, refusal, refusal, values]
    assert "AutoGraph" not in process.stderr


def test_the_op_of_the_benchmark_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke("my_op")
    names = {}
    exec((tmp_path / "my_op.py").read_text(), names)
    inputs = names["inputs"](10)
    assert names["op"](*inputs).shape == names["reference"](*inputs).shape == (10,)


@pytest.mark.parametrize("name", ["my_new_name", "NewName", "xNewName", "MyNewName", "new_name_new_name", "a__b_", "T"])
def test_an_odd_name_stands_where_the_name_belongs(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert invoke(name, "--cpp").exit_code == 0
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == sorted([f"{name}.cc", f"{name}.py", f"test_{name}.py"])
    assert f"from {name} import {name}\n" in Path(f"test_{name}.py").read_text()
    face, source = Path(f"{name}.py").read_text(), Path(f"{name}.cc").read_text()
    registered = re.findall(r'REGISTER_OP\("(\w+)"\)', source)
    assert registered == [f"{camel(name)}Op", f"{camel(name)}OpGrad"]
    assert set(re.findall(r"class (\w+)", source)) - {"T"} == set(registered)
    assert re.findall(r"_library\(\)\.(\w+)", face) == registered
    assert f"\ndef {name}(x):\n" in face


def camel(name: str) -> str:
    """A letter at the beginning, or after some _, as a capital; without the _; and with one My before it."""
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
    assert f"error: {taken}: is there already: nothing was written" in result.output
    assert [path.read_text() for path in tmp_path.rglob("*.*")] == ["mine"]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("2op", "must be ASCII letters, digits and _, and begin with a letter, got '2op'"),
        ("my-op", "must be ASCII letters"),
        ("_op", "must be ASCII letters"),
        ("größe", "must be ASCII letters"),
        ("../op", "must be ASCII letters"),
        ("lambda", "must not be a word of Python's own"),
        ("match", "must not be a word of Python's own"),
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
