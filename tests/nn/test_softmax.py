"""Softmax and its logarithm: against Keras, against float64, and by laws that need neither."""

import math

import keras
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from modes import MODES
from tolerance import assert_losses_near, assert_near

from dnn.nn.softmax import log_softmax, softmax

LOGITS = st.floats(-(2.0**126), 2.0**126, width=32, allow_subnormal=False) | st.floats(
    -30, 30, width=32, allow_subnormal=False
)  # 2¹²⁶ is 8.5e37: two of them still differ by a float32. TensorFlow flushes subnormals to zero
ROWS_OF_LOGITS = st.tuples(st.integers(1, 6), st.integers(2, 6))  # Keras warns of a softmax over one class
INF, EPS = math.inf, float(np.finfo(np.float32).eps)
COMPILED = {(name, function): mode(function) for name, mode in MODES.items() for function in (softmax, log_softmax)}

in_every_mode = pytest.mark.parametrize("mode", MODES)


def rows_of_logits(elements=LOGITS):
    return hnp.arrays(np.float32, ROWS_OF_LOGITS, elements=elements)


@given(z=hnp.arrays(np.float32, (3, 4), elements=st.floats(-9, 9, width=32)))
def test_the_classes_may_lie_on_another_axis(z):
    for ours, keras_s in ((softmax, keras.activations.softmax), (log_softmax, keras.activations.log_softmax)):
        assert_near(ours(z, axis=0), keras_s(z, axis=0), absolute=32 * EPS)


@in_every_mode
@pytest.mark.parametrize("row", [[math.nan, 0], [INF, 0], [-INF, -INF]])
def test_a_row_of_no_numbers_has_no_probabilities(mode, row):
    for function in (softmax, log_softmax):
        assert np.isnan(MODES[mode](function)(np.array([row], np.float32))).all()


@given(z=rows_of_logits())
def test_softmax_is_a_distribution_that_keeps_the_order(z):
    p = softmax(z).numpy()
    assert (p >= 0).all()
    np.testing.assert_allclose(p.sum(axis=1, dtype=np.float64), 1, atol=4 * EPS)
    largest = np.take_along_axis(p, z.argmax(axis=1, keepdims=True), axis=1)
    np.testing.assert_array_equal(largest, p.max(axis=1, keepdims=True))


@given(z=rows_of_logits())
def test_softmax_is_keras_s_and_the_float64_value(z):
    assert_near(softmax(z), scipy.special.softmax(z.astype(np.float64), axis=1), absolute=4 * EPS)
    assert_near(softmax(z), keras.ops.softmax(z), absolute=4 * EPS)


@given(z=rows_of_logits())
def test_log_softmax_is_keras_s_and_the_float64_value(z):
    assert_losses_near(log_softmax(z), scipy.special.log_softmax(z.astype(np.float64), axis=1), z)
    assert_losses_near(log_softmax(z), keras.ops.log_softmax(z), z)


@given(z=rows_of_logits(), data=st.data())
def test_the_derivatives_of_softmax_and_log_softmax_are_keras_s_and_the_formulas(z, data):
    """With upstream u: of softmax p ⊙ (u − Σ u p), of log_softmax u − p Σ u."""
    u = data.draw(hnp.arrays(np.float32, z.shape, elements=st.floats(-1, 1, width=32, allow_subnormal=False)))
    p = scipy.special.softmax(z.astype(np.float64), axis=1)
    formulas = [p * (u - (u * p).sum(axis=1, keepdims=True)), u - p * u.sum(axis=1, keepdims=True, dtype=np.float64)]
    for ours, keras_s, formula in zip(
        [softmax, log_softmax], [keras.ops.softmax, keras.ops.log_softmax], formulas, strict=True
    ):
        _, gradient = value_and_gradient(lambda z, f=ours: f(z) * u, z)
        assert_near(gradient, formula, absolute=16 * EPS)
        assert_near(gradient, value_and_gradient(lambda z, f=keras_s: f(z) * u, z)[1], absolute=16 * EPS)


@given(z=rows_of_logits(st.integers(-60, 60)), shift=st.integers(-1000, 1000))
def test_softmax_and_log_softmax_do_not_change_when_all_logits_move(z, shift):
    """Integers, so that z + shift is exact, and so must be the result."""
    np.testing.assert_array_equal(softmax(z + np.float32(shift)), softmax(z))
    np.testing.assert_array_equal(log_softmax(z + np.float32(shift)), log_softmax(z))


@given(z=rows_of_logits())
def test_log_softmax_is_never_above_0_and_never_nan(z):
    assert (log_softmax(z).numpy() <= 0).all()


@in_every_mode
def test_extreme_logits_have_exact_probabilities(mode):
    z = np.array([[1e38, -1e38], [-1e38, -1e38], [1e38, 1e38], [0, -1e38], [1e38, 0]], np.float32)
    np.testing.assert_array_equal(MODES[mode](softmax)(z), [[1, 0], [0.5, 0.5], [0.5, 0.5], [1, 0], [1, 0]])
    logs = MODES[mode](log_softmax)(z).numpy()
    half = -np.log(2)
    assert_near(logs, [[0, -2e38], [half, half], [half, half], [0, -1e38], [0, -1e38]])


@in_every_mode
def test_a_masked_class_has_probability_0_and_no_gradient(mode):
    z = np.array([[0, -np.inf, 0]], np.float32)
    value, gradient = value_and_gradient(lambda z: MODES[mode](softmax)(z) * [1.0, 2.0, 3.0], z)
    np.testing.assert_array_equal(value, [[0.5, 0, 1.5]])
    np.testing.assert_array_equal(gradient, [[-0.5, 0, 0.5]])


@in_every_mode
@given(z=hnp.arrays(np.float32, (4, 5), elements=LOGITS))
def test_every_mode_computes_the_same(mode, z):
    expected, expected_gradient = value_and_gradient(lambda z: softmax(z) * [1.0, 2, 3, 4, 5], z)
    value, gradient = value_and_gradient(lambda z: COMPILED[mode, softmax](z) * [1.0, 2, 3, 4, 5], z)
    assert_near(value, expected, absolute=16 * EPS)
    assert_near(gradient, expected_gradient, absolute=64 * EPS)
    assert_losses_near(COMPILED[mode, log_softmax](z), log_softmax(z), z)
