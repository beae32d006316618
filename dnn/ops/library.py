"""A library of ops, and what it is made of: a stamp behind its last byte, where no loader looks."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

MARK = b"\ndnn.ops stamp 1: "  # another number when the fields change
SEAL_SIZE = hashlib.sha256().digest_size


@dataclass(frozen=True)
class Library:
    """Two are equal if they are made of the same, wherever their files are.

    made_of: each file that was compiled, named from the source's folder, and the SHA-256 of its bytes.
    ops: the names of the ops that it registers, sorted. file: where it is.
    """

    tensorflow: str
    compiler: str
    flags: tuple[str, ...]
    made_of: tuple[tuple[str, str], ...]
    ops: tuple[str, ...]
    file: Path = field(default=Path(), compare=False)


def sealed(code: bytes, library: Library) -> bytes:
    """Return the compiled code, the stamp, and a seal: the SHA-256 of both."""
    marked = code + MARK + _stamp(library)
    return marked + hashlib.sha256(marked).digest()


def library_in(data: bytes, file: Path) -> Library | None:
    """Return what the stamp in a library says, without loading it. None without a stamp that is whole: another tool
    built it, or a full disk cut it short, and loading it would end the process.

    data: the whole library. file: where it is.
    """
    marked, seal = data[:-SEAL_SIZE], data[-SEAL_SIZE:]
    _, mark, stamp = marked.rpartition(MARK)
    if not mark or hashlib.sha256(marked).digest() != seal:
        return None
    tensorflow, compiler, flags, made_of, ops = json.loads(stamp)
    return Library(tensorflow, compiler, tuple(flags), tuple(map(tuple, made_of)), tuple(ops), file)


def _stamp(library: Library) -> bytes:
    fields = (library.tensorflow, library.compiler, library.flags, library.made_of, library.ops)
    return json.dumps(fields).encode()
