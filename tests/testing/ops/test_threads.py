"""Laws of an op that is called again: a call that gives other bits is found, one by one or from many threads."""

import threading

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import strategies as st
from op_laws import CONCURRENT, REPEATED, broken, by_numpy, holds, not_applicable, relu


def test_random_numbers_are_found():
    assert "call 2 with the same arguments" in broken(lambda x: x + tf.random.normal([]), law=REPEATED)


def test_a_count_in_a_python_number_is_found_eagerly():
    calls = []

    def op(x):
        calls.append(1)
        return x * len(calls)

    assert "other bits than the first, eager mode" in broken(op, law=REPEATED, gradient=None)


def test_a_race_is_found():
    """Threads share an array: each waits for another between writing and reading, as long as there is another."""
    scratch, barrier = np.empty([64, 256], np.float32), threading.Barrier(2)

    def shared(x):
        if x.shape != scratch.shape:
            return relu(x)
        np.maximum(x, 0, out=scratch)
        try:
            barrier.wait(0.001)
        except threading.BrokenBarrierError:
            barrier.reset()
        return scratch.copy()

    detail = broken(by_numpy(shared, lambda x: x.shape), relu, law=CONCURRENT, gradient=None)
    assert "differ in their bits from the same calls made alone" in detail


def test_calls_are_counted_and_of_different_arguments():
    detail = holds(tf.square, law=CONCURRENT, calls=100, very_large=(2**14,))
    assert detail == "100 calls from 8 threads, 16 different, and of 16,191 numbers"


@pytest.mark.parametrize("inputs", [st.just((np.ones([3, 2], np.float32),))])
def test_a_race_is_not_looked_for_with_one_argument(inputs):
    reason = not_applicable(tf.square, None, inputs, law=CONCURRENT)
    assert reason == "no two different arguments were drawn, by which a race would show"


def test_an_op_that_changes_its_variables_is_not_called_by_threads():
    class Counting(tf.Module):
        def __init__(self):
            super().__init__()
            self.calls = tf.Variable(0.0)

        def __call__(self, x):
            return x * self.calls.assign_add(1.0)

    assert not_applicable(Counting(), law=CONCURRENT) == "it changes its variables"
