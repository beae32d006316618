"""Law of an op that is called from many threads at once: it gives the bits that it gives one by one."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Barrier

import tensorflow as tf

from dnn.testing.modes import assert_near
from dnn.testing.ops.bits import bits
from dnn.testing.ops.larger import most_numbers
from dnn.testing.ops.repeated import eager, graph
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, cotangents, outputs

THREADS = 8
SECONDS = 0.4  # of the processor, for really large arguments in each mode: fewer calls where each takes long


@dataclass(frozen=True)
class Run:
    """A function, and the different arguments that threads call it with, of equal shapes, so often together."""

    name: str
    call: Callable
    arguments: Sequence[tuple]
    times: int


def keeps_its_bits_among_threads(case: Case) -> str:
    """Called on different arguments from 8 threads at once, it gives the bits that it gives one by one.

    A quarter of the calls are eager, an eighth are those of one graph with one call in it; the others stand 16 in a
    graph, which TensorFlow runs at once too. Besides there are calls of really large arguments, in which a race is
    likely: eagerly and in a graph. All calls of an op in eager mode, and all of one graph, share what its kernel
    remembers. A graph's bits are those of its first run, which must be near to what is right: TensorFlow may order the
    arithmetic of another graph in another way.
    """
    if case.changed:
        raise NotApplicableError("it changes its variables")
    different = len({tuple(bits(list(map(tf.constant, arrays)))) for arrays in case.batches})
    if different < 2:
        raise NotApplicableError("no two different arguments were drawn, by which a race would show")
    wrong = {}
    with _often_switching(), ThreadPoolExecutor(THREADS) as pool:
        for run in (*_usual(case), *_of_larger(case)):
            wrong[run.name] = _differing(run, pool)
    if any(wrong.values()):
        counts = ", ".join(f"{count:,} of {name}" for name, count in wrong.items())
        raise AssertionError(f"{counts} give other bits than one by one")
    also = f", and of {most_numbers(case.larger[0]):,} numbers" if case.larger else ""
    return f"{case.calls:,} calls from {THREADS} threads, {different} different{also}"


def _usual(case: Case) -> Iterator[Run]:
    batches = _tensors(case, case.batches)
    alone, one = eager(case), graph(case)
    together = tf.function(lambda *batches: [alone(*batch) for batch in batches])
    _assert_near_to(alone, together, batches, case.ulps)
    few, fewer = -(-case.calls // 4), -(-case.calls // 8)
    rounds = -(-(case.calls - few - fewer) // len(batches))
    yield Run(f"{few:,} eager calls", alone, batches, few)
    yield Run(f"{fewer:,} calls of a graph", one, batches, fewer)
    yield Run(f"{rounds:,} calls of a graph with {len(batches)} in it", together, [batches], rounds)


def _of_larger(case: Case) -> Iterator[Run]:
    tensors = _tensors(case, case.larger)
    for name, call in (("eager calls", eager(case)), ("calls of a graph", graph(case))):
        if tensors:
            times = max(THREADS, min(case.calls // 64, int(SECONDS / _seconds(call, tensors[0]))))
            yield Run(f"{times} large {name}", call, tensors, times)


def _differing(run: Run, pool: ThreadPoolExecutor) -> int:
    """How many calls give other bits than one by one."""
    wanted = [bits(run.call(*arguments)) for arguments in run.arguments]
    begin = Barrier(THREADS)

    def calls(thread: int) -> int:
        begin.wait()
        places = [number % len(wanted) for number in range(thread, run.times, THREADS)]
        return sum(bits(run.call(*run.arguments[place])) != wanted[place] for place in places)

    return sum(pool.map(calls, range(THREADS)))


def _tensors(case: Case, examples) -> list[tuple]:
    """Arguments and weights."""
    return tf.nest.map_structure(tf.constant, [(arrays, cotangents(outputs(case.op, arrays))) for arrays in examples])


def _assert_near_to(alone: Callable, together: Callable, batches, ulps: float) -> None:
    pairs = zip(tf.nest.flatten(together(*batches)), tf.nest.flatten([alone(*b) for b in batches]), strict=True)
    for one, other in pairs:
        assert_near(one, other, "one of 16 calls in a graph beside the same call alone", ulps=ulps)


def _seconds(call: Callable, arguments) -> float:
    call(*arguments)
    before = time.process_time()
    bits(call(*arguments))
    return max(time.process_time() - before, 1e-4)


@contextmanager
def _often_switching() -> Iterator[None]:
    """Python changes between its threads every 10 µs: a race in Python is rare at its usual 5 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
