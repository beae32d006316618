"""The results file: one JSON line for each job, appended as it is done; several processes may share it.

A process claims a job by locking one byte of a file beside it. The lock goes when the process does, however it ends.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

Result = dict[str, Any]


class Job(NamedTuple):
    """What one line is of."""

    table: str
    method: str
    seed: int


class ResultsFile:
    """Results by job; the last line of a job counts.

    Args:
        path: The file; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        self._claims = path.with_name(path.name + ".claims").open("wb")

    def __enter__(self) -> "ResultsFile":
        return self

    def __exit__(self, *exception: object) -> None:
        self._claims.close()

    def read(self) -> dict[Job, Result]:
        """Return the results; a line that was not written to its end is none."""
        if not self.path.exists():
            return {}
        lines = self.path.read_text("utf-8").splitlines()
        results = [result for result in map(_whole, lines) if result is not None]
        return {Job(result["table"], result["method"], result["seed"]): result for result in results}

    def append(self, result: Result) -> None:
        """Add a line, behind any that was not written to its end."""
        with self.path.open("ab+") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            if size:
                file.seek(size - 1)
                if file.read(1) != b"\n":
                    file.write(b"\n")
            file.write((json.dumps(result, allow_nan=False) + "\n").encode())

    @contextmanager
    def claim(self, job: Job) -> Iterator[bool]:
        """Claim a job for this process: False if another one is at it."""
        digest = hashlib.sha256(json.dumps(job).encode()).digest()
        byte = int.from_bytes(digest[:4], "big") >> 1  # two jobs on one byte only wait for each other
        try:
            fcntl.lockf(self._claims, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
        except BlockingIOError:
            yield False
            return
        try:
            yield True
        finally:
            fcntl.lockf(self._claims, fcntl.LOCK_UN, 1, byte)


def _whole(line: str) -> Result | None:
    """Return the result of a line; None if the process ended within it."""
    try:
        result: Result = json.loads(line)
    except json.JSONDecodeError:
        return None
    return result
