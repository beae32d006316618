"""Each tool in a process of its own, so that none shares threads, memory or imports with another."""

import multiprocessing
import os
import subprocess
import sys
import tempfile
import time
from importlib import import_module
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any, NamedTuple

HOME = Path(__file__).parent.parent


class Peer(BaseManager):
    """A process in which objects are made; what comes back are proxies that call them."""


def made(module: str, name: str, *arguments: Any, **options: Any) -> Any:
    """Return a new object of a class in benchmarks/."""
    return getattr(import_module(f"benchmarks.{module}"), name)(*arguments, **options)


Peer.register("made", made)


def quiet() -> None:
    """Silence stderr: TensorFlow describes the machine there when it starts, whatever its log level."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


def begun(environment: tuple[str, ...]) -> Peer:
    """Return a new process with these variables beside those of this one."""
    variables = dict(variable.split("=", 1) for variable in environment)
    before = {name: os.environ.get(name) for name in variables}
    peer = Peer(ctx=multiprocessing.get_context("spawn"))
    os.environ.update(variables)
    try:
        peer.start(quiet)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    return peer


class Processes:
    """The process of each peer, begun when the first object is made there. All end with the `with` block."""

    def __init__(self) -> None:
        self._peers: dict[str, Peer] = {}

    def made(
        self, peer: str, module: str, name: str, *arguments: Any, environment: tuple[str, ...] = (), **options: Any
    ) -> Any:
        """Return a new object of a class in benchmarks/, which lives in the process of this peer and environment.

        environment: variables that the process begins with, each as NAME=VALUE.
        """
        key = " ".join((peer, *environment))
        if key not in self._peers:
            self._peers[key] = begun(environment)
        return self._peers[key].made(module, name, *arguments, **options)

    def __enter__(self) -> "Processes":
        return self

    def __exit__(self, *_: object) -> None:
        for peer in self._peers.values():
            peer.shutdown()


class Ended(NamedTuple):
    """What a program did.

    Args:
        printed: Its output.
        seconds: On the wall, Python's own start included.
        megabytes: Its peak resident memory.
    """

    printed: str
    seconds: float
    megabytes: float


def run(program: str, *arguments: str) -> Ended:
    """Run `python -m benchmarks.programs.PROGRAM` to its end.

    Raises:
        RuntimeError: If it fails.
    """
    command = [sys.executable, "-m", f"benchmarks.programs.{program}", *arguments]
    began = time.perf_counter()
    with (
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as out,
        tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as err,
    ):
        process = subprocess.Popen(command, cwd=HOME, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, errors = (file.seek(0) or file.read() for file in (out, err))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}:\n{errors}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # ru_maxrss counts bytes there, KiB elsewhere
    return Ended(printed, seconds, usage.ru_maxrss / unit)
