"""Loading: which ops a library has, what is refused, and that a refusal leaves nothing behind."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

import dnn
from dnn.ops.build import build
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import compiler, source_of, tensorflow_version
from dnn.ops.library import Library, sealed

SOURCE = Path(__file__).with_name("plus_one.cc")


def said_by(program: str, **options) -> str:
    environment = os.environ | {"PYTHONPATH": str(Path(dnn.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, timeout=120, **options
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


@needs_compiler
def test_a_source_becomes_functions_and_a_second_load_is_the_same_module():
    ops = dnn.ops.load(SOURCE)
    np.testing.assert_array_equal(ops.dnn_test_plus_one([1.0, 2.0]), [2, 3])
    traced = tf.function(ops.dnn_test_plus_one, input_signature=[tf.TensorSpec([None, 3])])
    assert traced.get_concrete_function().output_shapes.as_list() == [None, 3]
    assert dnn.ops.load(str(SOURCE)) is ops


@needs_compiler
def test_the_same_text_elsewhere_is_the_same_library(tmp_path):
    for name in ("plus_one.cc", "one.h"):
        shutil.copy(SOURCE.with_name(name), tmp_path)
    assert dnn.ops.load(tmp_path / "plus_one.cc") is dnn.ops.load(SOURCE)


@needs_compiler
@pytest.mark.parametrize("header", ["", "include/"])
def test_a_changed_header_needs_a_new_process_and_a_restored_one_does_not(header, tmp_path):
    name = f"DnnTestHeader{len(header)}"
    source = written(tmp_path / "ops.cc", registering(name, more='#include "value.h"\nint value = VALUE;'))
    value = written(tmp_path / f"{header}value.h", "#define VALUE 1\n")
    options = {"flags": ("-Iinclude",), "cache": tmp_path / "cache"}
    ops = dnn.ops.load(source, **options)
    written(value, "#define VALUE 2\n")
    message = (
        rf"{source}: the op {name} is registered already, by this file as .* since then {header}value.h changed. Start"
    )
    with pytest.raises(ValueError, match=message):
        dnn.ops.load(source, **options)
    written(value, "#define VALUE 1\n")
    assert dnn.ops.load(source, **options) is ops


@needs_compiler
def test_a_built_library_loads_in_a_process_of_its_own_and_beside_its_source_is_the_same():
    ops = dnn.ops.load(SOURCE)
    library = build(source_of(SOURCE, ()), cache_folder(None)).file
    assert dnn.ops.load(library) is ops
    program = f"import dnn; ops = dnn.ops.load({str(library)!r}); print(ops.dnn_test_plus_one(1.0).numpy())"
    assert said_by(program) == "2.0"


@needs_compiler
def test_a_library_that_another_tool_built_is_loaded_once_and_what_it_prints_is_no_op(tmp_path):
    more = '#include <cstdio>\nint printed = std::puts("hello") + std::fflush(stdout);'
    source = written(tmp_path / "foreign.cc", registering("DnnTestForeign", more=more))
    library = tmp_path / "foreign.so"
    command = [*compiler(), "-shared", "-fPIC", str(source), "-o", str(library), *tf.sysconfig.get_link_flags()]
    subprocess.run(command, check=True)
    ops = dnn.ops.load(library)
    assert callable(ops.dnn_test_foreign)
    assert dnn.ops.load(library) is ops
    with pytest.raises(
        ValueError, match=f"{source}: the op DnnTestForeign is registered already, by {library}. Rename it"
    ):
        dnn.ops.load(source, cache=tmp_path / "cache")


@needs_compiler
def test_an_op_that_is_not_there_is_missed_in_the_file_by_its_name():
    with pytest.raises(AttributeError, match="module 'plus_one' has no attribute 'minus_one'"):
        assert dnn.ops.load(SOURCE).minus_one


@needs_compiler
def test_an_op_is_one_however_its_name_is_spelled():
    ops = dnn.ops.load(Path(__file__).with_name("spelled.cc"))
    assert [name for name in vars(ops) if name.startswith("_dispatcher_for_")] == ["_dispatcher_for_dnn_test_spelled"]


@needs_compiler
def test_an_op_that_another_library_has_is_taken_before_anything_is_registered(tmp_path):
    first = written(tmp_path / "first.cc", registering("DnnTestFirst", "DnnTestAlsoFirst"))
    dnn.ops.load(first, cache=tmp_path)
    second = written(tmp_path / "second.cc", registering("DnnTestSecond", "DnnTestFirst", "DnnTestAlsoFirst"))
    message = f"{second}: the ops DnnTestAlsoFirst, DnnTestFirst are registered already, by {first}. Rename them"
    with pytest.raises(ValueError, match=message):
        dnn.ops.load(second, cache=tmp_path)
    written(second, registering("DnnTestSecond"))
    assert callable(dnn.ops.load(second, cache=tmp_path).dnn_test_second)


@needs_compiler
@pytest.mark.parametrize(
    ("names", "holder"), [(("Relu",), "TensorFlow. Rename"), (("DnnTestTwice", "DnnTestTwice"), "this file itself")]
)
def test_an_op_of_tensorflow_s_or_one_that_is_there_twice_is_refused(names, holder, tmp_path):
    source = written(tmp_path / "taken.cc", registering(*names))
    with pytest.raises(ValueError, match=f"{source}: the op {names[0]} is registered already, by {holder}"):
        dnn.ops.load(source, cache=tmp_path)


@needs_compiler
def test_an_op_of_a_library_that_was_not_loaded_here_is_refused(tmp_path):
    source = written(tmp_path / "beside.cc", registering("DnnTestBeside"))
    library = build(source_of(source, ()), tmp_path)
    tf.load_op_library(str(library.file))
    with pytest.raises(
        ValueError, match="DnnTestBeside is registered already, by a library that dnn.ops.load did not load"
    ):
        dnn.ops.load(source, cache=tmp_path)


@needs_compiler
def test_a_changed_source_is_refused_before_it_is_compiled_unless_its_op_has_another_name(tmp_path, monkeypatch):
    def text(name):
        more = f'#define REGISTER_OP(name) int op = add(name, "x: float");\n  REGISTER_OP("{name}")'
        return registering(f"{name}Beside", more=more)

    source = written(tmp_path / "plain.cc", text("DnnTestPlain"))
    dnn.ops.load(source, cache=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr("dnn.ops.loading.build", None)  # so that it would fail
        with pytest.raises(ValueError, match=r"DnnTestPlain is .* flags changed from \(\) to \('-O1',\)\. Start a new"):
            dnn.ops.load(source, flags=("-O1",), cache=tmp_path)
        written(source, text("DnnTestPlain") + "int more = 1;")
        with pytest.raises(ValueError, match="DnnTestPlain is registered .* since then plain.cc changed. Start a new"):
            dnn.ops.load(source, cache=tmp_path)
    written(source, "// " + text("DnnTestNew").replace("\n", "\n// ") + "\n" + text("DnnTestRenamed"))
    assert callable(dnn.ops.load(source, cache=tmp_path).dnn_test_renamed)


@needs_compiler
def test_a_second_load_looks_at_its_files_alone_and_sees_when_one_was_written(tmp_path, monkeypatch):
    source = written(tmp_path / "again.cc", registering("DnnTestAgain"))
    ops = dnn.ops.load(source, cache=tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr("dnn.ops.loading.source_of", None)
        assert dnn.ops.load("again.cc") is dnn.ops.load("~/again.cc") is ops
    os.utime(source, (1, 1))
    assert dnn.ops.load(source, cache=tmp_path) is ops
    source.unlink()
    with pytest.raises(FileNotFoundError, match=f"{source}"):
        dnn.ops.load(source, cache=tmp_path)


@needs_compiler
def test_autograph_does_not_warn_of_an_op(caplog):
    ops = dnn.ops.load(SOURCE)

    def both(x):
        return ops.dnn_test_plus_one(ops.DnnTestPlusOne(x=x)), dnn.ops.load(SOURCE).DnnTestPlusOne(x=x)

    tf.function(both, input_signature=[tf.TensorSpec([None])]).get_concrete_function()
    assert "AutoGraph" not in caplog.text


@needs_compiler
@pytest.mark.parametrize(
    ("name", "bad", "message"),
    [
        (
            "Spec",
            {"input": "x: nonsense"},
            "refuses an op: .*'nonsense'.* for Op DnnTestSpecTwo\nCorrect its REGISTER_OP$",
        ),
        ("Crash", {"more": "int crash = *static_cast<volatile int*>(nullptr);"}, "ended with SIGSEGV\nCode outside"),
        ("Throw", {"more": "int f() { throw 3; }\nint a = f();"}, "ended with SIGABRT, term.* 'int'\nCode outside"),
        (
            "Missing",
            {"more": "int missing();\nint value = missing();"},
            "undefined symbol: .*missing.*\nAn undef.*build",
        ),
    ],
)
def test_a_library_that_cannot_be_loaded_leaves_nothing_and_is_loaded_when_it_is_mended(name, bad, message, tmp_path):
    names = (f"DnnTest{name}One", f"DnnTest{name}Two")
    source = written(tmp_path / "bad.cc", registering(*names, **bad))
    with pytest.raises(RuntimeError, match=f"bad.cc cannot be loaded into TensorFlow .*{message}"):
        dnn.ops.load(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    written(source, registering(*names))
    assert dnn.ops.load(source, cache=tmp_path / "cache")


@needs_compiler
def test_tensorflow_s_own_hint_is_shown(tmp_path):
    with pytest.raises(
        RuntimeError, match=r"refuses an op: Invalid name: lower \(Did you use CamelCase\?\)\nCorrect its"
    ):
        dnn.ops.load(written(tmp_path / "lower.cc", registering("lower")), cache=tmp_path)


@needs_compiler
def test_an_op_that_is_left_by_halves_nevertheless_is_named(tmp_path, monkeypatch):
    names = ("DnnTestHalf", "DnnTestOther")
    monkeypatch.setattr("dnn.ops.build.ops_in", lambda library, name: names)  # the trial finds nothing
    source = written(tmp_path / "half.cc", registering(*names, input="x: nonsense"))
    with pytest.raises(
        RuntimeError, match=r"(?s)half.cc cannot be .* the op DnnTestHalf is half registered: start a new proc"
    ):
        dnn.ops.load(source, cache=tmp_path / "cache")


@needs_compiler
def test_what_the_compiler_says_is_shown(tmp_path):
    source = written(tmp_path / "bad.cc", '#error "this is not C++"\nREGISTER_OP("DnnTestBad");\n')
    with pytest.raises(RuntimeError, match=r"(?s)bad.cc does not compile; .*#error \"this is not C\+\+\".*-O3"):
        dnn.ops.load(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@needs_compiler
def test_a_source_without_an_op_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"empty.cc registers no op: it has no REGISTER_OP"):
        dnn.ops.load(written(tmp_path / "empty.cc", '// REGISTER_OP("A")\nint one = 1;'), cache=tmp_path / "cache")


@needs_compiler
def test_a_source_in_latin_1_is_compiled(tmp_path):
    source = tmp_path / "latin.cc"
    source.write_bytes(registering("DnnTestLatin").encode() + b"// gr\xf6\xdfer\n")
    assert callable(dnn.ops.load(source, cache=tmp_path).dnn_test_latin)
    source.write_bytes(b"gr\xf6\xdfer\n")
    with pytest.raises(RuntimeError, match="latin.cc does not compile"):
        dnn.ops.load(source, cache=tmp_path)


@pytest.mark.parametrize("path", ["nothing.cc", "nothing.so", "nowhere/nothing.cc"])
def test_a_file_that_is_not_there_is_named(path):
    with pytest.raises(FileNotFoundError, match=f"there is no such file to load ops from: '{Path.cwd() / path}'"):
        dnn.ops.load(path)


def test_a_folder_and_a_file_of_another_kind_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder, not a file: ops are loaded from a source or a library"):
        dnn.ops.load(tmp_path)
    with pytest.raises(ValueError, match=r"cube.txt must end in one of .cc .cpp .cxx .so .dylib"):
        dnn.ops.load(written(tmp_path / "cube.txt", ""))


def test_a_library_of_another_tensorflow_is_refused_before_it_is_loaded(tmp_path):
    library = tmp_path / "old.so"
    library.write_bytes(sealed(b"\x7fELF\0", Library("TensorFlow 2.15.0 v2.15.0-rc1", "g++", (), (), ("A", "B"))))
    with pytest.raises(RuntimeError, match=rf"for TensorFlow 2.15.0 .*, but this is {re.escape(tensorflow_version())}"):
        dnn.ops.load(library)


def test_a_library_that_is_none_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)none.so cannot be loaded into TensorFlow .*build the library again"):
        dnn.ops.load(written(tmp_path / "none.so", "text"))


@needs_compiler
def test_a_cache_may_be_the_current_folder(tmp_path):
    written(tmp_path / "here.cc", registering("DnnTestHere"))
    program = "import dnn; print(callable(dnn.ops.load('here.cc', cache='.').dnn_test_here))"
    assert said_by(program, cwd=tmp_path) == "True"
    assert list(tmp_path.glob("here-*.so"))


def test_flags_in_one_text_are_refused():
    with pytest.raises(TypeError, match="flags must be a sequence of strings"):
        dnn.ops.load(SOURCE, flags="-O0")
