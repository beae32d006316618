"""`dnn new-op`: what it writes passes its own tests as it stands, and nothing is overwritten."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from needs_compiler import needs_compiler
from typer.testing import CliRunner

import dnn
from dnn.cli import app


def invoke(*arguments):
    return CliRunner().invoke(app, ["new-op", *arguments])


@pytest.mark.parametrize("options", [[], pytest.param(["--cpp"], marks=needs_compiler)])
def test_what_it_writes_passes_its_tests(options, tmp_path, monkeypatch, request):
    monkeypatch.chdir(tmp_path)
    result = invoke("my_2nd_op", *options)
    assert result.exit_code == 0
    names = ["my_2nd_op.cc"] * bool(options) + ["my_2nd_op.py", "test_my_2nd_op.py"]
    told = [*(f"wrote {name}" for name in names), "test it: pytest test_my_2nd_op.py"]
    assert result.output.splitlines() == [*told, "time it: dnn bench-op my_2nd_op.py"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    cache = request.config.cache.mkdir("libraries")  # that of tests/ops
    process = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-W", "error"],
        env={**os.environ, "PYTHONPATH": str(Path(dnn.__file__).parent.parent), "XDG_CACHE_HOME": str(cache)},
        capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert process.returncode == 0, process.stdout[-3000:]
    assert " passed" in process.stdout


def test_the_op_of_the_benchmark_is_there(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    invoke("my_op")
    names = {}
    exec((tmp_path / "my_op.py").read_text(), names)
    inputs = names["inputs"](10)
    assert names["op"](*inputs).shape == names["reference"](*inputs).shape == (10,)


@pytest.mark.parametrize("taken", ["my_op.py", "test_my_op.py", "my_op.cc"])
def test_an_existing_file_is_left_alone(taken, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(taken).write_text("mine")
    result = invoke("my_op", "--cpp")
    assert result.exit_code == 2
    assert f"error: {taken}: is there already: nothing was written" in result.output
    assert [path.read_text() for path in tmp_path.iterdir()] == ["mine"]


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
        ("numpy", "must not be a module's"),
    ],
)
def test_a_name_that_would_not_do_is_refused(name, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = invoke(name)
    assert result.exit_code == 2
    assert f"NAME {message}" in result.output
    assert not list(tmp_path.iterdir())
