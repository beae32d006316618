"""check_op of what an op computes: the dtype that comes out, NaN and ±inf, and how near is near enough."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK as ANY
from broken_laws import broken, relu

import dnn
from dnn.testing import Floats, Integers, check_op

QUICK = ANY | {"gradient": None}
DTYPE = "keeps the dtype of its floats"
OTHERS = "takes other dtypes"
VALUES = "has the values of the reference"
NAN = "treats nan as the reference"


@pytest.mark.parametrize("reference", [np.abs, None], ids=["beside NumPy", "without a reference"])
def test_float64_out_of_float32_is_found(reference):
    found = broken(lambda x: tf.abs(tf.cast(x, tf.float64)), reference, **QUICK)
    assert found == {DTYPE: "float64 comes out of float32"}


@pytest.mark.parametrize("reference", [tf.math.softplus, lambda x: np.logaddexp(x, 0), None], ids=["TF", "NumPy", "-"])
def test_an_op_that_gives_float32_for_each_dtype_is_found(reference):
    def in_float32(x):
        return tf.math.softplus(tf.cast(x, tf.float32))

    assert broken(in_float32, reference, **QUICK) == {OTHERS: "of float64, result 0 is float32"}
    assert "float64 gives float32" in check_op(in_float32, in_float32, **QUICK)[OTHERS].detail


def test_a_reference_in_tensorflow_may_ask_for_another_dtype():
    def wide(x):
        return tf.abs(tf.cast(x, tf.float64))

    assert check_op(wide, wide, **QUICK)[DTYPE].verdict == "not applicable"
    assert "result 0: float32[1, 1] instead of float64[1, 1]" in broken(tf.abs, wide, **QUICK)[VALUES]


def test_integers_out_of_floats_have_their_own_dtype_and_so_has_one_of_two():
    assert check_op(lambda x: tf.argmax(x, 1), lambda x: np.argmax(x, 1), **QUICK)[DTYPE].verdict == "not applicable"
    pair = (Floats(), Floats(dtype=np.float64))
    report = check_op(lambda x, y: tf.cast(x, tf.float64) + y, np.add, pair, **QUICK)
    assert report[DTYPE].verdict == "not applicable"
    table = (Integers(["batch"], below="rows"), Floats(["rows", "features"]))
    assert check_op(lambda i, t: tf.gather(t, i), lambda i, t: t[i], table, **QUICK)[DTYPE].detail == "float32"


def loses_nan(x):
    return tf.where(x > 0, x, tf.zeros_like(x))


def test_nan_is_fed_where_an_argument_may_be_nan():
    report = check_op(loses_nan, relu, **QUICK)
    assert report[NAN].detail == "no argument is Floats(finite=False)"
    found = broken(loses_nan, tf.nn.relu, inputs=Floats(finite=False), **QUICK)
    assert found.keys() == {NAN}
    assert found[NAN].startswith("result 0: 0.0 instead of nan at (0, 0)")
    assert check_op(dnn.relu, relu, Floats(finite=False), **QUICK)[NAN].verdict == "holds"


def test_infinity_that_becomes_nan_is_found():
    op, inputs = (lambda x: x / (1 + tf.abs(x))), Floats(finite=False)
    found = broken(op, lambda x: np.where(np.isinf(x), np.sign(x), x / (1 + np.abs(x))), inputs=inputs, **QUICK)
    assert found.keys() == {NAN}


def test_how_far_results_are_off_is_told_in_units_of_each_number_too():
    inputs = Floats(low=-0.5, high=100)
    naive = check_op(lambda x: tf.math.log(1 + x), np.log1p, inputs, **QUICK)[VALUES].detail
    assert naive.startswith("off by at most 0.")
    assert " ulps of the largest number (64 allowed) and 8.4e+06 of the number itself (any allowed); 8 ex" in naive
    exact = check_op(tf.math.log1p, np.log1p, inputs, elementwise=True, ulps=4, **QUICK)[VALUES].detail
    assert float(exact.split(" of the number itself")[0].split()[-1]) < 4


def test_with_elementwise_each_number_is_near_in_units_of_itself():
    inputs = Floats(low=-0.5, high=100)
    found = broken(lambda x: tf.math.log(1 + x), np.log1p, inputs=inputs, elementwise=True, **QUICK)
    assert VALUES in found
    assert "8.4e+06 ulps of it, 64 allowed; of float32[1, 1] [[" in found[VALUES]
    check_op(lambda x: tf.argmax(x, 1), lambda x: np.argmax(x, 1), elementwise=True, **QUICK)
