"""Loading: what is built once, what is refused, and what is said."""

import os
import re
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

import dnn
from dnn.ops.build import SEAL, build, cache_folder, is_whole, recipe
from dnn.ops.compiler import compile_flags, tensorflow_version
from dnn.ops.sources import ops_of, sources_of
from dnn.ops.stamp import read_stamp, stamp

SOURCE = Path(__file__).with_name("plus_one.cc")


def written(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


@pytest.fixture
def fake_compiler(tmp_path, monkeypatch):
    """Makes $CXX a script: `--version` tells a version, and otherwise the given lines run, with $out to write to."""

    def install(lines: str, version: str = "fake 1") -> None:
        folder = tmp_path / "compilers"
        folder.mkdir(exist_ok=True)
        path = folder / f"compiler-{len(list(folder.iterdir()))}"
        told = f'[ "$1" = --version ] && echo "{version}" && exit'
        head = f'#!/bin/sh\n{told}\nwhile [ "$1" != -o ]; do shift; done\nout=$2\n'
        written(path, head + lines + "\n").chmod(0o700)
        monkeypatch.setenv("CXX", str(path))

    return install


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
def test_a_changed_source_needs_a_new_process(tmp_path):
    dnn.ops.load(SOURCE)
    changed = written(tmp_path / "plus_one.cc", SOURCE.read_text())
    written(tmp_path / "one.h", "#define ONE 2.0f\n")
    with pytest.raises(ValueError, match=r"op DnnTestPlusOne is there already, .* start a new process$"):
        dnn.ops.load(changed)
    assert dnn.ops.load(SOURCE).dnn_test_plus_one(1.0) == 2


@needs_compiler
def test_a_built_library_loads_in_a_process_of_its_own_and_not_beside_its_source():
    dnn.ops.load(SOURCE)
    library = recipe(SOURCE, (), cache_folder(None)).library
    with pytest.raises(ValueError, match="DnnTestPlusOne is there already"):
        dnn.ops.load(library)
    program = f"import dnn; ops = dnn.ops.load({str(library)!r}); print(ops.dnn_test_plus_one(1.0).numpy())"
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert process.stdout.strip() == "2.0", process.stderr[-2000:]


@needs_compiler
def test_what_the_compiler_says_is_shown(tmp_path):
    source = written(tmp_path / "bad.cc", '#error "this is not C++"\nREGISTER_OP("DnnTestBad");\n')
    with pytest.raises(RuntimeError, match=r"(?s)bad.cc does not compile; .*#error \"this is not C\+\+\".*-O3"):
        dnn.ops.load(source, cache=tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@needs_compiler
def test_an_undefined_symbol_is_said_to_be_one(tmp_path):
    text = 'void missing();\nstruct Caller { Caller() { missing(); } } caller;\n// REGISTER_OP("DnnTestUndefined")\n'
    with pytest.raises(RuntimeError, match=r"(?s)cannot be loaded into TensorFlow .*undefined symbol.*missing.*again"):
        dnn.ops.load(written(tmp_path / "undefined.cc", text), cache=tmp_path / "cache")


@pytest.mark.parametrize("path", ["nothing.cc", "nothing.so"])
def test_a_file_that_is_not_there_is_named(path):
    with pytest.raises(FileNotFoundError, match=f"there is no file {path} "):
        dnn.ops.load(path)


def test_an_op_of_tensorflow_s_is_taken(tmp_path, fake_compiler):
    fake_compiler("exit 3")
    with pytest.raises(ValueError, match="relu.cc: the op Relu is there already, from TensorFlow"):
        dnn.ops.load(written(tmp_path / "relu.cc", 'REGISTER_OP("Relu");'))


def test_a_source_without_an_op_is_refused(tmp_path, fake_compiler):
    fake_compiler("exit 3")
    with pytest.raises(ValueError, match=r"empty.cc registers no op: it has no REGISTER_OP"):
        dnn.ops.load(written(tmp_path / "empty.cc", "int one = 1;"))


def test_without_a_compiler_the_error_says_how_to_get_one(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("CXX", raising=False)
    with pytest.raises(RuntimeError, match=r"no C\+\+ compiler: none of c\+\+, g\+\+, clang\+\+ is there. Install one"):
        dnn.ops.load(SOURCE)


def test_a_wrong_cxx_is_named(monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler -v")
    with pytest.raises(RuntimeError, match=r"no C\+\+ compiler: \$CXX is 'no-such-compiler', which is not there"):
        dnn.ops.load(SOURCE)


def test_missing_headers_are_named(tmp_path, monkeypatch, fake_compiler):
    fake_compiler("exit 3")
    monkeypatch.setattr(tf.sysconfig, "get_include", lambda: str(tmp_path))
    with pytest.raises(RuntimeError, match=r"headers are missing: .* pip install --force-reinstall tensorflow$"):
        dnn.ops.load(SOURCE)


def test_a_library_of_another_tensorflow_is_refused_before_it_is_loaded(tmp_path):
    library = tmp_path / "old.so"
    library.write_bytes(b"\x7fELF\0" + stamp("TensorFlow 2.15.0 v2.15.0-rc1", ["A", "B"]).encode() + b"\0")
    assert read_stamp(library) == ("TensorFlow 2.15.0 v2.15.0-rc1", ("A", "B"))
    with pytest.raises(RuntimeError, match=rf"for TensorFlow 2.15.0 .*, but this is {re.escape(tensorflow_version())}"):
        dnn.ops.load(library)


def test_a_library_that_is_none_is_refused(tmp_path):
    with pytest.raises(RuntimeError, match=r"(?s)none.so cannot be loaded into TensorFlow .*build the library again"):
        dnn.ops.load(written(tmp_path / "none.so", "text"))


def test_a_cache_that_cannot_be_made_is_named(tmp_path, fake_compiler):
    fake_compiler("exit 3")
    file = written(tmp_path / "file", "")
    with pytest.raises(OSError, match=r"give load another folder for libraries: cache=…, or set XDG_CACHE_HOME"):
        dnn.ops.load(written(tmp_path / "a.cc", 'REGISTER_OP("DnnTestA");'), cache=file / "cache")


def test_a_build_that_fails_midway_leaves_nothing(tmp_path, fake_compiler):
    fake_compiler('echo half > "$out"; echo out of memory >&2; exit 1')
    wanted = recipe(SOURCE, (), tmp_path / "cache")
    with pytest.raises(RuntimeError, match="the compiler says:\nout of memory\n"):
        build(wanted)
    assert not list((tmp_path / "cache").iterdir())


def test_a_killed_build_leaves_no_library(tmp_path, fake_compiler):
    fake_compiler('echo half > "$out"; kill -9 $PPID')
    paths = f"Path({str(SOURCE)!r}), (), Path({str(tmp_path / 'cache')!r})"
    program = f"from pathlib import Path; from dnn.ops.build import build, recipe; build(recipe({paths}))"
    done = subprocess.run([sys.executable, "-c", program], timeout=120)
    assert done.returncode == -9
    assert not list((tmp_path / "cache").glob("*.so"))
    fake_compiler('echo whole > "$out"')
    wanted = recipe(SOURCE, (), tmp_path / "cache")
    build(wanted)
    assert wanted.library.read_bytes()[:-SEAL] == b"whole\n"


def test_a_damaged_library_is_built_again(tmp_path, fake_compiler):
    fake_compiler('echo whole > "$out"')
    wanted = recipe(SOURCE, (), tmp_path / "cache")
    for damaged in (
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"x" + data,
    ):
        build(wanted)
        assert is_whole(wanted.library)
        wanted.library.write_bytes(damaged(wanted.library.read_bytes()))
        assert not is_whole(wanted.library)
    build(wanted)
    assert is_whole(wanted.library)


def test_parallel_builds_end_with_one_whole_library(tmp_path, fake_compiler):
    fake_compiler('echo first >> "$out"; sleep 0.1; echo second >> "$out"')
    wanted = recipe(SOURCE, (), tmp_path / "cache")
    threads = [threading.Thread(target=build, args=(wanted,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [path.read_bytes()[:-SEAL] for path in (tmp_path / "cache").iterdir()] == [b"first\nsecond\n"]


def test_a_library_is_named_by_all_that_it_is_made_from(tmp_path, monkeypatch, fake_compiler):
    fake_compiler("exit 3")
    source, header = (written(tmp_path / n, SOURCE.with_name(n).read_text()) for n in ("plus_one.cc", "one.h"))

    def name() -> str:
        return recipe(source, (), tmp_path).library.name

    first = name()
    assert name() == first
    assert recipe(source, ("-g",), tmp_path).library.name != first
    written(header, "#define ONE 3.0f\n")
    other_header = name()
    fake_compiler("exit 3", version="fake 2")
    other_compiler = name()
    monkeypatch.setattr(tf.version, "GIT_VERSION", "another")
    other_tensorflow = name()
    written(source, source.read_text() + "// more\n")
    assert len({first, other_header, other_compiler, other_tensorflow, name()}) == 5


def test_the_cache_is_where_the_system_wants_it(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder(None) == Path("/caches/dnn/ops")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(None) == Path.home() / ".cache/dnn/ops"


def test_sources_are_followed_through_quoted_includes():
    sources = sources_of(SOURCE)
    assert {path.name for path in sources} == {"plus_one.cc", "one.h"}
    assert ops_of(sources) == ("DnnTestPlusOne",)


def test_tensorflow_s_headers_are_asked_for_with_its_own_standard_of_c_plus_plus():
    flags = compile_flags()
    assert any(re.fullmatch(r"-?-std=c\+\+\d\d", flag) for flag in flags)
    assert any(flag.startswith("-D_GLIBCXX_USE_CXX11_ABI=") for flag in flags)


@needs_compiler
def test_a_cache_may_be_the_current_folder(tmp_path):
    program = f"import dnn; print(dnn.ops.load({str(SOURCE)!r}, cache='.').dnn_test_plus_one(1.0).numpy())"
    environment = os.environ | {"PYTHONPATH": str(Path(dnn.__file__).parent.parent)}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.stdout.strip() == "2.0", done.stderr


def test_flags_in_one_text_are_refused():
    with pytest.raises(TypeError, match="flags must be texts in a tuple"):
        dnn.ops.load(SOURCE, flags="-O0")
