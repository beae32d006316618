"""To look at a step moves no generator that the process draws from."""

import random

import numpy as np
import tensorflow as tf

import dnn

X, LABELS = np.eye(4, dtype=np.float32), np.array([0, 1, 2, 1])


def drawn():
    return float(tf.random.uniform([])), random.random(), np.random.random()


def seeded():
    tf.random.set_seed(5)
    random.seed(5)
    np.random.seed(5)


def test_the_next_numbers_at_random_are_those_that_would_have_come():
    model = dnn.mlp([4, 3], seed=0)
    states = random.getstate(), np.random.get_state()
    try:
        seeded()
        expected = drawn()
        seeded()
        dnn.explain(model, X, LABELS, graph=True)
        assert drawn() == expected
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])
