"""Law of the gradient by variables: a wrong one is found, and the variables are left as they were."""

import numpy as np
import pytest
import tensorflow as tf
from op_laws import DIFFERENCES, GRAPH, REPEATED, VARIABLES, XLA, broken, broken_laws, found, holds, not_applicable

import dnn
from dnn.testing import Floats, Integers

INPUTS = Floats(["batch", 3])
LAWS = [DIFFERENCES, VARIABLES]


def scaled(variable, by):
    """The variable, with a gradient that is multiplied."""
    return by * variable + tf.stop_gradient((1 - by) * variable)


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


def test_a_wrong_gradient_by_a_variable_is_found_by_this_law_alone():
    by_arguments, by_variables = found(Affine(by_kernel=1.1), None, INPUTS, laws=LAWS)
    assert by_arguments.verdict == "not applicable"  # the kernel of float32 refuses x of float64
    assert "gradient by variable kernel:0 at (" in by_variables.detail


def test_by_variables_of_float64_a_fault_of_one_in_a_thousand_is_found():
    inputs = Floats(["batch", 3], dtype=np.float64)
    assert broken_laws(Affine(by_kernel=1.001, dtype=tf.float64), None, inputs, laws=LAWS) == {VARIABLES}
    holds(Affine(dtype=tf.float64), None, inputs, law=VARIABLES)


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
    by_variables, in_a_graph = found(op, None, inputs, laws=[VARIABLES, GRAPH])
    assert by_variables.verdict == "holds"
    assert "with gradients by arguments and variables" in in_a_graph.detail
    np.testing.assert_equal([variable.numpy() for variable in op.variables], before)


def test_a_gradient_by_a_variable_that_differs_in_a_graph_is_found():
    class TwiceInAGraph(Affine):
        def __call__(self, x):
            return x @ scaled(self.kernel, 1.0 if tf.executing_eagerly() else 2.0)

    assert broken_laws(TwiceInAGraph(), None, INPUTS, laws=[GRAPH, XLA]) == {GRAPH, XLA}


def test_a_mean_whose_slopes_are_small_is_compared():
    class Mean(Affine):
        def __call__(self, x):
            return tf.reduce_mean(super().__call__(x), axis=0)

    broken(Mean(by_bias=0.0), None, Floats([17, 3]), law=VARIABLES)


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([1.5], name="w")

    def __call__(self, x):
        return x * tf.stop_gradient(self.w)


def test_a_gradient_by_a_variable_that_is_none_is_told_from_0():
    detail = broken(Scaled(), lambda x: 1.5 * x, law=VARIABLES)
    assert detail.startswith("the gradient by variable w:0 at (0,) is None (unconnected), by finite ")


class Counting(tf.Module):
    def __init__(self):
        super().__init__()
        self.calls = tf.Variable(0.0)

    def __call__(self, x):
        return x * self.calls.assign_add(1.0)


def test_it_does_not_apply_to_a_surrogate_nor_to_a_variable_that_a_call_changes():
    surrogate = not_applicable(Affine(by_bias=0.0), None, INPUTS, law=VARIABLES, gradient="surrogate")
    assert surrogate == "its gradient is a surrogate"
    assert not_applicable(Counting(), law=VARIABLES) == "it has no trainable variables of floats"


def test_a_variable_that_a_call_changes_begins_each_call_with_the_same_value():
    holds(Counting(), law=REPEATED)
