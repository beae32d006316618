"""The folder of libraries: where it is, and how something is written there, whoever else writes or is killed."""

import contextlib
import itertools
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

BUILDING = "building-"
LONGEST_BUILD, LONGEST_WAIT = 3600, 300  # seconds
ELSEWHERE = "give load another folder for libraries: cache=…, or set XDG_CACHE_HOME"


def cache_folder(cache: str | Path | None) -> Path:
    """The one that is given; without it $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.

    Raises: RuntimeError if it is in a home folder which is not known.
    """
    folder = Path(cache) if cache else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "dnn", "ops")
    try:
        return folder.expanduser().resolve()  # a name without a slash would be searched for among the system's
    except RuntimeError as error:
        raise RuntimeError(f"{folder}: this home folder is not known; {ELSEWHERE}") from error


@contextlib.contextmanager
def working_folder(cache: Path) -> Iterator[Path]:
    """A new folder in the cache, which is made if it is not there. It is removed at the end, or an hour after a kill.

    Raises: OSError, with another way, if the cache cannot be written.
    """
    with writing(cache):
        cache.mkdir(parents=True, exist_ok=True, mode=0o700)  # what lies here is run
        _clear(cache)
        folder = tempfile.TemporaryDirectory(dir=cache, prefix=BUILDING)
    with folder as path:
        yield Path(path)


@contextlib.contextmanager
def one_at_a_time(file: Path, patience: float = LONGEST_WAIT) -> Iterator[None]:
    """Others wait at the same file, in other processes too, where the system can lock it; so many seconds, since who
    holds it may have been stopped, and then it saves no work, but does no harm. A kill ends the lock.
    """
    try:
        import fcntl
    except ImportError:  # Windows, where no ops are built
        yield
        return
    with file.open("rb") as held:
        _wait_for(lambda: fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB), file, patience)
        try:
            yield
        finally:
            with contextlib.suppress(OSError):
                fcntl.flock(held, fcntl.LOCK_UN)  # a child that was forked meanwhile would hold it on


def _wait_for(lock: Callable[[], None], file: Path, patience: float) -> None:
    until = time.monotonic() + patience
    for wait in itertools.count():
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() > until:
                return None
            if not wait:
                logging.getLogger("dnn").info("waiting for another that compiles %s", file)
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return None


def place(data: bytes, file: Path, folder: Path) -> None:
    """Write a file at once: the bytes into a new one in the working folder, which then takes the other's name."""
    with writing(file.parent), folder.joinpath("placed").open("wb") as new:
        new.write(data)
        new.flush()
        os.fsync(new.fileno())
        os.replace(new.name, file)


@contextlib.contextmanager
def writing(cache: Path) -> Iterator[None]:
    """An error of writing in the cache says what to do."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; {ELSEWHERE}", str(cache)) from error


def _clear(cache: Path) -> None:
    """Remove what killed builds have left: younger ones may still be at work."""
    for left in cache.glob(f"{BUILDING}*"):
        with contextlib.suppress(FileNotFoundError):  # another build has removed it
            if time.time() - left.stat().st_mtime > LONGEST_BUILD:
                shutil.rmtree(left, ignore_errors=True)
