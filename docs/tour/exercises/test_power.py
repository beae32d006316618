"""The op is proved for several n, by the laws of check_op."""

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.ops.compiler import compiler


@pytest.fixture(autouse=True, scope="module")
def _has_a_compiler():
    try:
        compiler()
    except RuntimeError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("n", [0, 1, 4])
def test_no_law_is_broken(answer, n):
    numbers = dnn.testing.Floats(low=-3, high=3)
    dnn.testing.check_op(lambda x: answer.power(x, n), lambda x: np.power(x, n), numbers, examples=3, calls=64)


def test_the_gradient_has_a_gradient(answer):
    x = tf.constant([2.0])
    with tf.GradientTape() as outer:
        outer.watch(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = answer.power(x, 3)
        slope = tape.gradient(y, x)
    assert outer.gradient(slope, x).numpy().tolist() == [12], "the second derivative of x³ at 2"
