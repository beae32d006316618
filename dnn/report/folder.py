"""A folder that appears complete or not at all, and never in the place of another."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from itertools import count
from pathlib import Path


def write_folder(path: str | Path, fill: Callable[[Path], None]) -> Path:
    """Make the folder `path` with what `fill` writes into it; the path it got.

    It is filled under a hidden name beside `path` and then renamed; after an exception nothing of it is left.
    A name that is taken gets -2, -3, … behind it.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent))
    partial.chmod(path.parent.stat().st_mode & 0o777)  # mkdtemp makes it private
    try:
        fill(partial)
        return _renamed(partial, path)
    except BaseException:
        shutil.rmtree(partial)
        raise


def refuse_existing(path: str | Path, *, remedy: str = "choose another name") -> Path:
    """The path. Raises: FileExistsError if there is something."""
    if Path(path).exists():
        raise FileExistsError(f"{path} exists already, and is left as it is; {remedy}")
    return Path(path)


def refuse_unwritable(path: str | Path) -> None:
    """Raises: PermissionError if the folder that is to hold `path`, or the first above it that exists, is read-only."""
    holder = Path(path).absolute().parent
    while not holder.exists():
        holder = holder.parent
    if not holder.is_dir() or not os.access(holder, os.W_OK | os.X_OK):
        raise PermissionError(f"{path} cannot be written: {holder} is not a folder that may be written to")


def write_json(path: str | Path, value) -> None:
    """Indented JSON, with a line break at the end. NaN is refused: it is not JSON."""
    Path(path).write_text(json.dumps(value, indent=2, allow_nan=False) + "\n")


def read_json(path: str | Path):
    """The value in a JSON file. Raises: FileNotFoundError; ValueError that names the file if it is damaged."""
    try:
        return json.loads(Path(path).read_text())
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {error}") from None


def sha256(path: str | Path) -> str:
    """The file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _renamed(partial: Path, path: Path) -> Path:
    for number in count(1):
        free = path if number == 1 else path.with_name(f"{path.name}-{number}")
        if not free.exists():
            try:
                return partial.rename(free)
            except OSError:
                if not free.exists():  # else another process took the name in between
                    raise
