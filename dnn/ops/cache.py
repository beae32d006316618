"""The folder of libraries: where it is, and how a file is written there while others write, or are killed."""

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
REMEDY = "give load another folder for libraries: cache=…, or set XDG_CACHE_HOME"


def cache_folder(cache: str | Path | None) -> Path:
    """Return the absolute folder; None is $XDG_CACHE_HOME/dnn/ops, or ~/.cache/dnn/ops.

    Raises: RuntimeError if it is in an unknown home folder.
    """
    folder = Path(cache) if cache else Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache", "dnn", "ops")
    try:
        return folder.expanduser().resolve()  # a name without a slash would be searched for in the system's folders
    except RuntimeError as error:
        raise RuntimeError(f"{folder}: this home folder is not known; {REMEDY}") from error


@contextlib.contextmanager
def working_folder(cache: Path) -> Iterator[Path]:
    """Make a new folder in the cache. It is removed at the end, or, if the process is killed, by a build an hour later.

    Raises: OSError, with a remedy, if the cache cannot be written.
    """
    with remedy(cache):
        _remove_old_folders(cache)
        folder = tempfile.TemporaryDirectory(dir=cache, prefix=BUILDING)
    with folder as path:
        yield Path(path)


@contextlib.contextmanager
def one_at_a_time(file: Path, patience: float = LONGEST_WAIT) -> Iterator[None]:
    """Let others wait who lock the same file, in other processes too, where the system can lock it.

    They wait for `patience` seconds, since the holder may be stopped, and then go on: the lock saves work, and nothing
    breaks without it. It ends with the process.
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
                fcntl.flock(held, fcntl.LOCK_UN)  # a child that was forked meanwhile would keep it


def _wait_for(lock: Callable[[], None], file: Path, patience: float) -> None:
    until = time.monotonic() + patience
    for wait in itertools.count():
        try:
            return lock()
        except BlockingIOError:
            if time.monotonic() > until:
                return None
            if not wait:
                logging.getLogger("dnn").info("waiting for another process that compiles %s", file)
            time.sleep(0.05)
        except OSError:  # a file system without locks
            return None


def write_at_once(data: bytes, file: Path, folder: Path) -> None:
    """Write the data into a new file in the working folder, which then takes the name of `file`."""
    with remedy(file.parent), folder.joinpath("written").open("wb") as new:
        os.fchmod(new.fileno(), 0o600)
        new.write(data)
        new.flush()
        os.fsync(new.fileno())
        os.replace(new.name, file)


@contextlib.contextmanager
def remedy(cache: Path) -> Iterator[None]:
    """Add to an OSError what helps."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, f"{error.strerror}; {REMEDY}", str(cache)) from error


def _remove_old_folders(cache: Path) -> None:
    """Remove what killed builds have left; a younger folder may be in use."""
    for left in cache.glob(f"{BUILDING}*"):
        with contextlib.suppress(FileNotFoundError):  # another build has removed it
            if time.time() - left.stat().st_mtime > LONGEST_BUILD:
                shutil.rmtree(left, ignore_errors=True)
