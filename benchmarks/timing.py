"""The clock: laps of one run, and its phases. Calls and repetitions are timed by dnn.bench.clock."""

import statistics
import time
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
