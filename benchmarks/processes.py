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
from typing import NamedTuple

HOME = Path(__file__).parent.parent


class Peer(BaseManager):
    """A process. What it makes stays there; what comes back calls it."""


def made(module: str, name: str, *arguments, **options):
    return getattr(import_module(f"benchmarks.{module}"), name)(*arguments, **options)


Peer.register("made", made)


def quiet() -> None:
    """What TensorFlow says of the machine at its start, whatever its log level, is of no use here."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)


class Processes:
    """peer -> its process, begun when it is first asked for something. Ends them all at the end of a `with`."""

    def __init__(self):
        self._peers = {}

    def made(self, peer: str, module: str, name: str, *arguments, **options):
        """An object of a class in benchmarks/, in the process of this peer."""
        if peer not in self._peers:
            self._peers[peer] = Peer(ctx=multiprocessing.get_context("spawn"))
            self._peers[peer].start(quiet)
        return self._peers[peer].made(module, name, *arguments, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for peer in self._peers.values():
            peer.shutdown()


class Ended(NamedTuple):
    """What a program did. seconds: on the wall, Python's own start included. megabytes: its peak resident memory."""

    printed: str
    seconds: float
    megabytes: float


def run(program: str, *arguments: str) -> Ended:
    """`python -m benchmarks.programs.PROGRAM`, to its end. Raises: RuntimeError if it fails."""
    command = [sys.executable, "-m", f"benchmarks.programs.{program}", *arguments]
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(command, cwd=HOME, stdout=out, stderr=err)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        printed, errors = (file.seek(0) or file.read() for file in (out, err))
    if process.returncode:
        raise RuntimeError(f"{' '.join(command)} ended with exit code {process.returncode}:\n{errors}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # ru_maxrss counts bytes there, KiB elsewhere
    return Ended(printed, seconds, usage.ru_maxrss / unit)
