"""Really large arguments, about a million numbers, for what goes wrong only where a kernel splits its work."""

import time
from collections.abc import Callable, Sequence

import numpy as np

SIZES = (2**16, 2**18, 2**20)  # numbers in the largest array
DIFFERENT = 3
SECONDS = 0.05  # for a call: four times as many numbers may take sixteen times as long, and as much memory


def larger(source, functions: Sequence[Callable]) -> list[tuple[np.ndarray, ...]]:
    """Different arguments of one size, the largest of SIZES before which each function, of arrays, was quick.

    Empty where no axis can be made longer.
    """
    found = []
    for numbers in SIZES:
        if found and max(_seconds(function, found[0]) for function in functions) > SECONDS:
            break
        found = source.longer(numbers, DIFFERENT)
    return found


def most_numbers(arrays) -> int:
    """In one of them."""
    return max(map(np.size, arrays))


def _seconds(function: Callable, arrays) -> float:
    """The shorter of two calls; 0 where they raise, which the laws will tell."""
    taken = []
    for _ in range(2):
        before = time.perf_counter()
        try:
            function(arrays)
        except Exception:
            return 0.0
        taken.append(time.perf_counter() - before)
    return min(taken)
