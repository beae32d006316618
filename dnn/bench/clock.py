"""The clock: calls of one function, and repetitions of several runs in turn."""

import time
from collections.abc import Callable, Mapping


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
    """What each run returned, repetition by repetition, so that a slow minute slows all of them.

    A B C, C B A, A B C: what a run meets of the one before it, heat or garbage, is not always of the same one.
    """
    figures, names = {name: [] for name in runs}, list(runs)
    for repetition in range(repetitions):
        for name in reversed(names) if repetition % 2 else names:
            figures[name].append(runs[name]())
    return figures
