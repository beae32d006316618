"""A process beside this one, on another core: it calls functions that need no TensorFlow while this one trains.

It is a new interpreter and no fork, on every system, so it has nothing of TensorFlow's threads. It reads its standard
input all the time, which closes when this process ends, however that happens: then it ends too.
"""

import atexit
import gc
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import IO, Any, TypeAlias

START = "import sys; sys.path[:] = sys.argv[2:]; from dnn.helper_process import serve; serve(sys.argv[1].split())"
PATIENCE = 0.5  # seconds until it is killed, which has been told to end
SIZE = 8  # bytes, little-endian: the length of the message that follows

Ask: TypeAlias = Callable[..., Callable[[], Any]]
"""(function, *arguments) -> a function that waits for what the first one returns, or raises what it raises."""


class HelperError(RuntimeError):
    """The helper process was killed while it called the function."""


@contextmanager
def helper_process(modules: Sequence[str]) -> Iterator[Ask]:
    """Have a helper process, which ends with this context.

    On one core, on Windows, and where no process can be started, a function is called here, when its answer is waited
    for; so it is if the process ends before it comes to the function.

    Args:
        modules: What it imports at once, before it is asked; those that cannot be imported are left out.
    """
    able = (
        _cores() > 1 and os.name != "nt" and not getattr(sys, "frozen", False)
    )  # frozen: Python is the program itself
    try:
        helper = HelperProcess(modules) if able else None
    except OSError:
        helper = None
    if helper is None:
        yield partial
        return
    try:
        yield helper.ask
    finally:
        helper.close()


class HelperProcess:
    """Calls functions in another process, one after the other.

    Args:
        modules: What it imports at once.
    """

    def __init__(self, modules: Sequence[str]) -> None:
        # the flags of this interpreter, as multiprocessing hands them on; -P: nothing is imported from where it runs
        flags = [*subprocess._args_from_interpreter_flags(), *["-P"] * (sys.version_info >= (3, 11))]  # type: ignore[attr-defined]
        command = [sys.executable or "", *flags, "-c", START, " ".join(modules), *sys.path]
        environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}  # its threads do not spin where others train
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        # in a session of its own, where Ctrl-C at the terminal does not reach it: this process decides what then ends
        self._process = subprocess.Popen(command, start_new_session=True, env=environment, **pipes)
        assert self._process.stdin
        assert self._process.stdout
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._calls: list[Callable[[], Any]] = []
        self._answered: list[tuple[Any, Exception | None]] = []

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Let it call a function; return a function that waits for what that returned.

        Args:
            function: Of a module that needs no TensorFlow.
            arguments: Are pickled, as is what the function returns.
        """
        message, number = pickle.dumps((function, arguments)), len(self._calls)
        self._calls.append(partial(function, *arguments))
        with suppress(OSError):  # it has ended, which is noticed where it is waited for
            _send(self._questions, message)
        return partial(self._answer, number)

    def _answer(self, number: int) -> Any:
        while len(self._answered) <= number:  # they come in the order of the questions
            message = None if self._answers.closed else _received(self._answers)
            if message is None:
                return self._called_here(number)
            self._answered.append(_unpickled(message))
        value, error = self._answered[number]
        if error is not None:
            raise error
        return value

    def _called_here(self, number: int) -> Any:
        """Call what it has not; but not that at which it was killed, for the memory that it took perhaps."""
        self.close()
        if self._process.returncode < 0 and number == len(self._answered):
            raise HelperError(f"its process ended with exit code {self._process.returncode}")
        return self._calls[number]()

    def close(self) -> None:
        """Let it end, whatever it is at."""
        with suppress(OSError):
            self._questions.close()
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
        with self._process:  # which waits for it, and closes the pipes
            pass


def serve(modules: Sequence[str]) -> None:
    """Be the helper process: import the modules, then answer what is asked on the standard input."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(questions,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints is taken for an answer
    _import_at_once(modules)
    while True:
        try:
            function, arguments = pickle.loads(questions.get())
            answer = pickle.dumps((function(*arguments), None))
        except Exception as error:
            answer = _failure(error)
        try:
            _send(answers, answer)
        except BrokenPipeError:  # nobody waits for it any more
            os._exit(0)


def _import_at_once(modules: Sequence[str]) -> None:
    """Import them, without a search for garbage, as `dnn.startup.ready` imports TensorFlow."""
    gc.disable()
    for module in modules:
        with suppress(Exception):  # what needs it will say why
            import_module(module)
    gc.freeze()
    gc.enable()


def _receive(questions: "queue.SimpleQueue[bytes]") -> None:
    """Read the questions until there are none any more; then end, also in the middle of one."""
    with open(0, "rb", buffering=0, closefd=False) as stream:  # without the lock of sys.stdin, which an end waits for
        while (question := _received(stream)) is not None:
            questions.put(question)
    atexit._run_exitfuncs()
    os._exit(0)


def _send(stream: IO[bytes], message: bytes) -> None:
    stream.write(len(message).to_bytes(SIZE, "little") + message)
    stream.flush()


def _received(stream: IO[bytes]) -> bytes | None:
    """Return the next message; None where they end, also within one."""
    size = _read(stream, SIZE)
    return None if size is None else _read(stream, int.from_bytes(size, "little"))


def _read(stream: IO[bytes], count: int) -> bytes | None:
    parts = []
    while count:
        if not (part := stream.read(count)):
            return None
        parts.append(part)
        count -= len(part)
    return b"".join(parts)


def _unpickled(message: bytes) -> tuple[Any, Exception | None]:
    try:
        value, error = pickle.loads(message)
    except Exception as unknown:  # of a class that is not to be had here
        return None, unknown
    return value, error


def _failure(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # one whose arguments are not those of its class is pickled, but not back
    except Exception:
        answer = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


def _cores() -> int:
    """Return how many cores this process may use: fewer than there are in a container with a quota."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):  # elsewhere, and where the quota is "max"
        quota, period = map(int, Path("/sys/fs/cgroup/cpu.max").read_text("utf-8").split())
        return min(cores, quota // period)
    return cores
