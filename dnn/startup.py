"""How a command starts and ends: TensorFlow starts quietly, and a bad input ends with its message alone."""

import gc
import os
import re
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import NoReturn

import typer

CHATTER = re.compile(r"[IW]\d{4} |E\d{4} .*cuInit|WARNING: All log messages before|To enable the following instr")


@contextmanager
def ready(debug: bool) -> Iterator[ModuleType]:
    """Give the module of the commands, with TensorFlow started; a bad input ends with its message and exit code 2."""
    gc.disable()  # what is imported stays to the end: to search it for cycles, now and then, would take a second
    with quiet_start():
        import tensorflow as tf

        from dnn import commands
    gc.freeze()
    gc.enable()
    try:
        yield commands
    except KeyboardInterrupt:
        typer.echo("interrupted: nothing was saved", err=True)
        raise typer.Exit(130) from None
    except (ValueError, OSError, MemoryError, tf.errors.OpError) as error:
        if debug:
            raise
        end_with(error)


@contextmanager
def quiet_start() -> Iterator[None]:
    """Import TensorFlow here: what it writes to standard error while it starts is kept back, unless it is an error.

    It writes through the file descriptor, so the descriptor is what must be caught.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # from then on: errors only
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                if not CHATTER.match(line):
                    print(line, file=sys.stderr)


def end_with(error: Exception) -> NoReturn:
    """Print the message of the error alone, and end with exit code 2."""
    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(_message(error), err=True)
    raise typer.Exit(2) from None


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}"
    return str(getattr(error, "message", error))[:2000]  # TensorFlow's errors may hold a whole graph
