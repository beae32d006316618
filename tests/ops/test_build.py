"""Building: what is built once, what is built again, and what a failed or killed build leaves."""

import hashlib
import logging
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

from dnn.ops.build import build
from dnn.ops.compiler import compiler, source_of
from dnn.ops.library import MARK, read_library

SOURCE = Path(__file__).with_name("plus_one.cc")


def contents(library: Path) -> bytes:
    assert read_library(library)
    return library.read_bytes().rpartition(MARK)[0]


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


def test_a_killed_build_leaves_no_library_and_its_folder_is_removed_after_an_hour(tmp_path, fake_compiler):
    cache = tmp_path / "cache"
    fake_compiler('echo half > "$out"; kill -9 $PPID')
    program = "from pathlib import Path; from dnn.ops.build import build; from dnn.ops.compiler import source_of; "
    program += f"build(source_of(Path({str(SOURCE)!r}), ()), Path({str(cache)!r}))"
    done = subprocess.run([sys.executable, "-c", program], timeout=120)
    assert done.returncode == -9
    (left,) = cache.iterdir()
    assert left.name.startswith("building-")
    fake_compiler('echo whole > "$out"')
    library = build(source_of(SOURCE, ()), cache)
    assert library.ops == ("DnnTestPlusOne",)
    assert contents(library.file) == b"whole\n"
    assert set(cache.iterdir()) == {left, library.file}  # it could still be at work
    os.utime(left, (time.time() - 4000,) * 2)
    library.file.unlink()
    assert build(source_of(SOURCE, ()), cache) == library
    assert list(cache.iterdir()) == [library.file]


