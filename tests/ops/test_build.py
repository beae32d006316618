"""Building: what is built once, what is built again, and what a failed build leaves."""

import hashlib
import logging
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

from dnn.ops.build import build
from dnn.ops.compiler import compiler, source_of
from dnn.ops.library import MARK, library_in

SOURCE = Path(__file__).with_name("plus_one.cc")


def contents(file: Path) -> bytes:
    assert library_in(file.read_bytes(), file)
    return file.read_bytes().rpartition(MARK)[0]


@pytest.fixture
def source(tmp_path):
    """A source and its header, to be changed."""
    return [written(tmp_path / name, SOURCE.with_name(name).read_text("utf-8")) for name in ("one.h", "plus_one.cc")][1]


def test_a_build_that_fails_midway_leaves_nothing(tmp_path, fake_compiler):
    fake_compiler('echo half > "$out"; echo out of memory >&2; exit 1')
    with pytest.raises(RuntimeError, match="the compiler says:\nout of memory\n"):
        build(source_of(SOURCE, ()), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("exit 0", r"the compiler .*/compiler wrote no library for .*plus_one.cc: set CXX to another"),
        ("exit 3", "the compiler says:\nnothing; its exit code is 3\nIt was called in"),
        (r"printf '\344\n' >&2; exit 1", "the compiler says:\n\ufffd\nIt was called in"),
        ("seq 50 >&2; exit 1", "\n49\n50\nIt was called in"),
        ("seq 5000 >&2; exit 1", "the compiler says:\n1\n(.+\n){48}50\n… and 4950 more lines\nIt was called in"),
    ],
)
def test_a_compiler_that_fails_in_its_own_way_is_told_of(lines, message, tmp_path, fake_compiler):
    fake_compiler(lines)
    with pytest.raises(RuntimeError, match=message):
        build(source_of(SOURCE, ()), tmp_path / "cache")


def test_a_damaged_library_is_built_again(tmp_path, fake_compiler):
    fake_compiler('echo whole > "$out"')
    library = build(source_of(SOURCE, ()), tmp_path / "cache")
    library.file.write_bytes(library.file.read_bytes()[:-1])
    assert build(source_of(SOURCE, ()), tmp_path / "cache") == library
    assert contents(library.file) == b"whole\n"


