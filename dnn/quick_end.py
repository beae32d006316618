"""How the process of a command ends: at once, when all is done that Python promises of the end."""

import atexit
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quick_end() -> Iterator[None]:
    """Let the process of a command end without taking apart what it has imported, which would take half a second.

    Whatever else Python does at the end is done: threads are waited for, exit functions called, output is flushed.
    """
    try:
        yield
    except SystemExit as end:
        if end.code is None or isinstance(end.code, int):
            atexit.register(_end_now, end.code or 0)  # called first of the exit functions
        raise


def _end_now(code: int) -> None:
    atexit.unregister(_end_now)
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):  # nobody reads it, or it is closed: Python tells of it, where it ends as usual
        return
    os._exit(code)
