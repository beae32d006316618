"""The folder of libraries: where it is, what is said where it cannot be, and that others wait or are killed."""

import fcntl
import logging
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

import dnn.ops.cache
from dnn.ops.build import build
from dnn.ops.cache import cache_folder, one_at_a_time, working_folder, write_at_once
from dnn.ops.compiler import source_of

SOURCE = Path(__file__).with_name("plus_one.cc")
REMEDY = "give load another folder for libraries: cache=…, or set XDG_CACHE_HOME"
# the module alone, so that no process waits for TensorFlow
ALONE = f"import pathlib, runpy, sys, time\ncache = runpy.run_path({dnn.ops.cache.__file__!r})\n"


def another_process(program: str, *arguments: object) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", ALONE + program, *map(str, arguments)], stdout=subprocess.PIPE)


def test_the_cache_is_where_the_system_wants_it(monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", "/caches")
    assert cache_folder(None) == Path("/caches/dnn/ops").resolve()
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder(None) == Path("~/.cache/dnn/ops").expanduser().resolve()
    assert cache_folder("~/libraries") == Path("~/libraries").expanduser().resolve()


def test_an_unknown_home_is_named_with_a_remedy(monkeypatch):
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
def test_an_existing_cache_that_cannot_be_written_is_named():
    with pytest.raises(OSError, match=REMEDY), working_folder(Path("/proc")):
        pass


def test_a_read_only_cache_is_named(tmp_path):
    tmp_path.chmod(0o500)
    if os.access(tmp_path, os.W_OK):
        pytest.skip("this user may write everywhere")
    with pytest.raises(PermissionError, match=REMEDY), working_folder(tmp_path):
        pass


def test_a_killed_process_leaves_its_folder_alone_which_is_removed_after_an_hour(tmp_path):
    program = "with cache['working_folder'](pathlib.Path(sys.argv[1])) as folder:\n"
    program += "    folder.joinpath('half').touch()\n    print('ready', flush=True)\n    time.sleep(300)\n"
    with another_process(program, tmp_path) as process:
        assert process.stdout.readline() == b"ready\n"
        process.kill()
    assert process.returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    assert left.joinpath("half").exists()
    with working_folder(tmp_path):
        assert left.exists()  # it could still be in use
    os.utime(left, (time.time() - 4000,) * 2)
    with working_folder(tmp_path) as folder:
        assert list(tmp_path.iterdir()) == [folder]
    assert not list(tmp_path.iterdir())


def test_a_file_is_there_with_all_its_bytes_or_as_it_was(tmp_path, monkeypatch):
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def fails(*arguments):
        raise OSError(28, "No space left on device")

    with working_folder(tmp_path) as folder:
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", fails)
            with pytest.raises(OSError, match=f"No space left on device; {REMEDY}"):
                write_at_once(b"new", file, folder)
        assert file.read_bytes() == b"old"
        write_at_once(b"new", file, folder)
    assert file.read_bytes() == b"new"


def test_another_process_waits_until_the_file_is_free(tmp_path):
    file = tmp_path / "file"
    file.touch()
    program = "with cache['one_at_a_time'](pathlib.Path(sys.argv[1])):\n    print('locked', flush=True)\n"
    with one_at_a_time(file):
        process = another_process(program, file)
        time.sleep(0.5)
        assert process.poll() is None
        with file.open("rb") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    with process:
        assert process.stdout.readline() == b"locked\n"


def test_who_waits_for_one_that_was_stopped_goes_on_and_says_so(tmp_path, caplog):
    file = tmp_path / "file"
    file.touch()
    with caplog.at_level(logging.INFO, "dnn"), one_at_a_time(file):
        with one_at_a_time(file, patience=0.2):
            pass
        with one_at_a_time(file, patience=0.0):
            pass
    assert caplog.messages == [f"waiting for another process that compiles {file}"]
