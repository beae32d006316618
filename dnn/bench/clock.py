"""The clock: calls of one function, and repetitions of several runs in turn."""

import time
from collections.abc import Callable, Mapping
from typing import Any


def seconds_of(function: Callable[[], Any], calls: int = 1) -> float:
    """Return the total seconds of `calls` calls."""
    began = time.perf_counter()
    for _ in range(calls):
        function()
    return time.perf_counter() - began


def seconds_per_call(function: Callable[[], Any], at_least: float) -> float:
    """Return the mean over as many calls, a power of two, as take `at_least` seconds in total."""
    calls = 1
    while (seconds := seconds_of(function, calls)) < at_least:
        calls *= 2
    return seconds / calls


def interleaved(runs: Mapping[str, Callable[[], float]], repetitions: int) -> dict[str, list[float]]:
    """Return what each run returned, repetition by repetition, so that a slow minute slows all of them.

    The order is A B C, C B A, A B C: what the run before leaves behind, heat or garbage, is not always the same run's.
    """
    names = list(runs)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for repetition in range(repetitions):
        for name in reversed(names) if repetition % 2 else names:
            figures[name].append(runs[name]())
    return figures
