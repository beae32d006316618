"""What is written is on the disk before it gets its name: a folder is complete or not there, also after a crash.

A file that was written may be in memory only for half a minute; `fsync` of the file puts its content on the disk, and
`fsync` of a folder the names in it. The order is that of SQLite and of every journal: content, rename, folder.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

MANIFEST = "manifest.json"


def flush(path: Path) -> None:
    """Put a file's content, or the names in a folder, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def flush_all(folder: Path) -> None:
    """Put all that a folder holds on the disk, from the files up to the folder itself."""
    for parent, _, names in os.walk(folder, topdown=False):
        for path in (*(Path(parent, name) for name in names), Path(parent)):
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


def write_json_durably(path: Path, value: Any) -> None:
    """Write indented JSON as `write_durably` does. NaN is refused: it is not JSON."""
    write_durably(path, (json.dumps(value, indent=2, allow_nan=False) + "\n").encode())


def files_of(folder: Path) -> list[str]:
    """Return the paths of the files in a folder, but for its manifest and hidden ones, in order."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    return sorted(path.as_posix() for path in paths if not _is_hidden(path) and path.as_posix() != MANIFEST)


def _is_hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def write_manifest(folder: Path) -> None:
    """Write the SHA-256 and the size of each file that is in a folder now, and of all of them together."""
    files = {
        name: {"sha256": digest_of(folder / name), "bytes": (folder / name).stat().st_size} for name in files_of(folder)
    }
    write_json_durably(folder / MANIFEST, {"format": 1, "files": files, "sha256": _digest_of_digests(files)})


def check_manifest(folder: Path) -> list[str]:
    """Compare a folder with its manifest, and return the names of files that it does not know.

    Raises:
        ValueError: If a file is missing or not the one that was written, or the manifest is damaged; it is named.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text("utf-8"))
        files = {name: (str(each["sha256"]), int(each["bytes"])) for name, each in manifest["files"].items()}
        if manifest["format"] != 1 or manifest["sha256"] != _digest_of_digests(manifest["files"]):
            raise ValueError("its own digest is another one")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    for name, (digest, size) in files.items():
        file = folder / name
        if not file.is_file():
            raise ValueError(f"{file} is missing: {path} says that it was there")
        if file.stat().st_size != size or digest_of(file) != digest:
            raise ValueError(f"{file} is damaged: it is not the file that was written, by its SHA-256 in {MANIFEST}")
    return [name for name in files_of(folder) if name not in files]


def digest_of(path: str | Path) -> str:
    """Return the file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _digest_of_digests(files: Any) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()


@contextmanager
def locked(folder: Path, what: str) -> Iterator[None]:
    """Hold the lock of a folder, which ends with the process however it ends.

    Raises:
        ValueError: If another process, or another place of this one, holds it.
    """
    try:
        import fcntl
    except ImportError:  # Windows
        yield
        return
    with open(folder / ".lock", "a+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ValueError(
                f"{folder} is in use: another process {what} there; wait for it, or choose another folder"
            ) from None
        try:
            yield
        finally:
            with suppress(OSError):
                fcntl.flock(file, fcntl.LOCK_UN)
