"""What a library is made of: the files that the compiler has read, without those of the system, and their bytes."""

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path

SOURCES = (".cc", ".cpp", ".cxx")
LIBRARIES = (".so", ".dylib")


def files_in(rules: str) -> list[str]:
    r"""The files after the colons of rules for make, `library: a.cc b\ c.h`, as compilers write them with -MM."""
    lines = rules.replace("\\\n", " ").splitlines()
    words = re.findall(r"(?:\\.|[^\\\s])+", " ".join(line.partition(": ")[2] for line in lines))
    return [re.sub(r"\\(.)", r"\1", word).replace("$$", "$") for word in words]


def digests(folder: Path, names: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Each file, named from the folder, with the SHA-256 of its bytes, or with nothing if it is not there."""
    return tuple((name, _digest(folder / name)) for name in sorted(set(names)))


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest() if file.is_file() else ""


def existing(path: str | Path, suffixes: tuple[str, ...]) -> Path:
    """The file with its whole path, as errors name it; `~` is a home folder.

    Raises: FileNotFoundError, IsADirectoryError, or ValueError for another suffix than these.
    """
    path = Path(whole(path))
    if path.is_dir():
        raise IsADirectoryError(21, "is a folder, not a file: ops are loaded from a source or a library", str(path))
    if not path.is_file():
        raise FileNotFoundError(2, "there is no such file to load ops from", str(path))
    if path.suffix not in suffixes:
        raise ValueError(f"{path} must end in one of {' '.join(suffixes)}, which say what it is")
    return path


def whole(path: str | Path) -> str:
    """From the root on, or from the home folder that it begins with."""
    return os.path.abspath(os.path.expanduser(path))
