"""What is written is on the disk before it gets its name: a folder is complete or not there, also after a crash.

A file that was written may be in memory only for half a minute; `fsync` of the file puts its content on the disk, and
`fsync` of a folder the names in it. The order is that of SQLite and of every journal: content, rename, folder.
"""

import errno
import os
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO


def flush(path: Path) -> None:
    """Put a file's content, or the names in a folder, on the disk; some file systems know no way to do the latter."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)


def flush_all(folder: Path) -> None:
    """Put all that a folder holds on the disk, from the files up to the folder itself; links and pipes left out."""
    for parent, _, names in os.walk(folder, topdown=False):
        files = [Path(parent, name) for name in names]
        for path in (*(path for path in files if path.is_file() and not path.is_symlink()), Path(parent)):
            flush(path)


def make_durable_folder(place: Path, fill: Callable[[Path], None]) -> None:
    """Make a folder with what `fill` writes into it: whole and on the disk, or not at all.

    It is filled under the hidden name that `leftovers` finds, which a process that is killed leaves behind.
    """
    partial = Path(tempfile.mkdtemp(prefix=f".{place.name}-", dir=place.parent))
    try:
        fill(partial)
        flush_all(partial)
        partial.rename(place)
        flush(place.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def leftovers(folder: Path, prefix: str) -> list[Path]:
    """Return what writers that were killed have left in a folder, of names that begin so."""
    return sorted(folder.glob(f".{prefix}*"))


def write_durably(path: Path, content: bytes) -> None:
    """Write a file, or replace it: another process, also after a crash, finds the old content or the new one."""
    partial = path.with_name(f".{path.name}-partial")
    try:
        partial.write_bytes(content)
        flush(partial)
        partial.replace(path)
        flush(path.parent)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process however it ends; where there are no locks, nothing.

    Raises:
        ValueError: If another process, or another place of this one, holds it.
    """
    with open(folder / ".lock", "a+b") as file:
        for _ in range(10):
            if _locks(file, exclusive=True):
                break
            time.sleep(0.02)  # one that only looks holds it for a moment
        else:
            raise ValueError(
                f"{folder} is in use: another process {what} there; wait for it, or choose another folder"
            ) from None
        yield


def is_locked(folder: Path) -> bool:
    """Whether a process holds the lock of a folder."""
    path = folder / ".lock"
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        return not _locks(file, exclusive=False)


def _locks(file: BinaryIO, *, exclusive: bool) -> bool:
    """Whether the lock of an open file was got, for as long as it is open; True where there are none."""
    try:
        import fcntl
    except ImportError:  # Windows
        return True
    try:
        fcntl.flock(file, (fcntl.LOCK_EX if exclusive else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError as error:
        if error.errno not in (errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP):
            raise
    return True
