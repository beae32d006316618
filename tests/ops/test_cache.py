"""The folder of libraries: where it is, and what is said where it cannot be."""

import fcntl
import logging
import os
import pwd
from pathlib import Path

import pytest

from dnn.ops.build import build
from dnn.ops.cache import cache_folder, one_at_a_time, working_folder
from dnn.ops.compiler import source_of

SOURCE = Path(__file__).with_name("plus_one.cc")
REMEDY = "give load another folder for libraries: cache=…, or set XDG_CACHE_HOME"


def test_the_cache_is_where_the_system_wants_it(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder(None) == Path("/caches/dnn/ops")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(None) == Path.home() / ".cache/dnn/ops"
    assert cache_folder("~/libraries") == Path.home() / "libraries"


def test_an_unknown_home_is_told_of_with_another_way(monkeypatch):
    def unknown(user):
        raise KeyError(user)

    for name in ("HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", unknown)
    with pytest.raises(RuntimeError, match=f"this home folder is not known; {REMEDY}"):
        cache_folder(None)
    with pytest.raises(RuntimeError, match="^~no-such-user/cache: this home folder is not known"):
        cache_folder("~no-such-user/cache")


def test_a_cache_that_cannot_be_made_is_named(tmp_path, fake_compiler):
    fake_compiler("exit 3")
    tmp_path.joinpath("file").touch()
    with pytest.raises(OSError, match=REMEDY) as error:
        build(source_of(SOURCE, ()), tmp_path / "file" / "cache")
    assert error.value.filename == str(tmp_path / "file" / "cache")


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="no folder is known in which nobody can write")
def test_an_existing_cache_that_cannot_be_written_is_named(fake_compiler):
    fake_compiler("exit 3")
    with pytest.raises(OSError, match=REMEDY):
        build(source_of(SOURCE, ()), Path("/proc"))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_cache_is_named(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(PermissionError, match=REMEDY), working_folder(tmp_path):
        pass


def test_who_waits_for_one_that_was_stopped_goes_on_and_says_so(tmp_path, caplog):
    file = tmp_path / "file"
    file.touch()
    with caplog.at_level(logging.INFO, "dnn"), one_at_a_time(file):
        with one_at_a_time(file, patience=0.2):
            pass
        with one_at_a_time(tmp_path.joinpath("file"), patience=0.0):
            pass
    assert caplog.messages == [f"waiting for another process that compiles {file}"]
    with one_at_a_time(file, patience=0.0), file.open("rb") as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
