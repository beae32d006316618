"""Clipping: against exact norms in Python's fractions, against Keras within rounding, and as laws."""

import math
from fractions import Fraction

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from modes import MODES
from tolerance import assert_near

from dnn.nn.optimizers.clip import ClipGradients, clip_by_global_norm, clip_by_norm, clip_by_value
from dnn.nn.optimizers.sgd import SGD

FLOATS = st.floats(-(2.0**100), 2.0**100, width=32, allow_subnormal=False)  # TensorFlow takes a subnormal for 0
GRADIENTS = st.lists(st.lists(FLOATS, min_size=1, max_size=5).map(np.float32), min_size=1, max_size=3)
LIMITS = st.floats(2.0**-100, 2.0**100, width=32)
WIDE_LIMITS = st.floats(1e-300, 1e300)
WIDE_FLOATS = WIDE_LIMITS | WIDE_LIMITS.map(lambda x: -x) | st.sampled_from([0.0, 1.7e308, -1e-307, 1e154, 1e-170])
SIZES = (1e-170, 4e307)
CLIPS = (clip_by_global_norm, lambda gradients, limit: [clip_by_norm(g, limit) for g in gradients])


def exact_norm(gradients) -> float:
    """√(Σ g²), the sum without any rounding."""
    squares = sum(Fraction(float(x)) ** 2 for g in gradients for x in g)
    return math.sqrt(squares.numerator) / math.sqrt(squares.denominator) if squares else 0.0


def exact_norm_64(values) -> Fraction:
    """√(Σ x²) to 60 digits and more, of any float64 numbers: the root of a whole number, scaled back."""
    scale = 2**1300
    return Fraction(math.isqrt(int(sum((Fraction(x) * scale) ** 2 for x in values))), scale)


def clipped_in_two(values, limit) -> tf.Tensor:
    """The same numbers as two gradients, the second perhaps empty, with their common norm."""
    halves = np.float64(values[:1]), np.float64(values[1:])
    return tf.concat(clip_by_global_norm(halves, limit), 0)


@given(GRADIENTS, LIMITS)
def test_the_global_norm_is_at_most_the_limit_and_the_direction_stays(gradients, limit):
    norm = exact_norm(gradients)
    clipped = clip_by_global_norm(gradients, limit)
    for g, c in zip(gradients, clipped, strict=True):
        expected = g.astype(np.float64) * min(1.0, limit / norm if norm else 1.0)
        assert_near(c, expected, ulps=1, absolute=1.2e-38)  # below that, float32 is subnormal


@given(GRADIENTS, st.floats(1, 1e6))
def test_gradients_that_are_short_enough_keep_every_bit(gradients, slack):
    limit = slack * 1.000001 * max(exact_norm(gradients), 1e-30)
    for g, c in zip(gradients, clip_by_global_norm(gradients, limit), strict=True):
        np.testing.assert_array_equal(c, g)
        np.testing.assert_array_equal(clip_by_norm(g, limit), g)


@given(GRADIENTS, LIMITS)
def test_the_norm_of_each_is_the_global_norm_of_it_alone(gradients, limit):
    for g in gradients:
        np.testing.assert_array_equal(clip_by_norm(g, limit), clip_by_global_norm([g], limit)[0])


@given(st.lists(FLOATS, min_size=1, max_size=5).map(np.float32), LIMITS)
def test_a_value_is_kept_between_the_limits(g, limit):
    np.testing.assert_array_equal(clip_by_value(g, limit), [max(-limit, min(limit, x)) for x in g])


