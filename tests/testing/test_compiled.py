"""Laws of compiled pieces compare gradients by name: those of a third of the cubes of the results."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.testing import MODES, assert_near, with_gradients


class Product(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([2.0], name="w")
        self.unused = tf.Variable(1.0, name="unused")

    def __call__(self, labels, x):
        return {"y": self.w * x, "more": x + 1}


@pytest.mark.parametrize("mode", MODES)
def test_gradients_are_those_of_a_third_of_the_cubes(mode):
    """y = w x, so that of y³/3 they are w³x² and w²x³; with the other result, (x + 1)² more."""
    product, inputs = Product(), (np.zeros(2), np.float32([1, 3]))
    expected = {
        "y": [2, 6],
        "more": [2, 4],
        "gradient by the last argument": [8, 72],
        "gradient by variable 0, unused:0": 0,
        "gradient by variable 1, w:0": [4 + 4 * 27],
    }
    results = MODES[mode](lambda *inputs: with_gradients(product, inputs, without={"more"}))(*inputs)
    assert set(results) == set(expected)
    for name, value in expected.items():
        assert_near(results[name], np.float32(value), name)
    both = with_gradients(product, inputs)
    assert_near(both["gradient by the last argument"], np.float32([8 + 4, 72 + 16]), "both")
