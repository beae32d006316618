"""The manifest of a folder: the SHA-256 of each file, by which one that is damaged, missing or foreign is named."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any

from dnn.files.json_files import parsed_json, write_json_durably

MANIFEST = "manifest.json"


def files_of(folder: Path) -> list[str]:
    """Return the paths of the files in a folder, but for its manifest and hidden ones, in order."""
    paths = (path.relative_to(folder) for path in folder.rglob("*") if not path.is_dir())
    shown = (path.as_posix() for path in paths if not any(part.startswith(".") for part in path.parts))
    return sorted(name for name in shown if name != MANIFEST)


def write_manifest(folder: Path, coming: Mapping[str, bytes] = MappingProxyType({})) -> None:
    """Write the SHA-256 and the size of each file that is in a folder now, or will be, and of all of them together.

    Args:
        folder: The folder.
        coming: The content of files that are written after the manifest, by path.
    """
    files = {name: _described_file(folder / name) for name in files_of(folder) if name not in coming}
    _write(folder, files | {name: _described(content) for name, content in coming.items()})


def renew_in_manifest(folder: Path, name: str) -> None:
    """Note that one file was written again, or is new; a folder without a manifest stays so.

    Raises:
        ValueError: If the manifest is damaged.
    """
    if Path(folder, MANIFEST).is_file():
        _write(folder, {**_read(folder), name: _described_file(folder / name)})


def check_manifest(folder: Path) -> list[str]:
    """Compare a folder with its manifest, and return the names of files that it does not know.

    Raises:
        ValueError: If a file is missing or not the one that was written, or the manifest is damaged; it is named.
    """
    for problem in damage_of(folder).values():
        raise ValueError(problem)
    return foreign_files(folder)


def damage_of(folder: Path) -> dict[str, str]:
    """Return a sentence for each file that is missing, or not the one that was written, by its name.

    Raises:
        ValueError: If the manifest is damaged.
    """
    problems = {}
    for name, described in _read(folder).items():
        file = folder / name
        if not file.is_file():
            problems[name] = f"{file} is missing: {folder / MANIFEST} says that it was there"
        elif file.stat().st_size != described["bytes"] or digest_of(file) != described["sha256"]:
            problems[name] = f"{file} is damaged: it is not the file that was written, by its SHA-256 in {MANIFEST}"
    return problems


def refuse_damaged(folder: Path, names: Sequence[str]) -> None:
    """Refuse what is read of a folder, if its manifest says that it is damaged. Raises: ValueError that names it."""
    if Path(folder, MANIFEST).is_file():
        problems = damage_of(folder)
        for name in names:
            if name in problems:
                raise ValueError(problems[name])


def foreign_files(folder: Path) -> list[str]:
    """Return the names of files that the manifest of a folder does not know. Raises: ValueError if it is damaged."""
    files = _read(folder)
    return [name for name in files_of(folder) if name not in files]


def digest_of(path: str | Path) -> str:
    """Return the file's SHA-256, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def _described(content: bytes) -> dict[str, Any]:
    return {"sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def _described_file(path: Path) -> dict[str, Any]:
    return {"sha256": digest_of(path), "bytes": path.stat().st_size}


def _write(folder: Path, files: dict[str, dict[str, Any]]) -> None:
    write_json_durably(folder / MANIFEST, {"format": 1, "files": files, "sha256": _digest_of_digests(files)})


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what the manifest says of each file. Raises: ValueError if it is damaged."""
    path = folder / MANIFEST
    try:
        manifest = parsed_json(path.read_bytes())
        files = manifest["files"]
        described = {str(name): {"sha256": each["sha256"], "bytes": each["bytes"]} for name, each in files.items()}
        if outside := [name for name in described if PurePosixPath(name).is_absolute() or not _is_short_below(name)]:
            raise ValueError(f"{outside[0][:60]!r} is no name of a file in it")
        if manifest["format"] != 1 or manifest["sha256"] != _digest_of_digests(files):
            raise ValueError("its own digest is another one")
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} is damaged: {error}") from None
    return described


def _is_short_below(name: str) -> bool:
    return all(0 < len(part) < 256 and part != ".." for part in name.split("/"))


def _digest_of_digests(files: Any) -> str:
    return hashlib.sha256(json.dumps(files, sort_keys=True).encode()).hexdigest()
