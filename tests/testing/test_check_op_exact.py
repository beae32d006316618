"""check_op of results that are no floats: complex numbers, integers of 64 bits and words; and of one argument alone."""

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import QUICK, broken
from hypothesis import strategies as st

from dnn.testing import Floats, Integers, assert_near, check_op

VALUES = "has the values of the reference"
LARGE = 2**60


@pytest.mark.parametrize(
    ("op", "reference", "inputs"),
    [
        (lambda x: tf.complex(x, x), lambda x: tf.complex(x, -x), Floats()),
        (lambda x: tf.complex(x, x), lambda x: x - 1j * x, Floats()),
        (lambda x: x + LARGE + 1, lambda x: x + LARGE, Integers(dtype=np.int64, below=9)),
        (tf.strings.as_string, lambda x: tf.strings.as_string(x + 1), Integers(below=9)),
    ],
    ids=["complex", "complex beside NumPy", "int64", "words"],
)
def test_a_difference_is_found(op, reference, inputs):
    assert VALUES in broken(op, reference, inputs=inputs, gradient=None)


def test_complex_numbers_are_near_in_units_of_their_parts():
    def op(x):
        return tf.complex(tf.exp(x), x)

    report = check_op(op, lambda x: np.exp(x) + 1j * x, Floats(low=-3, high=3), gradient=None, **QUICK)
    detail = report[VALUES].detail
    assert detail.startswith("off by at most 0.")
    one = tf.constant([1 + 1j], tf.complex64)
    assert_near(one, one * (1 + 2**-20), "near")
    with pytest.raises(AssertionError, match=r"far: \(1\+1j\) instead of \(1-1j\) at \(0,\)"):
        assert_near(one, tf.math.conj(one), "far")


def test_a_race_is_not_looked_for_with_one_argument():
    inputs = st.just((np.ones([3, 2], np.float32),))
    law = check_op(tf.square, np.square, inputs, **QUICK)["keeps its bits among threads"]
    assert law.verdict == "not applicable"
    assert law.detail == "no two different arguments were drawn, by which a race would show"
