"""An op of any signature is called in one way, and its gradients are those of the weighted sum of its outputs."""

import functools

import numpy as np
import pytest
import tensorflow as tf

from dnn.ops.calling import (
    cotangents,
    error_text,
    find_missing_gradients,
    in_dtype,
    name_of,
    numpy_outputs,
    outputs,
    outputs_and_gradients,
    without_autograph,
)

X, LABELS = np.float32([[1, 2], [3, 4]]), np.int32([0, 1])
SPECS = [tf.TensorSpec([2, 2])]


def products(labels, x):
    """Several outputs in a structure, one of integers."""
    return {"twice": 2 * x, "rest": (x * x, labels + 1)}


def test_outputs_are_a_flat_list_of_tensors():
    rest, number, twice = outputs(products, [LABELS, X])
    assert number.numpy().tolist() == [1, 2]
    assert (rest.numpy() == X * X).all()
    assert (twice.numpy() == 2 * X).all()


def test_numpy_computes_in_float64_and_says_nothing_of_infinities():
    (result,) = numpy_outputs(lambda x: x / np.zeros_like(x), [X])
    assert result.dtype == np.float64
    assert np.isinf(result).all()
    assert [array.dtype.name for array in in_dtype([X, LABELS], np.float64)] == ["float64", "int32"]


def test_gradients_are_those_of_the_weighted_sum_by_float_arguments_and_variables():
    """Σ c·(w x) has the gradient c·w by x, and Σ c·x by w."""
    w, unused = tf.Variable(3.0), tf.Variable([1.0, 1.0])
    results, gradients = outputs_and_gradients(lambda labels, x: (w * x, labels), [LABELS, X], [X], [w, unused])
    assert len(results) == 2
    expected = [3 * X, np.sum(X * X), [0, 0]]
    for gradient, value in zip(gradients, expected, strict=True):
        np.testing.assert_array_equal(gradient, value)


def test_a_gradient_of_another_shape_is_told_as_one():
    op = tf.custom_gradient(lambda x: (x, lambda dy: tf.reduce_sum(dy)))
    with pytest.raises(AssertionError, match=r"by float argument or variable 0 has shape \(\) instead of \(2, 2\)"):
        outputs_and_gradients(op, [X], [X])


def test_missing_gradients_are_told_from_those_that_are_none():
    assert find_missing_gradients(lambda x, y: x * tf.stop_gradient(y), [X, X], []) == ("", {1})
    images = tf.ones([1, 2, 2, 1])

    def unregistered(x):
        return tf.raw_ops.LRNGrad(input_grads=x, input_image=x, output_image=x)

    assert find_missing_gradients(unregistered, [images], [])[0] == "gradient registry has no entry for: LRNGrad"


def test_weights_are_normal_numbers_for_float_outputs_in_their_dtypes():
    (weight,) = cotangents([tf.constant(LABELS), tf.zeros([1000], tf.float16)])
    assert weight.dtype == np.float16
    assert 0.9 < np.std(weight.astype(np.float64)) < 1.1


def test_autograph_is_left_out_where_a_trace_does_without():
    def branches(x):
        return x if tf.reduce_sum(x) > 0 else -x

    assert without_autograph(branches, SPECS) is branches
    for function in (tf.nn.relu, lambda x: 1 / 0):
        assert without_autograph(function, SPECS) is not function


def test_a_function_has_the_name_of_what_it_is_made_of():
    assert name_of(functools.partial(products, 1)) == name_of(products) == "products"
    assert name_of(tf.Variable(1.0)) == "ResourceVariable"
    assert error_text(KeyError("weights")) == "KeyError: 'weights'"
