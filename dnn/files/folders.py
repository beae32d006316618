"""A folder of a saved model is written beside its place, and then takes the place of the one that is there."""

import tempfile
from collections.abc import Callable, Set
from pathlib import Path

from dnn.files.durable import flush, flush_all


def replace_folder(folder: str | Path, names: Set[str], fill: Callable[[Path], None]) -> None:
    """Make a folder with what `fill` writes into it, complete or not at all; one of saved files alone is replaced.

    If anything fails, the old folder is there as before. For the moment between two renames there is neither, so a
    program that reads it just then finds none, and one that is killed leaves the old one in a hidden folder beside it.

    Args:
        folder: to make, or to replace. A symbolic link is followed: the folder that it leads to is replaced.
        names: those of the files and folders that the old one may hold.
        fill: gets an empty folder, to write into.

    Raises:
        ValueError: If the folder holds anything else, is the current one or one above that, or is a link to nothing.
    """
    place = _checked_place(Path(folder), names)
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{place.name}-", dir=place.parent) as beside:
        written, old = Path(beside, "new"), Path(beside, "old")
        written.mkdir()
        fill(written)
        flush_all(written)
        _swap(written, place, old)
        flush(place.parent)


def _checked_place(folder: Path, names: Set[str]) -> Path:
    """Return the folder without symbolic links. Raises: ValueError as `replace_folder`."""
    place = folder.resolve()
    if folder.is_symlink() and not place.exists():
        raise ValueError(f"{folder} is a link to {place}, which is not there: make that folder, or remove the link")
    if place == Path.cwd() or place in Path.cwd().parents:
        raise ValueError(f"{folder} is the current folder, or above it, which cannot be replaced: give a folder in it")
    if place.exists() and not (place.is_dir() and {file.name for file in place.iterdir()} <= names):
        raise ValueError(f"{folder} exists and holds something else than a saved model: give another folder")
    return place


def _swap(written: Path, place: Path, old: Path) -> None:
    if not place.exists():
        written.rename(place)
        return
    place.rename(old)
    try:
        written.rename(place)
    except BaseException:
        old.rename(place)
        raise
