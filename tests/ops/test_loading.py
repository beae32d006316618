"""Loading: which ops a module has, what is refused, and that a refusal leaves nothing behind."""

import os
import re
import shutil
import subprocess
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written
from tensorflow.python.framework import op_def_registry

import dnn
from dnn.ops.build import build
from dnn.ops.cache import cache_folder
from dnn.ops.compiler import compiler, source_of, tensorflow_version
from dnn.ops.library import Library, sealed

SOURCE = Path(__file__).with_name("plus_one.cc")


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
def test_a_changed_header_needs_a_new_process_and_a_restored_one_does_not(tmp_path):
    more = '#include "value.h"\n#include "other.h"\nint value = VALUE + OTHER;'
    source = written(tmp_path / "ops.cc", registering("DnnTestHeader", more=more))
    headers = {tmp_path / "value.h": "#define VALUE 1\n", tmp_path / "include/other.h": "#define OTHER 1\n"}
    for header, text in headers.items():
        written(header, text)
    ops = dnn.ops.load(source, flags=("-Iinclude",))
    for header, text in headers.items():
        written(header, text.replace("1", "2"))
        name = header.relative_to(tmp_path)
        message = (
            rf"{source}: the op DnnTestHeader is registered already, by this file .* since then {name} changed. St"
        )
        with pytest.raises(ValueError, match=message):
            dnn.ops.load(source, flags=("-Iinclude",))
        written(header, text)
        assert dnn.ops.load(source, flags=("-Iinclude",)) is ops


@needs_compiler
def test_a_built_library_is_loaded_without_its_source_and_its_source_after_it_is_the_same(tmp_path):
    source = written(tmp_path / "built.cc", registering("DnnTestBuilt"))
    library = build(source_of(source, ()), cache_folder(None)).file
    source.rename(tmp_path / "away.cc")
    ops = dnn.ops.load(library)
    assert callable(ops.dnn_test_built)
    assert dnn.ops.load((tmp_path / "away.cc").rename(source)) is ops


@needs_compiler
def test_a_library_that_another_tool_built_is_loaded_once(tmp_path):
    source, library = written(tmp_path / "foreign.cc", registering("DnnTestForeign")), tmp_path / "foreign.so"
    command = [*compiler(), "-shared", "-fPIC", str(source), "-o", str(library), *tf.sysconfig.get_link_flags()]
    subprocess.run(command, check=True)
    ops = dnn.ops.load(library)
    assert callable(ops.dnn_test_foreign)
    assert dnn.ops.load(library) is ops
    message = f"{source}: the op DnnTestForeign is registered already, by {library}. Rename it"
    with pytest.raises(ValueError, match=message):
        dnn.ops.load(source)


@needs_compiler
def test_an_op_that_is_not_there_is_missed_in_the_file_by_its_name():
    with pytest.raises(AttributeError, match="module 'plus_one' has no attribute 'minus_one'"):
        assert dnn.ops.load(SOURCE).minus_one


@needs_compiler
def test_an_op_that_another_library_has_is_taken_before_anything_is_registered(tmp_path):
    first = written(tmp_path / "first.cc", registering("DnnTestFirst", "DnnTestAlsoFirst"))
    dnn.ops.load(first)
    second = written(tmp_path / "second.cc", registering("DnnTestSecond", "DnnTestFirst", "DnnTestAlsoFirst"))
    message = f"{second}: the ops DnnTestAlsoFirst, DnnTestFirst are registered already, by {first}. Rename them, or"
    with pytest.raises(ValueError, match=message):
        dnn.ops.load(second)
    assert op_def_registry.get("DnnTestSecond") is None


@needs_compiler
def test_an_op_of_a_library_that_was_not_loaded_here_is_refused(tmp_path):
    source = written(tmp_path / "beside.cc", registering("DnnTestBeside"))
    tf.load_op_library(str(build(source_of(source, ()), cache_folder(None)).file))
    message = "DnnTestBeside is registered already, by a library that dnn.ops.load did not load. Rename it"
    with pytest.raises(ValueError, match=message):
        dnn.ops.load(source)


@needs_compiler
def test_a_changed_source_is_refused_before_it_is_compiled_unless_its_op_has_another_name(tmp_path, monkeypatch):
    def text(name):
        more = f'#define REGISTER_OP(name) int op = add(name, "x: float");\n  REGISTER_OP("{name}")'
        return registering(f"{name}Beside", more=more)

    source = written(tmp_path / "plain.cc", text("DnnTestPlain"))
    dnn.ops.load(source)
    with monkeypatch.context() as patch:
        patch.setattr("dnn.ops.loading.build", None)  # so that it would fail
        message = r"DnnTestPlain is .* flags changed from \(\) to \('-O1',\)\. Start a new process"
        with pytest.raises(ValueError, match=message):
            dnn.ops.load(source, flags=("-O1",))
        written(source, text("DnnTestPlain") + "int more = 1;")
        with pytest.raises(ValueError, match="DnnTestPlain is registered .* since then plain.cc changed. Start a new"):
            dnn.ops.load(source)
    written(source, "// " + text("DnnTestNew").replace("\n", "\n// ") + "\n" + text("DnnTestRenamed"))
    assert callable(dnn.ops.load(source).dnn_test_renamed)


