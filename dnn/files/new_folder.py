"""A folder that is written completely or not at all, and never replaces another."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from dnn.files.durable import flush, flush_all


def write_folder(path: str | Path, fill: Callable[[Path], None]) -> Path:
    """Make a folder with what `fill` writes into it, complete or not at all.

    It is filled under a hidden name beside `path` and then renamed; after an exception nothing of it is left.

    Returns:
        The path it got: -2, -3, … is appended to a name that is taken.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    partial.chmod(path.parent.stat().st_mode & 0o777)  # mkdtemp makes it private
    try:
        fill(partial)
        flush_all(partial)
        named = _rename_to_free(partial, path)
        flush(path.parent)
        return named
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def refuse_existing(path: str | Path, *, remedy: str = "choose another name") -> Path:
    """Return the path. Raises: FileExistsError if there is something."""
    if Path(path).is_symlink() and not Path(path).exists():
        raise FileExistsError(f"{path} is a link to {os.readlink(path)}, which is not there; {remedy}")
    if Path(path).exists():
        raise FileExistsError(f"{path} exists already and is left as it is; {remedy}")
    return Path(path)


def refuse_unwritable(path: str | Path) -> None:
    """Refuse a path that cannot be made.

    Raises:
        PermissionError: If the folder that is to hold `path`, or the first above it that exists, is read-only.
    """
    holder = Path(path).absolute().parent
    while not holder.exists():
        holder = holder.parent
    if not holder.is_dir() or not os.access(holder, os.W_OK | os.X_OK):
        raise PermissionError(f"{path} cannot be written: {holder} is not a folder that may be written to")


def _rename_to_free(partial: Path, path: Path) -> Path:
    free, number = path, 1
    while True:
        if not free.exists():
            try:
                return partial.rename(free)
            except OSError:
                if not free.exists():  # else another process took the name in between
                    raise
        number += 1
        free = path.with_name(f"{path.name}-{number}")
