"""A compiled step is the step, traced once."""

import numpy as np
import pytest
import tensorflow as tf

GRADIENTS = np.random.default_rng(0).normal(size=(6, 3)).astype("float32")


def by_formula():
    """p after each step, in NumPy."""
    p, u, after = np.zeros(3), np.zeros(3), []
    for t, g in enumerate(GRADIENTS, start=1):
        u = 0.9 * u + g
        p = p - 0.1 * u / (1 - 0.9**t)
        after.append(p)
    return after


def steps(answer, **how):
    """p after each step, and how often the step was traced."""
    p, traces = tf.Variable(tf.zeros(3)), []
    optimizer = answer.Momentum([p])

    def step(g):
        traces.append(g)
        optimizer.apply([g])

    if how:
        step = tf.function(step, **how)
    after = []
    for g in GRADIENTS:
        step(tf.constant(g))
        after.append(p.numpy())
    return after, len(traces)


def test_from_python_it_is_the_formula(answer):
    np.testing.assert_allclose(steps(answer)[0], by_formula(), atol=1e-5)


@pytest.mark.parametrize("jit_compile", [False, True], ids=["graph", "XLA"])
def test_in_a_tf_function_it_is_the_formula_too(answer, jit_compile):
    after, traces = steps(answer, jit_compile=jit_compile)
    for t, (ours, expected) in enumerate(zip(after, by_formula(), strict=True), start=1):
        message = f"step {t} in a tf.function is another: which Python number does the graph hold as a constant?"
        assert np.allclose(ours, expected, atol=1e-5), message
    assert traces == 1, f"traced {traces} times: a Python number among the arguments makes a graph for each value"
