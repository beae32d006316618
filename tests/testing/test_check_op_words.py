"""What the table of check_op says, where the bare numbers would mislead."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken

from dnn.testing import Floats, check_op

DIFFERENCES = "has the gradient of finite differences"


def test_a_gradient_that_is_none_is_no_0():
    def without(x):
        return tf.square(tf.stop_gradient(x))

    found = broken(without, tf.square)
    assert " gradient by float argument 0 at (0, 0) is None, there is none, by finite " in found[DIFFERENCES]
    assert found["has the gradient of the reference"].startswith("gradient by float argument 0 (None): 0.0 in")


class Scaled(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable([1.5], name="w")

    def __call__(self, x):
        return x * tf.stop_gradient(self.w)


def test_a_gradient_by_a_variable_that_is_none_is_no_0():
    detail = broken(Scaled(), lambda x: 1.5 * x)["has the gradient by its variables"]
    assert detail.startswith("the gradient by variable w:0 at (0,) is None, there is none, by finite ")


def test_a_gradient_of_none_is_right_where_nothing_depends_on_an_argument():
    numbers = Floats()
    report = check_op(lambda x, y: x + 0 * tf.stop_gradient(y), lambda x, y: x, (numbers, numbers), **QUICK)
    assert report[DIFFERENCES].verdict == "holds"


def test_an_example_with_rows_is_shown_rather_than_one_without():
    found = broken(lambda x: tf.reduce_mean(x, axis=0), lambda x: tf.reduce_sum(x, axis=0))
    detail = found["has the values of the reference"]
    assert "nan" not in detail
    assert "; of float32[2, 1] " in detail


def test_an_op_that_is_wrong_without_rows_alone_is_found():
    def wrong(x):
        return tf.reduce_sum(x, axis=0) + (1.0 if x.shape[0] == 0 else 0.0)

    found = broken(wrong, lambda x: tf.reduce_sum(x, axis=0))
    assert "; of float32[0, 1]" in found["has the values of the reference"]


@pytest.mark.parametrize(("inputs", "says"), [(Floats(), True), (Floats(low=0.01), False)])
def test_where_most_places_have_no_derivative_the_remedy_is_told(inputs, says):
    detail = check_op(tf.math.log, np.log, inputs, **QUICK)[DIFFERENCES].detail
    assert ("narrow its domain, inputs=Floats(low=…" in detail) == says


def test_the_axis_whose_size_may_be_unknown_is_told_by_its_name():
    report = check_op(tf.abs, inputs=Floats(("r", "c")), gradient=None, **QUICK)
    wanted = 'no axis is named "batch", the one whose size may be unknown'
    assert report["infers its shape for any batch"].detail == wanted
