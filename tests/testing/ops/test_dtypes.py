"""Laws of dtypes: a dtype that comes out unasked, and an op that is wrong only in float16 or bfloat16, are found."""

import numpy as np
import pytest
import tensorflow as tf
from multiplies_bfloat16 import multiplies_bfloat16
from op_laws import HALF, OTHER_DTYPES, OUTPUT_DTYPE, broken, found, holds, not_applicable

from dnn.testing import Floats, Integers

PRECISIONS = (tf.float16, tf.bfloat16)
by_dtype = pytest.mark.parametrize("dtype", PRECISIONS, ids=lambda dtype: dtype.name)


@pytest.mark.parametrize("reference", [np.abs, None], ids=["beside NumPy", "without a reference"])
def test_float64_out_of_float32_is_found(reference):
    def wide(x):
        return tf.abs(tf.cast(x, tf.float64))

    assert broken(wide, reference, law=OUTPUT_DTYPE) == "float64 comes out of float32"
    assert "the reference" in not_applicable(wide, wide, law=OUTPUT_DTYPE)


@pytest.mark.parametrize("reference", [tf.math.softplus, lambda x: np.logaddexp(x, 0), None], ids=["TF", "NumPy", "-"])
def test_an_op_that_gives_float32_for_each_dtype_is_found(reference):
    def in_float32(x):
        return tf.math.softplus(tf.cast(x, tf.float32))

    assert broken(in_float32, reference, law=OTHER_DTYPES) == "of float64, result 0 is float32"
    assert "float64 gives float32" in holds(in_float32, in_float32, law=OTHER_DTYPES)


def test_integers_out_of_floats_have_their_own_dtype_and_so_has_one_of_two():
    assert "no result is of floats" in not_applicable(lambda x: tf.argmax(x, 1), law=OUTPUT_DTYPE)
    pair = (Floats(), Floats(dtype=np.float64))
    assert "no common dtype" in not_applicable(lambda x, y: tf.cast(x, tf.float64) + y, None, pair, law=OUTPUT_DTYPE)
    table = (Integers(["batch"], below="rows"), Floats(["rows", "features"]))
    assert holds(lambda i, t: tf.gather(t, i), lambda i, t: t[i], table, law=OUTPUT_DTYPE) == "float32"


@pytest.mark.parametrize(("dtype", "factor"), [(tf.bfloat16, 1.3), (tf.float16, 1.05)])
@pytest.mark.parametrize("reference", [tf.tanh, np.tanh], ids=["TensorFlow", "NumPy"])
def test_a_value_that_is_wrong_only_in_half_precision_is_found(dtype, factor, reference):
    detail = broken(lambda x: tf.tanh(x) * (factor if x.dtype == dtype else 1), reference, law=OTHER_DTYPES)
    assert f"of {dtype.name}, result 0" in detail


def test_a_value_that_loses_digits_in_other_dtypes_is_found():
    def in_float32(x):
        return tf.cast(tf.exp(tf.cast(x, tf.float32)), x.dtype)

    assert "of float64" in broken(in_float32, tf.exp, Floats(low=-3, high=3), law=OTHER_DTYPES)


def test_a_dtype_that_the_op_or_its_reference_refuses_is_reported():
    def of_float32(x):
        tf.debugging.assert_type(x, tf.float32)
        return tf.square(x)

    assert "float16 refused (TypeError), float32 gives float32" in holds(of_float32, law=OTHER_DTYPES)
    assert "float64 gives float64, which the reference refuses" in holds(tf.square, of_float32, law=OTHER_DTYPES)


@by_dtype
@pytest.mark.parametrize("factor", [0.0, 1.3, np.nan])
def test_a_gradient_that_is_wrong_only_in_half_precision_is_found(dtype, factor):
    @tf.custom_gradient
    def op(x):
        return tf.square(x), lambda g: 2 * x * g * (factor if x.dtype == dtype else 1)

    assert f"the {dtype.name} gradient by float argument 0 is" in broken(op, np.square, law=HALF)


@multiplies_bfloat16
def test_a_right_op_with_kinks_keeps_its_gradient_in_half_precision():
    specs = (Floats(["batch", "inputs"]), Floats(["inputs", "units"]), Floats(["units"]))
    assert holds(lambda x, w, b: tf.nn.relu(x @ w + b), None, specs, law=HALF).startswith("bfloat16 is off by ")
    assert not_applicable(tf.square, law=HALF, gradient=None) == "it has no gradient"


def test_more_ulps_can_be_allowed():
    def coarse(x):
        return x + tf.cast(x.dtype == tf.bfloat16, x.dtype) * 0.15

    inputs = Floats(low=-1, high=1)
    broken(coarse, tf.identity, inputs, law=OTHER_DTYPES)
    holds(coarse, tf.identity, inputs, law=OTHER_DTYPES, ulps=512)


def test_what_is_too_large_for_float16_is_no_fault():
    values, gradient = found(tf.tan, np.tan, laws=[OTHER_DTYPES, HALF])
    assert values.verdict == "holds"
    assert "float16 is off by" in gradient.detail
    product = holds(lambda x: tf.reduce_prod(x, axis=1), law=HALF)
    assert product.startswith("bfloat16 is off by")
    assert " float16 is" not in product
