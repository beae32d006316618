"""Regularizers: against Keras's and float64, and the gradients that pull weights towards 0."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from modes import MODES
from tolerance import assert_near

from dnn.nn.layers import Dense, Sequential
from dnn.nn.regularizers import L1, L1L2, L2, penalty

FACTORS = st.sampled_from([0.0, 1e-4, 0.01, 0.5, 1.0])
# steps of 1/16: the square of a number near 0 would be flushed to 0
WEIGHTS = hnp.arrays(np.float32, (3, 4), elements=st.integers(-128, 128).map(lambda n: np.float32(n / 16)))


@settings(max_examples=settings().max_examples // 3)
@given(WEIGHTS, FACTORS, FACTORS.filter(bool))
def test_penalties_and_their_gradients_are_keras_s(weights, l1, l2):
    """With an l2: Keras's L1L2 of two zeros is a constant without a gradient."""
    pairs = [
        (L1(l1), keras.regularizers.L1(l1)),
        (L2(l2), keras.regularizers.L2(l2)),
        (L1L2(l1, l2), keras.regularizers.L1L2(l1, l2)),
    ]
    for ours, keras_s in pairs:
        for actual, expected in zip(
            value_and_gradient(ours, weights), value_and_gradient(keras_s, weights), strict=True
        ):
            assert_near(actual, expected, ulps=8)


@given(WEIGHTS, FACTORS, FACTORS)
def test_penalties_and_their_gradients_are_the_formulas_in_float64(weights, l1, l2):
    value, gradient = value_and_gradient(L1L2(l1, l2), weights)
    w = weights.astype(np.float64)
    assert_near(value, l1 * np.abs(w).sum() + l2 * (w**2).sum(), ulps=8)
    assert_near(gradient, l1 * np.sign(w) + 2 * l2 * w, ulps=8)


def test_the_defaults_are_keras_s():
    assert (L1().l1, L2().l2, L1L2()) == (0.01, 0.01, L1L2(l1=0.0, l2=0.0))


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float64], ids=lambda dtype: dtype.name)
def test_a_penalty_has_the_dtype_of_the_weights_and_is_rounded_once(dtype):
    """4,096 terms of 1: a sum in bfloat16 would stop at 256."""
    value = L1L2(0.25, 0.25)(tf.ones([64, 64], dtype))
    assert value.dtype == dtype
    assert float(value) == 2048


@pytest.mark.parametrize(
    ("regularizer", "size", "expected"),
    [(L1(257.0), 3, 772), (L2(257.0), 3, 772), (L1L2(257.0, 261.0), 1, 520)],
    ids=str,
)
def test_a_bfloat16_penalty_is_computed_in_float32(regularizer, size, expected):
    """Of ones: 771 and 518, rounded to 8 binary digits. Rounded before, they would be 3 · 256, and 256 + 260."""
    assert float(regularizer(tf.ones([size], tf.bfloat16))) == expected


@pytest.mark.parametrize("factor", [-1.0, float("nan"), float("inf")])
def test_a_factor_is_a_number_of_0_or_more(factor):
    for regularizer, name in (
        (L1, "l1"),
        (L2, "l2"),
        (lambda l1: L1L2(l1, 0.0), "l1"),
        (lambda l2: L1L2(0.0, l2), "l2"),
    ):
        with pytest.raises(ValueError, match=f"{name} must be a number of 0 or more, got {factor}"):
            regularizer(factor)


def test_equal_regularizers_are_one_to_a_cache():
    assert hash(L2(0.1)) == hash(L2(0.1))
    assert L2(0.1) == L2(0.1) != L2(0.2)


@pytest.mark.parametrize("mode", MODES)
def test_the_penalty_of_a_model_is_that_of_all_its_layers(mode):
    """Worked by hand: kernels of 2 × 3 and 3 × 1 of 2s, the first's bias of 3s."""
    twos = lambda shape, seed, dtype: tf.fill(shape, tf.cast(2, dtype))  # noqa: E731
    threes = lambda shape, seed, dtype: tf.fill(shape, tf.cast(3, dtype))  # noqa: E731
    first = Dense(
        2, 3, kernel_initializer=twos, bias_initializer=threes, kernel_regularizer=L2(0.5), bias_regularizer=L1(0.1)
    )
    second = Dense(3, 1, kernel_initializer=twos, kernel_regularizer=tf.reduce_sum)
    model = Sequential([first, tf.nn.relu, Sequential([second])])
    assert_near(MODES[mode](lambda: penalty(model))(), 0.5 * 6 * 4 + 0.1 * 9 + 6)


def test_without_regularizers_the_penalty_is_0_of_the_dtype_of_the_weights():
    for value, dtype in (
        (penalty(Sequential([Dense(2, 2, dtype=tf.float64)])), tf.float64),
        (penalty(Sequential([])), tf.float32),
    ):
        assert value.dtype == dtype
        assert float(value) == 0


@pytest.mark.parametrize(
    ("dtypes", "expected"),
    [
        ((tf.bfloat16, tf.float32), tf.float32),
        ((tf.float32, tf.float64), tf.float64),
        ((tf.bfloat16, tf.float16), tf.float32),
        ((tf.bfloat16, tf.bfloat16), tf.float32),
    ],
    ids=str,
)
def test_a_model_of_weights_of_several_dtypes_has_one_penalty(dtypes, expected):
    """256 and 1, of kernels of 2 × 2 ones: in bfloat16 the sum would be 256."""
    ones = lambda shape, seed, dtype: tf.ones(shape, dtype)  # noqa: E731
    layers = [
        Dense(2, 2, kernel_initializer=ones, kernel_regularizer=L2(factor), dtype=dtype)
        for factor, dtype in zip((64.0, 0.25), dtypes, strict=True)
    ]
    value = penalty(Sequential(layers))
    assert value.dtype == expected
    assert float(value) == 257


def test_a_penalty_pulls_the_weights_of_keras_s_layer_as_it_pulls_ours():
    ours = Dense(3, 2, kernel_regularizer=L1L2(0.1, 0.2), bias_regularizer=L2(0.3))
    ours.bias.assign([1.0, -2.0])
    keras_s = keras.layers.Dense(
        2, kernel_regularizer=keras.regularizers.L1L2(0.1, 0.2), bias_regularizer=keras.regularizers.L2(0.3)
    )
    keras_s.build((None, 3))
    keras_s.set_weights([ours.kernel.numpy(), ours.bias.numpy()])
    with tf.GradientTape(persistent=True) as tape:
        value, keras_value = ours.penalty(), tf.add_n(keras_s.losses)
    assert_near(value, keras_value)
    expected = tape.gradient(keras_value, [keras_s.kernel.value, keras_s.bias.value])
    for actual, keras_gradient in zip(tape.gradient(value, [ours.kernel, ours.bias]), expected, strict=True):
        assert_near(actual, keras_gradient)


@pytest.mark.parametrize("kind", [L1, L2, L1L2])
def test_a_string_is_not_a_factor(kind):
    with pytest.raises(TypeError, match="must be a number, got '0.1'"):
        kind("0.1")
