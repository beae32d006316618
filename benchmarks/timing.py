"""The clock: laps of one run, and its phases. Calls and repetitions are timed by dnn.bench.clock."""

import statistics
import time
from itertools import pairwise


class Laps:
    """The ends of epochs. What happened before the first, such as tracing, is in no lap."""

    def __init__(self) -> None:
        self.marks: list[float] = []

    def lap(self, *_: object) -> None:
        """Mark the end of an epoch: a callback, which ignores what it is called with."""
        self.marks.append(time.perf_counter())

    @property
    def median(self) -> float:
        """The seconds of the median lap."""
        return statistics.median(end - begin for begin, end in pairwise(self.marks))

    @property
    def total(self) -> float:
        """The seconds of all laps."""
        return self.marks[-1] - self.marks[0]


class Phases:
    """The seconds of consecutive named phases, in `seconds`. Phases of one name are added."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._began = time.perf_counter()

    def end(self, name: str) -> None:
        """End a phase, which began where the one before ended."""
        now = time.perf_counter()
        self.seconds[name] = self.seconds.get(name, 0) + now - self._began
        self._began = now

    def move(self, source: str, name: str, seconds: float) -> None:
        """Count `seconds` of one phase as another."""
        self.seconds[source] -= seconds
        self.seconds[name] = self.seconds.get(name, 0) + seconds