def test_a_damaged_library_is_built_again(tmp_path, fake_compiler):
    fake_compiler('echo whole > "$out"')
    source, cache = source_of(SOURCE, ()), tmp_path / "cache"
    for damaged in (
        lambda data: data[:-1],
        lambda data: data[: len(data) // 2],
        lambda data: b"",
        lambda data: b"x" + data,
    ):
        library = build(source, cache)
        assert read_library(library.file) == library
        library.file.write_bytes(damaged(library.file.read_bytes()))
        assert read_library(library.file) is None
    assert build(source, cache) == library
    assert contents(library.file) == b"whole\n"


BUILDING = """
import sys; from pathlib import Path; from dnn.ops import build as building
from dnn.ops.compiler import source_of
building.ops_in = lambda library, name: ("DnnTestPlusOne",)
building.build(source_of(Path(sys.argv[1]), ()), Path(sys.argv[2]))
"""


def test_who_wants_a_library_that_another_builds_waits_for_it(tmp_path, fake_compiler):
    builds = tmp_path / "builds"
    fake_compiler(f'echo once >> {builds}; echo first >> "$out"; sleep 5; echo second >> "$out"')
    source, cache = source_of(SOURCE, ()), tmp_path / "cache"
    processes = [subprocess.Popen([sys.executable, "-c", BUILDING, SOURCE, cache]) for _ in range(2)]
    threads = [threading.Thread(target=build, args=(source, cache)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [process.wait() for process in processes] == [0, 0]
    assert builds.read_text() == "once\n"
    assert [contents(path) for path in cache.iterdir()] == [b"first\nsecond\n"]


def test_where_a_file_cannot_be_locked_each_builds_and_one_whole_library_is_left(tmp_path, fake_compiler, monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    fake_compiler('echo first >> "$out"; sleep 0.1; echo second >> "$out"')
    source, cache = source_of(SOURCE, ()), tmp_path / "cache"
    threads = [threading.Thread(target=build, args=(source, cache)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [contents(path) for path in cache.iterdir()] == [b"first\nsecond\n"]


def test_compilers_and_versions_of_a_header_have_libraries_beside_each_other(tmp_path, fake_compiler):
    source, header = (written(tmp_path / name, SOURCE.with_name(name).read_text()) for name in ("plus_one.cc", "one.h"))
    builds = tmp_path / "builds"

    def built(version, one):
        fake_compiler(f'echo once >> {builds}; cat {header} > "$out"', version)
        written(header, one)
        return build(source_of(source, ()), tmp_path / "cache")

    ways = [("fake 1", "one"), ("fake 1", "two"), ("fake 2", "two")]
    first = [built(*way) for way in ways]
    assert [built(*way) for way in ways] == first
    assert [contents(library.file) for library in first] == [b"one", b"two", b"two"]
    assert builds.read_text() == 3 * "once\n"


def test_that_it_compiles_and_what_the_compiler_warns_of_is_told_once(tmp_path, fake_compiler, recwarn, caplog):
    fake_compiler('echo whole > "$out"; echo "unused variable" >&2')
    with caplog.at_level(logging.INFO, "dnn"):
        with pytest.warns(UserWarning, match=f"{SOURCE}: the compiler warns:\nunused variable"):
            build(source_of(SOURCE, ()), tmp_path)
        build(source_of(SOURCE, ()), tmp_path)
    assert caplog.messages == [f"compiling {SOURCE}"]
    assert not recwarn.list


def test_a_library_is_built_again_when_anything_it_is_made_of_changes(tmp_path, monkeypatch, fake_compiler):
    source, header = (written(tmp_path / name, SOURCE.with_name(name).read_text()) for name in ("plus_one.cc", "one.h"))
    builds = tmp_path / "builds"
    fake_compiler(f'echo x > "$out"; echo once >> {builds}')

    def builds_after(*flags: str) -> int:
        for _ in range(2):  # the second time there is nothing to do
            build(source_of(source, flags), tmp_path / "cache")
        return len(builds.read_text().split())

    assert builds_after() == 1
    assert builds_after("-DLONG=" + "1" * 300) == 2
    written(header, "#define ONE 3.0f\n")
    assert builds_after() == 3
    fake_compiler(f'echo x > "$out"; echo once >> {builds}', version="fake 2")
    assert builds_after() == 4
    monkeypatch.setattr(tf.version, "GIT_VERSION", "another")
    assert builds_after() == 5
    written(source, source.read_text() + "// more\n")
    assert builds_after() == 6
    monkeypatch.setenv("CPATH", "headers")
    assert builds_after() == 7
    listed = written(source.parent / "flags.txt", "-DONE=1")
    assert builds_after("@flags.txt") == 8
    written(listed, "-DONE=2")
    assert builds_after("@flags.txt") == 9
    header.unlink()
    build(source_of(source, ()), tmp_path / "cache")
    assert len(builds.read_text().split()) == 10


def test_a_header_that_is_saved_while_the_compiler_runs_is_told_of_and_no_library_is_kept(tmp_path, fake_compiler):
    source, header = (written(tmp_path / name, SOURCE.with_name(name).read_text()) for name in ("plus_one.cc", "one.h"))
    fake_compiler(f'echo x > "$out"; echo "#define ONE 3.0f" > {header}')
    with pytest.raises(RuntimeError, match=f"{source}, or a file that it includes, was saved meanwhile: load it again"):
        build(source_of(source, ()), tmp_path / "cache")
    assert not list((tmp_path / "cache").iterdir())
    assert build(source_of(source, ()), tmp_path / "cache") == build(source_of(source, ()), tmp_path / "cache")


@pytest.mark.parametrize("missing", ["/nowhere/c++", "/bin/false"])
def test_what_was_built_before_needs_no_compiler(missing, tmp_path, monkeypatch, fake_compiler):
    source, header = (written(tmp_path / name, SOURCE.with_name(name).read_text()) for name in ("plus_one.cc", "one.h"))
    fake_compiler('echo x > "$out"')
    built = build(source_of(source, ()), tmp_path)
    monkeypatch.setenv("CXX", missing)
    assert build(source_of(source, ()), tmp_path) == built
    written(header, "#define ONE 3.0f\n")
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
    for number in (1, 2):
        code = written(tmp_path / "one.cc", f"int one() {{ return {number}; }}\n")
        subprocess.run([*compiler(), "-c", "-fPIC", str(code), "-o", str(part)], check=True)
        library = build(source_of(source, ("one.o",)), tmp_path / "cache")
        assert ("one.o", hashlib.sha256(part.read_bytes()).hexdigest()) in library.made_of
