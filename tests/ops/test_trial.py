"""The trial of a library: which ops it has, and each way in which it may fail, without harm to this process."""

import os
import signal
from pathlib import Path

import pytest
from needs_compiler import needs_compiler
from registering import API, registering, written
from tensorflow.python.framework import op_def_registry

from dnn.ops.compilation import compile_library
from dnn.ops.compiler import source_of
from dnn.ops.trial import trial


def tried(source: Path) -> tuple[str, ...]:
    library = source.with_suffix(".so")
    compile_library(source_of(source, ()), library)
    with trial() as ops_in:
        return ops_in(library, source)


@needs_compiler
def test_an_op_is_found_however_its_name_is_spelled_and_what_is_printed_is_none(tmp_path):
    lines = (
        '// REGISTER_OP("DnnTestComment")',
        '#define PREFIX "DnnTest"',
        'int spelled = add(PREFIX "Spelled", "x: float");',
        '#include <cstdio>\nint printed = std::puts("hello") + std::fflush(stdout);',
    )
    assert tried(written(tmp_path / "a.cc", "\n".join([API, *lines, ""]))) == ("DnnTestSpelled",)


@needs_compiler
@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (registering("Relu"), ValueError, "the op Relu is registered already, by TensorFlow. Rename it$"),
        (registering("DnnTestTwice", "DnnTestTwice"), ValueError, "DnnTestTwice is registered already, by this file"),
        ('// REGISTER_OP("A")\nint one = 1;', ValueError, "registers no op: it has no REGISTER_OP"),
        (
            registering("DnnTestBad", input="x: nonsense"),
            RuntimeError,
            "cannot be loaded into TensorFlow .* refuses an op: .*'nonsense'.* for Op DnnTestBad\nCorrect its REGISTER",
        ),
        # TensorFlow's own hint is shown
        (registering("lower"), RuntimeError, r"an op: Invalid name: lower \(Did you use CamelCase\?\)\nCorrect its"),
        (
            registering("DnnTestBad", more="int crash = *static_cast<volatile int*>(nullptr);"),
            RuntimeError,
            r"cannot be loaded into .* ended with SIG\w+\nCode outside of functions runs",
        ),
        (
            registering("DnnTestBad", more="int f() { throw 3; }\nint a = f();"),
            RuntimeError,
            "ended with SIGABRT, .*\nCode outside of functions runs",
        ),
        (
            registering("DnnTestBad", more="int missing();\nint value = missing();"),
            RuntimeError,
            "(undefined symbol|symbol not found).*missing.*\nAn undefined symbol belongs to .* build the library again",
        ),
    ],
    ids=["tensorflow's", "twice", "none", "spec", "name", "crash", "throw", "undefined"],
)
def test_a_library_that_cannot_be_loaded_is_told_of(text, error, message, tmp_path):
    source = written(tmp_path / "bad.cc", text)
    with pytest.raises(error, match=f"^{source}:? (?s:.*){message}"):
        tried(source)
    assert op_def_registry.get("DnnTestBad") is None


def test_a_file_that_is_no_library_is_told_of(tmp_path):
    message = r"(?s)none.so cannot be loaded into TensorFlow .*build the library again"
    with trial() as ops_in, pytest.raises(RuntimeError, match=message):
        ops_in(written(tmp_path / "none.so", "text"), tmp_path / "none.so")


def test_a_trial_of_nothing_ends():
    with trial() as ops_in:
        process = ops_in.args[0]
        assert process.poll() is None
    assert process.poll() is not None


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_trial_is_over_at_once_where_nothing_comes_of_the_compiler(error):
    tried = []

    def compiled():
        with trial() as ops_in:
            tried.append(ops_in.args[0])
            os.kill(tried[0].pid, signal.SIGSTOP)  # as one that waits for a slow disk
            raise error

    with pytest.raises(error):
        compiled()
    assert tried[0].returncode == -signal.SIGKILL


def test_a_trial_ends_though_another_process_holds_its_input(tmp_path):
    source, library = written(tmp_path / "a.cc", registering("DnnTestHeldInput")), tmp_path / "a.so"
    compile_library(source_of(source, ()), library)
    with trial() as ops_in:
        held = os.dup(ops_in.args[0].stdin.fileno())  # as a forked process has it
        try:
            assert ops_in(library, source) == ("DnnTestHeldInput",)
        finally:
            os.close(held)