@settings(max_examples=settings().max_examples // 3)
@given(st.lists(st.floats(-1e3, 1e3, width=32, allow_subnormal=False), min_size=6, max_size=6), st.floats(1e-3, 1e3))
def test_each_is_keras_s_within_rounding_where_keras_s_squares_are_numbers(values, limit):
    """For gradients of 1e-12 and more, or 0. Keras's norms are sums in float32."""
    gradients = [np.float32([x if abs(x) >= 1e-12 else 0 for x in half]) for half in (values[:3], values[3:])]
    for name in ("clipnorm", "global_clipnorm", "clipvalue"):
        if name == "global_clipnorm" and not any(g.any() for g in gradients):
            continue  # Keras's is NaN: see below
        parameters, theirs = [tf.Variable(tf.zeros(3)) for _ in gradients], [keras.Variable(np.zeros(3)) for _ in "ab"]
        peer = keras.optimizers.SGD(1.0, **{name: limit})
        peer.build(theirs)
        peer.apply([tf.constant(g) for g in gradients], theirs)
        ClipGradients(SGD(parameters, 1.0), **{name: limit}).apply(gradients)
        for p, expected in zip(parameters, theirs, strict=True):
            assert_near(p, expected, ulps=8, absolute=1e-37)


@given(st.lists(WIDE_FLOATS, min_size=1, max_size=6), WIDE_LIMITS)
def test_float64_gradients_of_any_size_are_clipped_to_the_limit(values, limit):
    """Also where their squares are infinite, or 0."""
    norm = exact_norm_64(values)
    expected = [float(Fraction(x) * min(Fraction(1), Fraction(limit) / norm)) if norm else 0.0 for x in values]
    for clipped in (clip_by_norm(np.float64(values), limit), clipped_in_two(values, limit)):
        assert_near(clipped, expected, dtype=np.float64, ulps=4, absolute=2.3e-308 * max(1.0, limit))


@pytest.mark.parametrize("mode", MODES)
def test_the_largest_and_the_smallest_float64_gradients_are_clipped(mode):
    """(3, 4) times the size, whose norm is 5 times the size, to a tenth of that; at 4e307 the norm overflows."""

    @MODES[mode]
    def clipped(sizes):
        return [
            clip([tf.constant([3.0, 4.0], tf.float64) * sizes[i]], SIZES[i] / 2)[0] for i in (0, 1) for clip in CLIPS
        ]

    results = clipped(tf.constant(SIZES, tf.float64))
    for result, size in zip(results, np.repeat(SIZES, len(CLIPS)), strict=True):
        assert_near(result, [0.3 * size, 0.4 * size], dtype=np.float64)


@pytest.mark.parametrize("mode", MODES)
def test_an_infinite_gradient_makes_all_nan_as_in_keras_and_tensorflow(mode):
    """A training that has diverged looks so. Clipped each by its own norm, the others stay numbers."""

    @MODES[mode]
    def clipped(gradients):
        return clip_by_global_norm(gradients, 1.0), [clip_by_norm(g, 1.0) for g in gradients]

    gradients = [tf.constant([np.inf, 1.0]), tf.constant([-2.0])]
    keras_s = keras.optimizers.SGD(global_clipnorm=1.0)._clip_gradients(gradients)
    common, each = clipped(gradients)
    for result in (common, keras_s, tf.clip_by_global_norm(gradients, 1.0)[0]):
        assert np.isnan(tf.concat(result, 0)).all()
    assert np.isnan(each[0]).all()
    np.testing.assert_array_equal(each[1], [-1])


@pytest.mark.parametrize("size", [1e30, 1e-30])
def test_very_large_and_very_small_gradients_are_clipped_where_keras_s_are_not(size):
    """(3, 4) times 1e±30, whose norm is 5e±30, to a tenth of that."""
    g, limit = tf.constant([3 * size, 4 * size], tf.float32), size / 2
    for clip in CLIPS:
        assert_near(clip([g], limit)[0], [0.3 * size, 0.4 * size], ulps=2)
    peer = keras.optimizers.SGD(clipnorm=limit)
    assert not np.allclose(peer._clip_gradients([g])[0], [0.3 * size, 0.4 * size], rtol=0.5, atol=0)
    peer = keras.optimizers.SGD(global_clipnorm=limit)
    assert not np.allclose(peer._clip_gradients([g])[0], [0.3 * size, 0.4 * size], rtol=0.5, atol=0)


@pytest.mark.parametrize("mode", MODES)
def test_zeros_stay_zeros_and_nan_stays_nan(mode):
    @MODES[mode]
    def clipped(zeros, nan):
        each = [(clip(zeros, 1.0), clip(nan, 1.0)) for clip in (clip_by_norm, clip_by_value)]
        return each, clip_by_global_norm([zeros, nan], 1.0)

    each, common = clipped(tf.zeros(2), tf.constant([np.nan, 3.0]))
    for zeros, nan in each:
        np.testing.assert_array_equal(zeros, [0, 0])
        assert np.isnan(nan[0])
    assert np.isnan(tf.concat(common, 0)).all()


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.float64], ids=lambda dtype: dtype.name)
def test_a_gradient_keeps_its_dtype_and_is_rounded_once(dtype):
    g = tf.constant([300.0, 400.0], dtype)  # its squares are infinite in float16
    for clip in (clip_by_norm, clip_by_value):
        assert clip(g, 1.0).dtype == dtype
    np.testing.assert_array_equal(clip_by_norm(g, 1.0), tf.cast(tf.constant([0.6, 0.8], tf.float64), dtype))


def test_rows_of_an_embedding_are_added_up_before_their_norm_is_taken():
    """Twice the row [3, 4]: the gradient is [6, 8], of norm 10, not √50."""
    p = tf.Variable(tf.zeros((3, 2)))
    rows = tf.IndexedSlices(tf.constant([[3.0, 4.0], [3.0, 4.0]]), tf.constant([1, 1]), tf.constant([3, 2]))
    ClipGradients(SGD([p], 1.0), clipnorm=5.0).apply([rows])
    assert_near(p, [[0, 0], [-3, -4], [0, 0]])


@pytest.mark.parametrize(
    ("limits", "message"),
    [
        ({}, "exactly one of clipnorm, global_clipnorm, clipvalue must be given, got none"),
        ({"clipnorm": 1.0, "clipvalue": 1.0}, "exactly one of .* must be given, got clipnorm and clipvalue"),
        ({"clipnorm": 0}, "clipnorm must be positive, got 0"),
        ({"global_clipnorm": -1.0}, "global_clipnorm must be positive, got -1.0"),
        ({"clipvalue": float("nan")}, "clipvalue must be positive, got nan"),
    ],
)
def test_there_is_exactly_one_limit_and_it_is_positive(limits, message):
    with pytest.raises(ValueError, match=message):
        ClipGradients(SGD([tf.Variable(1.0)]), **limits)
