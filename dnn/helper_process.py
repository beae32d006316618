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
from typing import Any, TypeAlias

START = "import sys; sys.path[:] = sys.argv[2:]; from dnn.helper_process import serve; serve(sys.argv[1].split())"
PATIENCE = 5.0  # seconds until it is killed, which has been told to end

Ask: TypeAlias = Callable[..., Callable[[], Any]]
"""(function, *arguments) -> a function that waits for what the first one returns, or raises what it raises."""


class HelperError(RuntimeError):
    """The helper process has ended without an answer."""


@contextmanager
def helper_process(modules: Sequence[str]) -> Iterator[Ask]:
    """Have a helper process, which ends with this context.

    On one core, or where no process can be started, a function is called here, when its answer is waited for.

    Args:
        modules: What it imports at once, before it is asked; those that are not installed are left out.
    """
    try:
        helper = HelperProcess(modules) if _cores() > 1 else None
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
        command = [sys.executable or "", "-c", START, " ".join(modules), *sys.path]
        environment = {"OMP_WAIT_POLICY": "PASSIVE", **os.environ}  # its threads do not spin where others train
        pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
        # in a session of its own, where Ctrl-C at the terminal does not reach it: this process decides what then ends
        self._process = subprocess.Popen(command, start_new_session=True, env=environment, **pipes)
        assert self._process.stdin
        assert self._process.stdout
        self._questions, self._answers = self._process.stdin, self._process.stdout
        self._asked = 0
        self._answered: list[tuple[Any, Exception | None]] = []

    def ask(self, function: Callable[..., Any], *arguments: Any) -> Callable[[], Any]:
        """Let it call a function; return a function that waits for what that returned.

        Args:
            function: Of a module that needs no TensorFlow.
            arguments: Are pickled, as is what the function returns.
        """
        message, number = pickle.dumps((function, arguments)), self._asked
        self._asked += 1
        with suppress(OSError):  # it has ended, which is told where it is waited for
            self._questions.write(len(message).to_bytes(8, "little") + message)
            self._questions.flush()
        return lambda: self._answer(number)

    def _answer(self, number: int) -> Any:
        while len(self._answered) <= number:  # they come in the order of the questions
            try:
                self._answered.append(pickle.load(self._answers))
            except (EOFError, pickle.UnpicklingError):
                code = self._process.wait()
                raise HelperError(f"its process ended with exit code {code}") from None
        value, error = self._answered[number]
        if error is not None:
            raise error
        return value

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
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # for Windows, which has no sessions
    questions: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(questions,), daemon=True).start()
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # so that nothing that a library prints is taken for an answer
    _import_at_once(modules)
    while True:
        function, arguments = pickle.loads(questions.get())
        try:
            answer = pickle.dumps((function(*arguments), None))
        except Exception as error:
            answer = _failure(error)
        try:
            answers.write(answer)
            answers.flush()
        except BrokenPipeError:  # nobody waits for it any more
            os._exit(0)


def _import_at_once(modules: Sequence[str]) -> None:
    """Import them, without a search for garbage, as `dnn.startup.ready` imports TensorFlow."""
    gc.disable()
    for module in modules:
        with suppress(ImportError):  # what needs it will say so
            import_module(module)
    gc.freeze()
    gc.enable()


def _receive(questions: "queue.SimpleQueue[bytes]") -> None:
    """Read the questions until there are none any more; then end, also in the middle of one."""
    while head := sys.stdin.buffer.read(8):
        questions.put(sys.stdin.buffer.read(int.from_bytes(head, "little")))
    atexit._run_exitfuncs()
    os._exit(0)


def _failure(error: Exception) -> bytes:
    try:
        answer = pickle.dumps((None, error))
        pickle.loads(answer)  # one whose arguments are not those of its class is pickled, but not back
    except Exception:
        answer = pickle.dumps((None, RuntimeError(f"{type(error).__name__}: {error}")))
    return answer


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