@needs_compiler
def test_a_repeated_load_looks_at_its_files_alone_and_sees_when_one_was_written(tmp_path, monkeypatch):
    source = written(tmp_path / "again.cc", registering("DnnTestAgain"))
    ops = dnn.ops.load(source)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    with monkeypatch.context() as patch:
        patch.setattr("dnn.ops.loading.source_of", None)
        assert dnn.ops.load("again.cc") is dnn.ops.load("~/again.cc") is ops
    os.utime(source, (1, 1))
    assert dnn.ops.load(source) is ops
    source.unlink()
    with pytest.raises(FileNotFoundError, match=f"{source}"):
        dnn.ops.load(source)


@needs_compiler
def test_a_file_that_is_saved_while_its_library_is_loaded_is_not_taken_for_the_one_that_was_compiled(
    tmp_path, monkeypatch
):
    source = written(tmp_path / "meanwhile.cc", registering("DnnTestMeanwhile"))

    def builds_and_saves(*arguments):
        library = build(*arguments)
        written(source, source.read_text("utf-8") + "int more = 1;")
        return library

    with monkeypatch.context() as patch:
        patch.setattr("dnn.ops.loading.build", builds_and_saves)
        dnn.ops.load(source)
    with pytest.raises(ValueError, match="since then meanwhile.cc changed"):
        dnn.ops.load(source)


@needs_compiler
def test_autograph_does_not_warn_of_an_op(caplog):
    ops = dnn.ops.load(SOURCE)

    def both(x):
        return ops.dnn_test_plus_one(ops.DnnTestPlusOne(x=x)), dnn.ops.load(SOURCE).DnnTestPlusOne(x=x)

    tf.function(both, input_signature=[tf.TensorSpec([None])]).get_concrete_function()
    assert "AutoGraph" not in caplog.text


@needs_compiler
def test_a_library_that_cannot_be_loaded_leaves_nothing_and_is_loaded_when_it_is_corrected(tmp_path):
    crash = "int crash = *static_cast<volatile int*>(nullptr);"
    source = written(tmp_path / "bad.cc", registering("DnnTestCorrected", more=crash))
    with pytest.raises(RuntimeError, match="bad.cc cannot be loaded into TensorFlow"):
        dnn.ops.load(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    written(source, registering("DnnTestCorrected"))
    assert callable(dnn.ops.load(source, cache=tmp_path / "cache").dnn_test_corrected)


@needs_compiler
def test_an_op_that_is_half_registered_nevertheless_is_named(tmp_path, monkeypatch):
    names = ("DnnTestHalf", "DnnTestOther")
    monkeypatch.setattr("dnn.ops.build.trial", lambda: nullcontext(lambda *_: names))  # the trial finds nothing
    source = written(tmp_path / "half.cc", registering(*names, input="x: nonsense"))
    message = r"(?s)half.cc cannot be .* the op DnnTestHalf is half registered: start a new proc"
    with pytest.raises(RuntimeError, match=message):
        dnn.ops.load(source, cache=tmp_path / "cache")


@needs_compiler
def test_what_the_compiler_says_is_shown(tmp_path):
    source = written(tmp_path / "bad.cc", '#error "this is not C++"\nREGISTER_OP("DnnTestBad");\n')
    with pytest.raises(RuntimeError, match=r"(?s)bad.cc does not compile; .*#error \"this is not C\+\+\".*-O3"):
        dnn.ops.load(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@needs_compiler
def test_a_source_in_latin_1_is_compiled(tmp_path):
    source = tmp_path / "latin.cc"
    source.write_bytes(registering("DnnTestLatin").encode() + b"// gr\xf6\xdfer\n")
    assert callable(dnn.ops.load(source).dnn_test_latin)
    source.write_bytes(b"gr\xf6\xdfer\n")
    with pytest.raises(RuntimeError, match="latin.cc does not compile"):
        dnn.ops.load(source)


@pytest.mark.parametrize("path", ["nothing.cc", "nothing.so", "nowhere/nothing.cc"])
def test_a_file_that_is_not_there_is_named(path):
    with pytest.raises(FileNotFoundError, match=f"there is no such file to load ops from: '{Path.cwd() / path}'"):
        dnn.ops.load(path)


def test_a_folder_and_a_file_of_another_kind_are_refused(tmp_path):
    with pytest.raises(IsADirectoryError, match="is a folder, not a file: ops are loaded from a source or a library"):
        dnn.ops.load(tmp_path)
    with pytest.raises(ValueError, match=r"cube.txt must have one of the suffixes .cc .cpp .cxx .so .dylib"):
        dnn.ops.load(written(tmp_path / "cube.txt", ""))


def test_a_library_of_another_tensorflow_is_refused_before_it_is_loaded(tmp_path):
    library = tmp_path / "old.so"
    library.write_bytes(sealed(b"\x7fELF\0", Library("TensorFlow 2.15.0 v2.15.0-rc1", "g++", (), (), ("A", "B"))))
    with pytest.raises(RuntimeError, match=rf"for TensorFlow 2.15.0 .*, but this is {re.escape(tensorflow_version())}"):
        dnn.ops.load(library)


@needs_compiler
def test_a_cache_may_be_the_current_folder(tmp_path, monkeypatch):
    written(tmp_path / "here.cc", registering("DnnTestHere"))
    monkeypatch.chdir(tmp_path)
    assert callable(dnn.ops.load("here.cc", cache=".").dnn_test_here)
    assert list(tmp_path.glob("here-*.so"))
