"""What a library is made of: the files that the compiler has read, without those of the system, and their bytes."""

import hashlib
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


def check_file(path: Path, suffixes: tuple[str, ...]) -> None:
    """Raises: FileNotFoundError, IsADirectoryError, or ValueError for another suffix than these."""
    if path.is_dir():
        raise IsADirectoryError(21, "is a folder, not a file: ops are loaded from a source or a library", str(path))
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path} to load ops from")
    if path.suffix not in suffixes:
        raise ValueError(f"{path} must end in one of {' '.join(suffixes)}, which say what it is")
