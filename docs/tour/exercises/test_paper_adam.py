"""The two forms of Adam agree for ordinary gradients, and differ for tiny ones."""

import numpy as np
import pytest
import tensorflow as tf

import dnn

RATE = {"learning_rate": 0.01}


def test_the_steps_are_those_of_dnn_for_ordinary_gradients(answer):
    gradients = np.random.default_rng(0).normal(size=(50, 4)) + 2
    ours = theirs = (None, tf.zeros(4, tf.float64), tf.zeros(4, tf.float64))
    for t, g in enumerate(gradients, start=1):
        count, g = tf.constant(float(t), tf.float64), tf.constant(g)
        ours, theirs = answer.adam_update(g, *ours[1:], count, **RATE), dnn.adam_update(g, *theirs[1:], count, **RATE)
        for name, one, other in zip(("step", "m", "v"), ours, theirs, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-5, err_msg=f"{name} at t = {t}")


def test_a_tiny_gradient_tells_where_epsilon_stands(answer):
    zero = tf.zeros((), tf.float64)
    step, *_ = answer.adam_update(tf.constant(1e-8, tf.float64), zero, zero, zero + 1, learning_rate=1.0)
    assert float(step) == pytest.approx(1e-8 / (1e-8 + 1e-7)), "ε is added to √v̂, the corrected one"
