"""The clock: laps of one run, calls of one function, and repetitions of several runs in turn."""

import statistics
import time
from collections.abc import Callable, Mapping
from itertools import pairwise


class Laps:
    """Marks the ends of epochs. What happened before the first mark, tracing say, is in no lap."""

    def __init__(self):
        self.marks = []

    def lap(self, *_) -> None:
        """Takes, and ignores, whatever a callback is called with."""
        self.marks.append(time.perf_counter())

    @property
    def median(self) -> float:
        """Seconds of the median lap."""
        return statistics.median(end - begin for begin, end in pairwise(self.marks))

    @property
    def total(self) -> float:
        """Seconds of all laps together."""
        return self.marks[-1] - self.marks[0]


class Phases:
    """The seconds of one named phase after the other, in `seconds`; two of one name are added."""

    def __init__(self):
        self.seconds, self._began = {}, time.perf_counter()

    def end(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0) + now - self._began
        self._began = now

    def move(self, source: str, name: str, seconds: float) -> None:
        """So many of the seconds of one phase belong to another, which is named after it."""
        self.seconds[source] -= seconds
        self.seconds[name] = self.seconds.get(name, 0) + seconds


def seconds_of(function: Callable, calls: int = 1) -> float:
    """Of so many calls together."""
    began = time.perf_counter()
    for _ in range(calls):
        function()
    return time.perf_counter() - began


def seconds_per_call(function: Callable, at_least: float) -> float:
    """Of as many calls, a power of two, as take at_least seconds together."""
    calls = 1
    while (seconds := seconds_of(function, calls)) < at_least:
        calls *= 2
    return seconds / calls


def interleaved(runs: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """What each run returned, repetition by repetition: A B C A B C, so that a slow minute slows all of them."""
    figures = {name: [] for name in runs}
    for _ in range(repetitions):
        for name, run in runs.items():
            figures[name].append(run())
    return figures
