"""Floats and Integers: which dtypes and shapes they take, and what they say of those that they do not."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.testing import Floats, Integers


@pytest.mark.parametrize("spec", [Floats, Integers])
def test_a_shape_is_no_word(spec):
    with pytest.raises(TypeError, match=r"shape must be a list .* as \['batch'\], got 'batch'"):
        spec("batch")


def test_a_dtype_is_that_of_numpy_or_tensorflow():
    assert Floats(dtype=tf.float32) == Floats(dtype=np.float32) == Floats()
    assert Integers(dtype=tf.int32) == Integers(dtype=np.dtype("int32")) == Integers()


@pytest.mark.parametrize(("spec", "dtype", "kind"), [(Floats, np.int32, "floating"), (Integers, float, "integer")])
def test_a_dtype_of_another_kind_is_refused(spec, dtype, kind):
    with pytest.raises(TypeError, match=f"dtype must be {kind}, got <class"):
        spec(dtype=dtype)
    with pytest.raises(TypeError, match=f"dtype must be {kind}, got 'number'"):
        spec(dtype="number")


def test_integers_of_no_number_are_refused():
    with pytest.raises(ValueError, match="below must be more than low, got 0 and 0"):
        Integers(below=0)


@pytest.mark.parametrize("dtype", [tf.bfloat16, np.float16, np.float32, np.float64])
def test_the_numbers_of_no_bounds_are_finite_and_away_from_kinks(dtype):
    spec = Floats([500], low=0.5, high=np.inf, kinks=(0.5,), dtype=dtype)
    numbers = spec.spread({}, np.random.default_rng(0))
    assert numbers.dtype == spec.dtype
    assert np.isfinite(numbers.astype(np.float64)).all()
    assert numbers.astype(np.float64).min() > 0.501
