"""The stamp in a library that was built here: for which TensorFlow, and with which ops. It is read without loading."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

STAMP = re.compile(rb"dnn\.ops library for ([^\0|]+)\|([^\0|]*)\|")


class Stamp(NamedTuple):
    tensorflow: str
    ops: tuple[str, ...]


def stamp(tensorflow: str, ops: Sequence[str]) -> str:
    """The text that a library carries."""
    return f"dnn.ops library for {tensorflow}|{' '.join(ops)}|"


def read_stamp(library: Path) -> Stamp | None:
    """What a library says of itself; None if another tool built it. Raises: FileNotFoundError if it is not there."""
    found = STAMP.search(library.read_bytes())
    return Stamp(found[1].decode(), tuple(found[2].decode().split())) if found else None
