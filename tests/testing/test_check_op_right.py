"""check_op says nothing against ops that are right: of scalars, words, few digits, and sizes that numbers decide."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken

import dnn
from dnn.testing import Floats, Integers, check_op

SHAPE = "infers its shape"
HALVES = (np.float16, tf.bfloat16)


def positive(x):
    return tf.boolean_mask(x, x > 0)


def test_an_op_of_one_number():
    assert (
        "bfloat16 gives bfloat16"
        in check_op(tf.reduce_mean, np.mean, Floats([3]), **QUICK)["takes other dtypes"].detail
    )


@pytest.mark.parametrize("dtype", HALVES)
def test_arguments_of_half_precision(dtype):
    check_op(tf.square, np.square, Floats(dtype=dtype), **QUICK)
    specs = (Floats([7, 5], dtype=dtype), Floats([5, 3], dtype=dtype))
    check_op(lambda x, w: dnn.relu(x @ w), None, specs, **QUICK)


@pytest.mark.parametrize("dtype", HALVES)
def test_a_wrong_gradient_of_arguments_of_half_precision_is_found(dtype):
    @tf.custom_gradient
    def op(x):
        return tf.square(x), lambda g: 3 * x * g

    assert "has the gradient of finite differences" in broken(op, np.square, inputs=Floats(dtype=dtype))


@pytest.mark.parametrize(
    "op",
    [tf.sort, lambda x: tf.math.floormod(100 * x, 1), lambda x: tf.round(256 * x) / 256],
    ids=["sort", "floormod", "round"],
)
def test_kinks_and_jumps(op):
    assert check_op(op, gradient="exact", **QUICK)["has the gradient of finite differences"].verdict == "holds"


def test_words():
    check_op(tf.strings.as_string, tf.strings.as_string, Integers(below=1000), gradient=None, **QUICK)


@pytest.mark.parametrize(
    ("op", "reference", "inputs", "gradient"),
    [(positive, lambda x: x[x > 0], Floats(), "exact"), (lambda x: tf.unique(x)[0], None, Floats(["batch"]), None)],
    ids=["boolean_mask", "unique"],
)
def test_sizes_that_depend_on_numbers(op, reference, inputs, gradient):
    detail = check_op(op, reference, inputs, gradient=gradient, **QUICK)[SHAPE].detail
    assert detail.endswith("; a size depends on the numbers in the arguments")


def test_a_size_that_depends_on_numbers_excuses_no_other():
    def op(x):
        y = tf.boolean_mask(x, x[:, 0] > 0)
        return (
            y if tf.executing_eagerly() else tf.ensure_shape(tf.numpy_function(lambda z: z, [y], y.dtype), [None, None])
        )

    assert SHAPE in broken(op, None, gradient=None)
