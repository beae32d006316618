"""check_op of an op that is wrong in float16 or bfloat16 alone, and of one that takes no other dtype than these."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken

from dnn.testing import Floats, check_op

HALVES = (tf.float16, tf.bfloat16)
by_dtype = pytest.mark.parametrize("dtype", HALVES, ids=lambda dtype: dtype.name)
OTHER, HALF = "takes other dtypes", "has its gradient in half precision"


@pytest.mark.parametrize(("dtype", "factor"), [(tf.bfloat16, 1.3), (tf.float16, 1.05)])
@pytest.mark.parametrize("reference", [tf.tanh, np.tanh], ids=["TensorFlow", "NumPy"])
def test_a_value_that_is_wrong_in_half_precision_alone_is_found(dtype, factor, reference):
    found = broken(lambda x: tf.tanh(x) * (factor if x.dtype == dtype else 1), reference, gradient=None)
    assert found.keys() == {OTHER}
    assert f"of {dtype.name}, result 0" in found[OTHER]


@by_dtype
@pytest.mark.parametrize("factor", [0.0, 1.3])
def test_a_gradient_that_is_wrong_in_half_precision_alone_is_found(dtype, factor):
    @tf.custom_gradient
    def op(x):
        return tf.square(x), lambda g: 2 * x * g * (factor if x.dtype == dtype else 1)

    found = broken(op, np.square)
    assert found.keys() == {HALF}
    assert f"the {dtype.name} gradient by float argument 0 is" in found[HALF]


def test_a_right_op_with_kinks_keeps_its_gradient_in_half_precision():
    specs = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]), Floats(["units"]))
    report = check_op(lambda x, w, b: tf.nn.relu(x @ w + b), None, specs, **QUICK)
    assert report[HALF].detail.startswith("bfloat16 is off by ")


def test_of_what_is_no_gradient_nothing_is_asked():
    assert check_op(tf.square, gradient=None, **QUICK)[HALF].detail == "it has none"


def test_more_ulps_can_be_allowed():
    def coarse(x):
        return x + tf.cast(x.dtype == tf.bfloat16, x.dtype) * 0.15

    assert broken(coarse, tf.identity, inputs=Floats(low=-1, high=1)).keys() == {OTHER}
    check_op(coarse, tf.identity, Floats(low=-1, high=1), ulps=512, **QUICK)


def test_what_is_too_large_for_float16_is_no_fault():
    report = check_op(tf.tan, np.tan, **QUICK)
    assert "float16 is off by" in report[HALF].detail
    law = check_op(lambda x: tf.reduce_prod(x, axis=1), None, **QUICK)[HALF]
    assert law.detail.startswith("bfloat16 is off by")
    assert " float16 is" not in law.detail


@by_dtype
def test_no_number_at_all_in_half_precision_is_a_fault(dtype):
    @tf.custom_gradient
    def op(x):
        return tf.square(x), lambda g: 2 * x * g * (np.nan if x.dtype == dtype else 1)

    assert HALF in broken(op, None)


def test_an_infinite_gradient_at_the_edge_of_a_domain_is_no_fault():
    check_op(tf.sqrt, np.sqrt, Floats(low=0), **QUICK)
