"""Laws of an op that is called again: it gives the same bits, one call after another and from many threads at once."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier
from typing import Any

import tensorflow as tf

from dnn.ops.calling import AnyFunction, Example, cotangents, outputs
from dnn.ops.comparing import assert_near, bits
from dnn.testing.ops.case import Case
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.source import most_numbers

REPETITIONS = 32
THREADS = 8
RACE_SECONDS = 0.4  # of the processor, for very large arguments in each mode: fewer calls where each takes long


@dataclass(frozen=True)
class ThreadedCalls:
    """A function, the different arguments of equal shapes that threads call it with, and how often in all."""

    name: str
    call: Callable[..., Any]
    arguments: Sequence[Sequence[Any]]
    times: int


def repeated_calls_give_the_same_bits(case: Case) -> str:
    """For the same arguments, eagerly and, by itself, in a graph, values and gradients."""
    arrays = case.batches[0]
    weights = cotangents(outputs(case.op, arrays))
    for mode, call in (("eager", case.results_and_gradients), ("graph", tf.function(case.results_and_gradients))):
        first = bits(call(arrays, weights))
        for repetition in range(1, REPETITIONS):
            if bits(call(arrays, weights)) != first:
                raise AssertionError(
                    f"call {repetition + 1} with the same arguments gives other bits than the first, {mode} mode"
                )
    return f"{REPETITIONS} calls, eagerly and in a graph"


def concurrent_calls_give_the_same_bits(case: Case) -> str:
    """Called on different arguments from 8 threads at once, it gives the bits that it gives one by one.

    A quarter of the calls are eager, an eighth are those of one graph with one call in it; the others stand 16 in a
    graph, which TensorFlow runs at once too. Besides there are calls of very large arguments, in which a race is
    likely: eagerly and in a graph. All calls of an op in eager mode, and all of one graph, share what its kernel
    remembers. A graph's bits are those of its first run, which must be near to what is right: TensorFlow may order the
    arithmetic of another graph in another way. On one core TensorFlow runs the kernels of graphs one after the other,
    and a race shows in eager calls alone.
    """
    if case.changed:
        raise NotApplicableError("it changes its variables")
    different = len({tuple(bits(list(map(tf.constant, arrays)))) for arrays in case.batches})
    if different < 2:
        raise NotApplicableError("no two different arguments were drawn, by which a race would show")
    wrong = {}
    with _frequent_switching(), ThreadPoolExecutor(THREADS) as pool:
        for calls in (*_of_large(case), *_of_very_large(case)):
            wrong[calls.name] = _count_differing(calls, pool)
    if any(wrong.values()):
        counts = ", ".join(f"{count:,} of {name}" for name, count in wrong.items())
        raise AssertionError(f"{counts} differ in their bits from the same calls made alone")
    also = f", and of {most_numbers(case.very_large[0]):,} numbers" if case.very_large else ""
    return f"{case.settings.calls:,} calls from {THREADS} threads, {different} different{also}"


def _of_large(case: Case) -> Iterator[ThreadedCalls]:
    batches, calls = _tensors(case, case.batches), case.settings.calls
    alone, graph = case.results_and_gradients, tf.function(case.results_and_gradients)
    together = tf.function(lambda *batches: [alone(*batch) for batch in batches])
    _assert_near_to(alone, together, batches, case.settings.ulps)
    in_eager, in_graph = -(-calls // 4), -(-calls // 8)
    rounds = -(-(calls - in_eager - in_graph) // len(batches))
    yield ThreadedCalls(f"{in_eager:,} eager calls", alone, batches, in_eager)
    yield ThreadedCalls(f"{in_graph:,} calls of a graph", graph, batches, in_graph)
    yield ThreadedCalls(f"{rounds:,} calls of a graph with {len(batches)} in it", together, [batches], rounds)


def _of_very_large(case: Case) -> Iterator[ThreadedCalls]:
    """Of one shape, so that all calls of the graph share its kernels."""
    tensors, most = _tensors(case, case.very_large), case.settings.calls // 64
    graph = tf.function(case.results_and_gradients)
    for name, call in (("eager calls", case.results_and_gradients), ("calls of a graph", graph)):
        if tensors:
            times = max(THREADS, min(most, int(RACE_SECONDS / _processor_seconds(call, tensors[0]))))
            yield ThreadedCalls(f"{times} large {name}", call, tensors, times)


def _count_differing(calls: ThreadedCalls, pool: ThreadPoolExecutor) -> int:
    """Return how many calls differ in their bits from the same calls made alone."""
    expected = [bits(calls.call(*arguments)) for arguments in calls.arguments]
    begin = Barrier(THREADS)

    def differing(thread: int) -> int:
        begin.wait()
        numbers = [number % len(expected) for number in range(thread, calls.times, THREADS)]
        return sum(bits(calls.call(*calls.arguments[number])) != expected[number] for number in numbers)

    return sum(pool.map(differing, range(THREADS)))


def _tensors(case: Case, examples: Sequence[Example]) -> list[tuple[Any, Any]]:
    """Return (arguments, weights) for each example."""
    pairs = [(list(arrays), cotangents(outputs(case.op, arrays))) for arrays in examples]
    return [tuple(tf.nest.map_structure(tf.constant, pair)) for pair in pairs]


def _assert_near_to(alone: AnyFunction, together: AnyFunction, batches: Sequence[Any], ulps: float) -> None:
    pairs = zip(tf.nest.flatten(together(*batches)), tf.nest.flatten([alone(*b) for b in batches]), strict=True)
    for one, other in pairs:
        assert_near(one, other, "one of 16 calls in a graph beside the same call alone", ulps=ulps)


def _processor_seconds(call: AnyFunction, arguments: Sequence[Any]) -> float:
    call(*arguments)
    before = time.process_time()
    bits(call(*arguments))
    return max(time.process_time() - before, 1e-4)


@contextmanager
def _frequent_switching() -> Iterator[None]:
    """Python changes between its threads every 10 µs: a race in Python is rare at its usual 5 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