@pytest.mark.parametrize("locks", [True, False])
def test_of_several_that_build_at_once_one_compiles_where_a_file_can_be_locked(
    locks, tmp_path, fake_compiler, monkeypatch
):
    """And otherwise each does. Either way one whole library is left."""
    builds = tmp_path / "builds"
    fake_compiler(f'echo once >> {builds}; echo first >> "$out"; sleep 0.3; echo second >> "$out"')
    if not locks:
        monkeypatch.setitem(sys.modules, "fcntl", None)
    source, cache = source_of(SOURCE, ()), tmp_path / "cache"
    begin = threading.Barrier(4)
    threads = [threading.Thread(target=lambda: (begin.wait(), build(source, cache))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (builds.read_text("utf-8") == "once\n") == locks
    assert [contents(path) for path in cache.glob("*.so")] == [b"first\nsecond\n"]


def test_compilers_and_versions_of_a_header_have_libraries_beside_each_other(source, tmp_path, fake_compiler):
    builds, header = tmp_path / "builds", source.with_name("one.h")

    def built(version, one):
        fake_compiler(f'echo once >> {builds}; cat {header} > "$out"', version)
        written(header, one)
        return build(source_of(source, ()), tmp_path / "cache")

    ways = [("fake 1", "one"), ("fake 1", "two"), ("fake 2", "two")]
    first = [built(*way) for way in ways]
    assert [built(*way) for way in ways] == first
    assert [contents(library.file) for library in first] == [b"one", b"two", b"two"]
    assert builds.read_text("utf-8") == 3 * "once\n"


def test_that_it_compiles_and_what_the_compiler_warns_of_is_told_once(tmp_path, fake_compiler, recwarn, caplog):
    fake_compiler('echo whole > "$out"; echo "unused variable" >&2')
    with caplog.at_level(logging.INFO, "dnn"):
        with pytest.warns(UserWarning, match=f"{SOURCE}: the compiler warns:\nunused variable"):
            build(source_of(SOURCE, ()), tmp_path)
        build(source_of(SOURCE, ()), tmp_path)
    assert caplog.messages == [f"compiling {SOURCE}"]
    assert not recwarn.list


def test_a_library_is_built_again_when_anything_it_is_made_of_changes(source, tmp_path, monkeypatch, fake_compiler):
    builds, header = tmp_path / "builds", source.with_name("one.h")
    fake_compiler(f'echo x > "$out"; echo once >> {builds}')

    def builds_after(*flags: str) -> int:
        for _ in range(2):  # the second time there is nothing to do
            build(source_of(source, flags), tmp_path / "cache")
        return len(builds.read_text("utf-8").split())

    assert builds_after() == 1
    assert builds_after("-DLONG=" + "1" * 300) == 2
    written(header, "#define ONE 3.0f\n")
    assert builds_after() == 3
    fake_compiler(f'echo x > "$out"; echo once >> {builds}', version="fake 2")
    assert builds_after() == 4
    monkeypatch.setattr(tf.version, "GIT_VERSION", "another")
    assert builds_after() == 5
    written(source, source.read_text("utf-8") + "// more\n")
    assert builds_after() == 6
    monkeypatch.setenv("CPATH", "headers")
    assert builds_after() == 7
    listed = written(source.parent / "flags.txt", "-DONE=1")
    assert builds_after("@flags.txt") == 8
    written(listed, "-DONE=2")
    assert builds_after("@flags.txt") == 9
    header.unlink()
    build(source_of(source, ()), tmp_path / "cache")
    assert len(builds.read_text("utf-8").split()) == 10


def test_a_header_that_is_saved_while_the_compiler_runs_is_told_of_and_no_library_is_kept(
    source, tmp_path, fake_compiler
):
    header = source.with_name("one.h")
    fake_compiler(f'echo x > "$out"; echo "#define ONE 3.0f" > {header}')
    with pytest.raises(RuntimeError, match=f"{source}, or a file that it includes, was saved meanwhile: load it again"):
        build(source_of(source, ()), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    assert build(source_of(source, ()), tmp_path / "cache") == build(source_of(source, ()), tmp_path / "cache")


@pytest.mark.parametrize("missing", ["/nowhere/c++", "/bin/false"])
def test_what_was_built_before_needs_no_compiler(missing, source, tmp_path, monkeypatch, fake_compiler):
    fake_compiler('echo x > "$out"')
    built = build(source_of(source, ()), tmp_path)
    monkeypatch.setenv("CXX", missing)
    assert build(source_of(source, ()), tmp_path) == built
    written(source.with_name("one.h"), "#define ONE 3.0f\n")
    with pytest.raises(RuntimeError, match=r"C\+\+ compiler"):
        build(source_of(source, ()), tmp_path)


@needs_compiler
def test_files_among_the_flags_and_headers_that_they_lead_to_are_part_of_a_library(tmp_path):
    more = '#include <beside a.h>\n#include "../up.h"\nextern "C" int one();\nint value = one();'
    source = written(tmp_path / "source" / "ops.cc", registering("DnnTestParts", more=more))
    files = [written(tmp_path / name, "") for name in ("source/include/beside a.h", "up.h")]
    files.append(written(tmp_path / "source" / "one.c", "int one() { return 1; }\n"))
    options = ("-w", "-Iinclude", "-x", "c", "one.c")
    built = build(source_of(source, options), tmp_path / "cache")
    assert [name for name, _ in built.made_of] == ["../up.h", "include/beside a.h", "one.c", "ops.cc"]
    written(files[-1], "int one() { return 2; }\n")
    assert build(source_of(source, options), tmp_path / "cache") != built


@needs_compiler
def test_a_library_that_is_a_flag_is_part_of_a_library(tmp_path):
    source = written(tmp_path / "ops.cc", registering("DnnTestLinked", more="int one();\nint value = one();"))
    part = tmp_path / "one.o"
    code = written(tmp_path / "one.cc", "int one() { return 1; }\n")
    subprocess.run([*compiler(), "-c", "-fPIC", str(code), "-o", str(part)], check=True)
    library = build(source_of(source, ("one.o",)), tmp_path / "cache")
    assert ("one.o", hashlib.sha256(part.read_bytes()).hexdigest()) in library.made_of


@needs_compiler
def test_a_library_is_built_again_when_a_part_of_it_changes(tmp_path):
    source = written(tmp_path / "ops.cc", registering("DnnTestInParts", more="int one();\nint value = one();"))
    part = written(tmp_path / "one.cc", '#include "one.h"\nint one() { return ONE; }\n')
    header = written(tmp_path / "one.h", "#define ONE 1\n")
    built = [build(source_of(source, ("one.cc",)), tmp_path / "cache")]
    assert [name for name, _ in built[0].made_of] == ["one.cc", "one.h", "ops.cc"]
    written(header, "#define ONE 2\n")
    built.append(build(source_of(source, ("one.cc",)), tmp_path / "cache"))
    written(part, "int one() { return 3; }\n")
    built.append(build(source_of(source, ("one.cc",)), tmp_path / "cache"))
    assert len({library.file for library in built}) == 3
    written(part, "int one() { return; }\n")
    with pytest.raises(RuntimeError, match=r"ops.cc does not compile; the compiler says:\n(?s:.*)one.cc:1"):
        build(source_of(source, ("one.cc",)), tmp_path / "cache")


def test_the_trial_begins_before_the_compiler(tmp_path, fake_compiler, monkeypatch):
    fake_compiler(f'[ -e {tmp_path}/begun ] && echo whole > "$out"')

    @contextmanager
    def noted():
        tmp_path.joinpath("begun").touch()
        yield lambda *_: ("DnnTestPlusOne",)

    monkeypatch.setattr("dnn.ops.build.trial", noted)
    build(source_of(SOURCE, ()), tmp_path / "cache")
