"""The roof of what moves much and computes little: how many bytes a second memory gives, measured by a large copy."""

import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from dnn.bench.clock import seconds_of


class Copy:
    """Copies an array that no cache holds, by as many threads as there are cores."""

    def __init__(self, megabytes: int):
        self.cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        self.source = np.ones((self.cores, megabytes * 2**18 // self.cores), np.float32)
        self.target = np.zeros_like(self.source)

    def seconds(self) -> float:
        with ThreadPoolExecutor(self.cores) as pool:
            return seconds_of(lambda: list(pool.map(np.copyto, self.target, self.source)))

    def bandwidth(self, seconds: float) -> float:
        """Bytes a second, each number once read and once written."""
        return 2 * self.source.nbytes / seconds
