"""The stamp on a library that was built here, behind its last byte, where no loader looks: what it is made of."""

import hashlib
import json
from pathlib import Path
from typing import NamedTuple

MARK = b"\ndnn.ops stamp 1: "  # with another number when the fields are others
SEAL = hashlib.sha256().digest_size


class Stamp(NamedTuple):
    """made_of: the files, named from the folder of the source, with the SHA-256 of their bytes. ops: their names."""

    tensorflow: str
    compiler: str
    flags: tuple[str, ...]
    made_of: tuple[tuple[str, str], ...]
    ops: tuple[str, ...]


def digest_of(stamp: Stamp) -> str:
    """Another one for another stamp."""
    return hashlib.sha256(json.dumps(stamp).encode()).hexdigest()[:24]


def stamped(library: bytes, stamp: Stamp) -> bytes:
    """The library, the stamp, and a seal: the SHA-256 of both."""
    marked = library + MARK + json.dumps(stamp).encode()
    return marked + hashlib.sha256(marked).digest()


def read_stamp(library: Path) -> Stamp | None:
    """What a library says of itself, without loading it. None if it is not there, if another tool built it, or if it is
    not whole: one cut short by a full disk would take the process down where it is loaded.
    """
    try:
        data = library.read_bytes()
    except (FileNotFoundError, IsADirectoryError):
        return None
    marked, seal = data[:-SEAL], data[-SEAL:]
    _, mark, text = marked.rpartition(MARK)
    if not mark or hashlib.sha256(marked).digest() != seal:
        return None
    tensorflow, compiler, flags, made_of, ops = json.loads(text)
    return Stamp(tensorflow, compiler, tuple(flags), tuple(map(tuple, made_of)), tuple(ops))
