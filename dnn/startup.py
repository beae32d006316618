"""How a command starts and ends: TensorFlow starts quietly, Ctrl-C and a bad input end it with one line.

Nothing slow is imported here: from `interrupt_ends` on, Ctrl-C shows no traceback.
"""

import gc
import os
import re
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, NoReturn

from dnn.control import plain_lines
from dnn.second_signal import SIGNALED, SIGNALS, second_signal_ends

CHATTER = re.compile(r"[IW]\d{4} |E\d{4} .*cuInit|WARNING: All log messages before|To enable the following instr")
UNUSED = ("jax", "scipy")  # TensorFlow imports them where they are installed, in .5 s, for converters and old layers
INTERRUPTED = "interrupted: nothing was saved"


class SignalError(KeyboardInterrupt):
    """A signal that ends the command.

    Args:
        number: The signal's.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def open_closed_streams() -> None:
    """Let the standard streams that are closed, as a daemon's may be, lead nowhere.

    Else the next file that is opened would have the descriptor, and what is printed would end up in it.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            nowhere = os.open(os.devnull, os.O_RDWR)  # of the lowest number that is free
            os.set_inheritable(nowhere, True)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8"))


@contextmanager
def ready(debug: bool, join: Callable[[], object] | None = None, *, runs_file: bool = False) -> Iterator[ModuleType]:
    """Give the module of the commands, with TensorFlow started; a bad input ends with its message and exit code 2.

    Args:
        debug: Whether errors are shown as Python does.
        join: Is called before TensorFlow's runtime starts, to start it with a server for other machines.
        runs_file: Whether the command runs a file of the user's, in which all must be as it is elsewhere.
    """
    _check_temporary_folder()
    gc.disable()  # what is imported stays to the end: to search it for cycles, now and then, would take a second
    with quiet_start() as screen, interrupt_ends(screen):
        own = sys.modules.get("keras", ...) is None and not runs_file  # a process, as `dnn.cli.main` has left it
        with absent(UNUSED if own else ()):
            import tensorflow as tf
        if join:
            _joined(join, debug)
        if own:
            _leave_pandas_out()
        from dnn import commands
    gc.freeze()
    gc.enable()
    try:
        with _on_signal(_raise), second_signal_ends():
            yield commands
    except KeyboardInterrupt as interrupt:
        print(plain_lines(str(interrupt)) or INTERRUPTED, file=sys.stderr)
        raise SystemExit(SIGNALED + getattr(interrupt, "number", signal.SIGINT)) from None
    except (ValueError, FloatingPointError, OSError, MemoryError, tf.errors.OpError) as error:
        if debug:
            raise
        end_with(error)


def _joined(join: Callable[[], object], debug: bool) -> None:
    try:
        join()
    except ValueError as error:
        if debug:
            raise
        end_with(error)


def start_quietly() -> None:
    """Import TensorFlow and start it without its chatter; errors are still shown.

    Call it first of all: what TensorFlow writes while it is imported, about one DNN, processors and missing graphics
    cards, comes from its C++ and cannot be taken back. If it is imported already, a warning says that this is too late.

    Example:
        import dnn
        dnn.start_quietly()
        model = dnn.mlp([4, 30, 2])
    """
    if "tensorflow" in sys.modules:
        warnings.warn("TensorFlow is imported already: call dnn.start_quietly() before anything else", stacklevel=2)
        return
    with quiet_start():
        import tensorflow as tf

        tf.constant(0)  # starts the runtime, which says more than the import


@contextmanager
def quiet_start() -> Iterator[int]:
    """Import TensorFlow here: what it writes to standard error while it starts is kept back, unless it is an error.

    It writes through the file descriptor, so the descriptor is what must be caught. Gives that of the real screen.
    """
    import tempfile  # here, for `interrupt_ends`

    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # from then on: errors only
    sys.stderr.flush()
    screen = os.dup(2)
    with tempfile.TemporaryFile() as caught:
        os.dup2(caught.fileno(), 2)
        try:
            yield screen
        finally:
            os.dup2(screen, 2)
            os.close(screen)
            caught.seek(0)
            for line in caught.read().decode(errors="replace").splitlines():
                if not CHATTER.match(line):
                    print(line, file=sys.stderr)


def _leave_pandas_out() -> None:
    """Let Arrow not import pandas, which takes .2 s: it does so at its first conversion, or else when it is needed."""
    with absent(["pandas"]):
        import pyarrow

        pyarrow.scalar(0)


class _Absent:
    """A finder of modules to which some are not installed."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name in self.names:
            raise ModuleNotFoundError(f"{name} is left out", name=name)


@contextmanager
def absent(names: Sequence[str]) -> Iterator[None]:
    """Let modules that are not imported yet be not installed, as it were.

    None in `sys.modules` is that to Python, but to what Cython has compiled, Arrow say, it is a module.
    """
    finder = _Absent(names)
    sys.meta_path.insert(0, finder)
    try:
        yield
    finally:
        sys.meta_path.remove(finder)


def _check_temporary_folder() -> None:
    """End with one line where files for the moment cannot be made, as on a disk that is full or read-only."""
    import tempfile  # here, for `interrupt_ends`

    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        end_with(ValueError(f"{error.strerror}; set TMPDIR to a folder that can be written to"))


@contextmanager
def interrupt_ends(screen: int = 2) -> Iterator[None]:
    """Let Ctrl-C end the process at once, with one line on the descriptor `screen`: while modules are imported.

    An exception would not do there: what is being imported may swallow it, or turn it into another error.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        os.write(screen, f"{INTERRUPTED}\n".encode())
        os._exit(SIGNALED + number)

    with _on_signal(end):
        yield


def _raise(number: int, frame: FrameType | None) -> NoReturn:
    raise SignalError(number)


@contextmanager
def _on_signal(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Call this on Ctrl-C, SIGTERM and SIGHUP; but in a thread, which must not decide that, change nothing.

    One that is ignored, as SIGHUP is by nohup, stays so.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    changed = [number for number in SIGNALS if before[number] not in (signal.SIG_IGN, None)]
    for number in changed:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number in changed:
            signal.signal(number, before[number])


@contextmanager
def plain_traceback() -> Iterator[None]:
    """Show an error that nobody expected, or that --debug lets through, without control characters; exit code 1."""
    try:
        yield
    except Exception:
        import traceback  # here, for `interrupt_ends`

        sys.stderr.write(plain_lines(traceback.format_exc()))
        raise SystemExit(1) from None


def end_with(error: Exception) -> NoReturn:
    """Print the message of the error alone, and end with exit code 2."""
    import typer  # here, for `interrupt_ends`

    typer.secho("error: ", fg="red", bold=True, nl=False, err=True)
    typer.echo(plain_lines(_message(error)), err=True)
    raise typer.Exit(2) from None


def _message(error: Exception) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    if isinstance(error, MemoryError):
        return f"not enough memory: {error}"
    return str(getattr(error, "message", error))[:2000]  # TensorFlow's errors may hold a whole graph
