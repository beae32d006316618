"""Softmax and its logarithm: against Keras, against float64, and by laws that need neither."""

import functools
import math

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf
from hypothesis import given, settings
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
in_every_mode = pytest.mark.parametrize("mode", MODES)


def rows_of_logits(elements=LOGITS):
    return hnp.arrays(np.float32, ROWS_OF_LOGITS, elements=elements)


@given(z=hnp.arrays(np.float32, (3, 4), elements=st.floats(-9, 9, width=32)))
def test_the_classes_may_lie_on_another_axis(z):
    for ours, keras_s in ((softmax, keras.activations.softmax), (log_softmax, keras.activations.log_softmax)):
        assert_near(ours(z, axis=0), keras_s(z, axis=0), absolute=32 * EPS)


def values_and_gradients(z, upstream):
    """Return (softmax, the gradient of Σ upstream · softmax, log_softmax, its gradient)."""
    results = []
    for function in (softmax, log_softmax):
        with tf.GradientTape() as tape:
            tape.watch(z)
            value = function(z)
        results += [value, tape.gradient(value, z, output_gradients=upstream)]
    return results


DIVERGED = [[math.nan, 0, 0], [INF, 0, 0], [-INF, -INF, -INF]]
EXTREME = [[1e38, -1e38, -1e38], [-1e38, -1e38, -INF], [1e38, 1e38, -1e38], [1e38, 0, 0]]
MASKED = [[0, -INF, 0]]


@functools.cache
def of_edges(mode):
    z = tf.constant(DIVERGED + EXTREME + MASKED, tf.float32)
    results = MODES[mode](values_and_gradients)(z, tf.constant([[1.0, 2.0, 3.0]] * len(z)))
    return [result.numpy() for result in results]


@in_every_mode
def test_a_row_with_a_nan_a_positive_infinity_or_only_negative_ones_is_all_nan(mode):
    for result in of_edges(mode):
        assert np.isnan(result[:3]).all()


@in_every_mode
def test_extreme_logits_have_exact_probabilities(mode):
    value, _, logs, _ = (result[3:7] for result in of_edges(mode))
    np.testing.assert_array_equal(value, [[1, 0, 0], [0.5, 0.5, 0], [0.5, 0.5, 0], [1, 0, 0]])
    half = -np.log(2)
    assert_near(logs, [[0, -2e38, -2e38], [half, half, -INF], [half, half, -2e38], [0, -1e38, -1e38]])


@in_every_mode
def test_a_masked_class_has_probability_0_and_no_gradient(mode):
    value, gradient, *_ = (result[7:] for result in of_edges(mode))
    np.testing.assert_array_equal(value, [[0.5, 0, 0.5]])
    np.testing.assert_array_equal(gradient, [[-0.5, 0, 0.5]])


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


COMPILED = {name: MODES[name](values_and_gradients) for name in ("graph", "xla")}


@pytest.mark.parametrize("mode", COMPILED)
@settings(max_examples=settings().max_examples // 2)
@given(z=hnp.arrays(np.float32, (4, 5), elements=LOGITS))
def test_every_mode_computes_the_same(mode, z):
    z, upstream = tf.constant(z), tf.constant([[1.0, 2, 3, 4, 5]] * 4)
    expected, actual = values_and_gradients(z, upstream), COMPILED[mode](z, upstream)
    for i, ulps in enumerate((16, 64, None, 64)):
        if ulps:
            assert_near(actual[i], expected[i], absolute=ulps * EPS)
    assert_losses_near(actual[2], expected[2], z)
