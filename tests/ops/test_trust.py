"""The cache: a library that this user did not build there, or that was changed, is compiled again and never run."""

import os
import stat
import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from registering import registering, written

import dnn
import dnn.ops.trust
from dnn.ops.build import build
from dnn.ops.compiler import compiler, source_of
from dnn.ops.library import sealed
from dnn.ops.trial import trial
from dnn.ops.trust import KEY, path_to_load, private_folder, read_trusted, signed

SOURCE = Path(__file__).with_name("plus_one.cc")
MARK = '#include <cstdio>\n__attribute__((constructor)) static void run() {{ fclose(fopen("{file}", "w")); }}'


def planted(source: Path, op: str, mark: Path, library: Path) -> bytes:
    """Return a library as one who knows this project would plant it: with the op, the stamp, and code that runs."""
    evil = written(source.with_name("evil.cc"), registering(op, more=MARK.format(file=mark)))
    command = [*compiler(), "-shared", "-fPIC", str(evil), "-o", str(library), *tf.sysconfig.get_link_flags()]
    subprocess.run(command, check=True)
    return library.read_bytes()


def by_name(library: Path, data: bytes, cache: Path) -> None:
    library.write_bytes(data)


def by_link(library: Path, data: bytes, cache: Path) -> None:
    library.unlink()
    library.symlink_to(written(cache.parent / "elsewhere.so", ""))
    library.write_bytes(data)


def in_an_open_folder_with_its_own_key(library: Path, data: bytes, cache: Path) -> None:
    beginning, key = library.with_name(library.stem.rpartition("-")[0]), b"k" * 32
    cache.joinpath(KEY).write_bytes(key)
    library.unlink()
    signed(beginning, data, key).write_bytes(data)
    cache.chmod(0o777)


@needs_compiler
@pytest.mark.parametrize("plant", [by_name, by_link, in_an_open_folder_with_its_own_key])
def test_a_planted_library_is_compiled_again_and_not_run(plant, tmp_path, caplog, monkeypatch):
    op, mark, cache = f"DnnTestPlanted{plant.__name__.title().replace('_', '')}", tmp_path / "ran", tmp_path / "cache"
    monkeypatch.setattr("dnn.ops.build.trial", lambda: nullcontext(lambda *_: (op,)))  # a process less
    source = written(tmp_path / "mine.cc", registering(op))
    library = build(source_of(source, ()), cache)
    code = planted(source, op, mark, tmp_path / "evil.so")
    plant(library.file, sealed(code, library), cache)
    ops = dnn.ops.load(source, cache=cache)
    assert not mark.exists()
    assert callable(getattr(ops, op))
    assert len(caplog.messages) == 1
    assert "is not used" in caplog.text
    if plant is by_name:
        with trial() as ops_in:
            ops_in(tmp_path / "evil.so", source)
        assert mark.exists()  # where it is loaded, it runs


@pytest.fixture
def library(tmp_path, fake_compiler):
    """A library in a cache of this user."""
    fake_compiler('echo code > "$out"')
    return build(source_of(SOURCE, ()), tmp_path / "cache").file


def test_what_is_written_there_is_for_this_user_alone(library, tmp_path):
    for path in (library, library.parent, library.parent / KEY):
        assert not path.stat().st_mode & 0o077
    assert private_folder(tmp_path / "new/cache") == tmp_path / "new/cache"
    assert not tmp_path.joinpath("new").stat().st_mode & 0o077


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (lambda file: file.chmod(0o620), "others have rights to it: its mode is 0620"),
        (lambda file: file.write_bytes(file.read_bytes() + b"x"), "it is not what this user built under this name"),
        (lambda file: file.with_name(KEY).unlink(), "it is not what this user built under this name"),
        (lambda file: file.with_name(KEY).chmod(0o640), "others have rights to it: its mode is 0640"),
        (lambda file: (file.unlink(), file.symlink_to(SOURCE)), "it is a link"),
        (lambda file: (file.unlink(), os.mkfifo(file, 0o600)), "it is not a file"),
    ],
    ids=["writable", "changed", "key lost", "key readable", "link", "pipe"],
)
def test_a_file_that_cannot_be_trusted_is_removed_with_a_line_in_the_log(change, problem, library, caplog):
    change(library)
    assert read_trusted(library) is None
    assert f"is not used but removed: {problem}" in caplog.messages[0]
    assert not library.is_file()
    assert build(source_of(SOURCE, ()), library.parent).file.is_file()


def test_what_was_checked_is_loaded_whatever_takes_its_name_since(library):
    data, path = library.read_bytes(), Path(path_to_load(library))
    library.unlink()
    library.write_bytes(b"another")
    if path != library:  # where there is no /proc
        assert path.read_bytes() == data
    with pytest.raises(RuntimeError, match="was changed while it was loaded: it is not what this user built"):
        path_to_load(library)


def test_a_library_under_another_name_is_not_used(library):
    other = library.with_name("other-" + library.name.rpartition("-")[2])
    library.rename(other)
    assert read_trusted(other) is None


def test_nothing_of_another_user_is_used(library, monkeypatch, caplog):
    state = os.fstat(os.open(library, os.O_RDONLY))
    monkeypatch.setattr(dnn.ops.trust.os, "geteuid", lambda: state.st_uid + 1)
    folder = private_folder(library.parent)
    assert folder != library.parent
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert private_folder(library.parent) == folder
    assert [f"it belongs to user {state.st_uid}" in line for line in caplog.messages] == [True]
    assert read_trusted(library) is None


def test_a_folder_that_others_can_replace_is_not_used(library, tmp_path):
    tmp_path.chmod(0o777)
    assert private_folder(library.parent) != library.parent
    tmp_path.chmod(0o1777)
    assert private_folder(library.parent) == library.parent
