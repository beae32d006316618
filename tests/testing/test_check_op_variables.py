"""check_op of an op with variables: a wrong gradient by one of them is found, in each mode."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import broken

import dnn
from dnn.testing import Floats, Integers, check_op

BY_VARIABLES = "has the gradient by its variables"
QUICK = {"examples": 4, "calls": 16}


class Affine(tf.Module):
    """x·w + b, whose gradients by w and b are multiplied by these numbers."""

    def __init__(self, by_kernel=1.0, by_bias=1.0, dtype=tf.float32):
        super().__init__()
        self.kernel = tf.Variable(tf.random.stateless_normal([3, 2], [1, 2], dtype=dtype), name="kernel")
        self.bias = tf.Variable(tf.zeros([2], dtype), name="bias")
        self.by_kernel, self.by_bias = by_kernel, by_bias

    def __call__(self, x):
        return dnn.tanh(x @ scaled(self.kernel, self.by_kernel) + scaled(self.bias, self.by_bias))


class Table(tf.Module):
    """The row of each number."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(tf.random.stateless_normal([5, 2], [1, 2]))

    def __call__(self, rows):
        return tf.gather(self.table, rows)


def scaled(variable, by):
    """The variable, with a gradient that is multiplied."""
    return by * variable + tf.stop_gradient((1 - by) * variable)


INPUTS = Floats(["batch", 3])


def test_a_wrong_gradient_by_a_variable_is_found():
    found = broken(Affine(by_kernel=1.1), None, inputs=INPUTS, **QUICK)
    assert found.keys() == {BY_VARIABLES}
    assert "gradient by variable kernel:0 at (" in found[BY_VARIABLES]


def test_by_variables_of_float64_a_fault_of_one_in_a_thousand_is_found():
    inputs = Floats(["batch", 3], dtype=np.float64)
    assert broken(Affine(by_kernel=1.001, dtype=tf.float64), None, inputs=inputs, **QUICK).keys() == {BY_VARIABLES}
    check_op(Affine(dtype=tf.float64), None, inputs, **QUICK)


@pytest.mark.parametrize(
    ("op", "inputs"),
    [
        (dnn.Sequential([dnn.Dense(3, 8, activation=dnn.relu), dnn.Dense(8, 1)]), INPUTS),
        (Table(), Integers(["batch"], below=5)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_right_gradient_is_compared_and_the_variables_are_left_as_they_were(op, inputs):
    before = [variable.numpy() for variable in op.variables]
    report = check_op(op, None, inputs, **QUICK)
    assert report[BY_VARIABLES].verdict == "holds"
    assert "with gradients by arguments and variables" in report["agrees in graph mode"].detail
    np.testing.assert_equal([variable.numpy() for variable in op.variables], before)


def test_a_gradient_by_a_variable_that_differs_in_a_graph_is_found():
    class OnceMoreInAGraph(Affine):
        def __call__(self, x):
            return x @ scaled(self.kernel, 1.0 if tf.executing_eagerly() else 2.0)

    found = broken(OnceMoreInAGraph(), None, inputs=INPUTS, **QUICK)
    assert {"agrees in graph mode", "agrees under xla"} <= found.keys()


def test_a_mean_whose_slopes_are_small_is_compared():
    class Mean(Affine):
        def __call__(self, x):
            return tf.reduce_mean(super().__call__(x), axis=0)

    assert BY_VARIABLES in broken(Mean(by_bias=0.0), None, inputs=Floats([17, 3]), **QUICK)


def test_a_surrogate_is_left_alone():
    report = check_op(Affine(by_bias=0.0), None, INPUTS, gradient="surrogate", **QUICK)
    assert report[BY_VARIABLES].detail == "its gradient is a surrogate"
