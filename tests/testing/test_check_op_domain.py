"""check_op of an op whose gradient is wrong for large numbers alone: it is found beside NumPy too."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken

from dnn.testing import Floats, check_op

DIFFERENCES = "has the gradient of finite differences"


@tf.custom_gradient
def relu6_with_the_gradient_of_relu(x):
    return tf.nn.relu6(x), lambda g: tf.where(x > 0, g, 0)


@tf.custom_gradient
def softplus_with_no_gradient_beyond_20(x):
    return tf.math.softplus(x), lambda g: g * tf.sigmoid(x) * tf.cast(x < 20, x.dtype)


def in_float32_alone(function):
    def called(x):
        tf.debugging.assert_type(x, tf.float32)
        return function(x)

    return called


FAULTS = [
    (relu6_with_the_gradient_of_relu, lambda x: np.clip(x, 0, 6)),
    (softplus_with_no_gradient_beyond_20, lambda x: np.logaddexp(0, x)),
    (in_float32_alone(softplus_with_no_gradient_beyond_20), lambda x: np.logaddexp(0, x)),
]


@pytest.mark.parametrize(("op", "reference"), FAULTS, ids=["relu6", "softplus", "softplus of float32"])
def test_a_gradient_that_is_wrong_beyond_3_is_found(op, reference):
    found = broken(op, reference)
    assert found.keys() == {DIFFERENCES}
    assert "gradient by float argument 0 at (" in found[DIFFERENCES]


@pytest.mark.parametrize("op", [tf.exp, in_float32_alone(tf.exp), lambda x: tf.nn.softmax(x) * x])
def test_a_right_gradient_of_large_numbers_holds(op):
    assert check_op(op, None if op is not tf.exp else np.exp, **QUICK)[DIFFERENCES].verdict != "BREAKS"


def test_right_gradients_hold_where_float32_loses_the_digits():
    weights = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]))
    check_op(lambda x, w: tf.square(x @ w), lambda x, w: np.square(x @ w), weights, **QUICK)
    check_op(in_float32_alone(tf.exp), np.exp, **QUICK)
    check_op(tf.math.log, np.log, Floats(low=0.1, high=1e30, kinks=(0.5,)), **QUICK)
