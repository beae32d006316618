"""Law of an op that is called again: it gives the same bits each time."""

from collections.abc import Callable

import tensorflow as tf

from dnn.testing.ops.bits import bits
from dnn.testing.ops.subject import Case, cotangents, outputs
from dnn.testing.ops.traced import results_and_gradients

TIMES = 32


def gives_the_same_bits_each_time(case: Case) -> str:
    """Of the same arguments, eagerly and, by itself, in a graph, values and gradients."""
    arrays = case.batches[0]
    weights = cotangents(outputs(case.op, arrays))
    for mode, call in (("eager", eager(case)), ("graph", graph(case))):
        first = bits(call(arrays, weights))
        for time in range(1, TIMES):
            if bits(call(arrays, weights)) != first:
                raise AssertionError(f"call {time + 1} of the same arguments gives other bits, {mode} mode")
    return f"{TIMES} calls, eagerly and in a graph"


def eager(case: Case) -> Callable:
    """(arguments, weights) -> results and gradients."""
    return lambda arrays, weights: results_and_gradients(case, arrays, weights)


def graph(case: Case) -> Callable:
    """The same, traced for each shape: all calls of one shape share the kernels of one graph."""
    return tf.function(lambda arrays, weights: results_and_gradients(case, arrays, weights))
