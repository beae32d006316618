"""How often a file is opened: by Python, as an audit hook sees it, and by Arrow, which Python does not see."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pyarrow as pa

WATCHED: list[tuple[str, list[str]]] = []  # an audit hook stays to the end of the process, so there is one


@contextmanager
def opens_of(path, monkeypatch) -> Iterator[list[str]]:
    """Who opened the file in the meantime: a list of "python" and "arrow"."""
    openers: list[str] = []
    arrow = pa.input_stream
    monkeypatch.setattr(pa, "input_stream", lambda *args, **options: openers.append("arrow") or arrow(*args, **options))
    WATCHED.append((os.fspath(path), openers))
    try:
        yield openers
    finally:
        WATCHED.pop()
        monkeypatch.undo()


def _audit(event: str, arguments: tuple) -> None:
    if event == "open":
        for path, openers in WATCHED:
            if isinstance(arguments[0], str) and arguments[0] == path:
                openers.append("python")


sys.addaudithook(_audit)
