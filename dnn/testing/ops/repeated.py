"""Laws of an op that is called again, and from many threads at once: it gives the same bits each time."""

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import tensorflow as tf

from dnn.testing.modes import assert_near
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, cotangents, outputs
from dnn.testing.ops.traced import results_and_gradients

TIMES = 32
THREADS = 8


def gives_the_same_bits_each_time(case: Case) -> str:
    """Of the same arguments, eagerly and, by itself, in a graph, values and gradients."""
    arrays = case.batches[0]
    weights = cotangents(outputs(case.op, arrays))
    for mode, call in (("eager", _eager(case)), ("graph", _graph(case))):
        first = _bits(call(arrays, weights))
        for time in range(1, TIMES):
            if _bits(call(arrays, weights)) != first:
                raise AssertionError(f"call {time + 1} of the same arguments gives other bits, {mode} mode")
    return f"{TIMES} calls, eagerly and in a graph"


def keeps_its_bits_among_threads(case: Case) -> str:
    """Called on different arguments from 8 threads at once, it gives the bits that it gives one by one.

    A quarter of the calls are eager; the others stand 16 in a graph, which TensorFlow runs at once too. Its bits are
    those of its first run, which must be near to what is right: TensorFlow may order the arithmetic of another graph in
    another way.
    """
    if case.changed:
        raise NotApplicableError("it changes its variables")
    batches = [(arrays, cotangents(outputs(case.op, arrays))) for arrays in case.batches]
    eager = _eager(case)
    together = tf.function(lambda batches: [results_and_gradients(case, *batch) for batch in batches])
    tensors = tf.nest.map_structure(tf.constant, batches)
    one_by_one, first = [eager(*batch) for batch in tensors], together(tensors)
    for one, other in zip(tf.nest.flatten(first), tf.nest.flatten(one_by_one), strict=True):
        assert_near(one, other, "one of 16 calls in a graph beside the same call alone", ulps=case.ulps)
    alone_bits, first_bits = [_bits(results) for results in one_by_one], [_bits(results) for results in first]

    def alone(number: int) -> int:
        place = number % len(tensors)
        return int(_bits(eager(*tensors[place])) != alone_bits[place])

    def at_once(_) -> int:
        return sum(_bits(r) != bits for r, bits in zip(together(tensors), first_bits, strict=True))

    few, rounds = case.calls // 4, -(-case.calls * 3 // 4 // len(tensors))
    with _often_switching(), ThreadPoolExecutor(THREADS) as pool:
        wrong = [sum(pool.map(alone, range(few))), sum(pool.map(at_once, range(rounds)))]
    if any(wrong):
        counts = f"{wrong[0]:,} of {few:,} eager calls and {wrong[1]:,} of {rounds * len(tensors):,} in a graph"
        raise AssertionError(f"{counts} give other bits than one by one")
    return f"{few + rounds * len(tensors):,} calls from {THREADS} threads, {len(tensors)} different"


def _eager(case: Case):
    return lambda arrays, weights: results_and_gradients(case, arrays, weights)


def _graph(case: Case):
    return tf.function(lambda arrays, weights: results_and_gradients(case, arrays, weights))


def _bits(results) -> list[bytes]:
    return [result.numpy().tobytes() for result in results]


@contextmanager
def _often_switching() -> Iterator[None]:
    """Python changes between its threads every 10 µs: a race in Python is rare at its usual 5 ms."""
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)
