"""How many bytes a second memory moves, measured by a large copy: the roof of what moves much and computes little."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dnn.bench.clock import seconds_of


class Copy:
    """Copies an array that no cache holds, with a thread for each core this process may use."""

    def __init__(self, megabytes: int) -> None:
        affinity = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else range(os.cpu_count() or 1)
        self.cores = len(affinity)
        self.source = np.ones((self.cores, megabytes * 2**18 // self.cores), np.float32)
        self.target = np.zeros_like(self.source)

    def seconds(self) -> float:
        """Copy once, and return how long it took."""
        with ThreadPoolExecutor(self.cores) as pool:
            return seconds_of(lambda: list(pool.map(np.copyto, self.target, self.source)))

    def bandwidth(self, seconds: float) -> float:
        """Return bytes per second, each number once read and once written."""
        return 2 * self.source.nbytes / seconds
