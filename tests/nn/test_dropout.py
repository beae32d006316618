"""Dropout: what is dropped follows from the key alone, and the mean stays."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from keras_peer import value_and_gradient
from modes import MODES
from python_bits import python_hash, python_mixed
from tolerance import assert_near

from dnn.nn.dropout import Dropout, dropout, dropout_seed
from dnn.nn.layers import Dense, Sequential

RATES = st.floats(0.05, 0.95)
KEYS = st.tuples(*[st.integers(-(2**31), 2**31 - 1)] * 3).map(lambda key: np.array(key, np.int32))
KEY = np.array([1, 2, 3], np.int32)
ONES = np.ones((100, 100), np.float32)


@given(RATES, KEYS)
def test_each_number_is_dropped_or_scaled_and_so_is_its_gradient(rate, key):
    x = np.linspace(1, 2, 200, dtype=np.float32).reshape(20, 10)
    value, gradient = value_and_gradient(lambda x: Dropout(rate, seed=0)(x, training=key), x)
    kept = value != 0
    assert_near(value, np.where(kept, x.astype(np.float64) / (1 - rate), 0), ulps=2)  # 1 − rate rounds, and x / it
    assert_near(gradient, np.where(kept, 1 / (1 - rate), 0), ulps=2)


@given(RATES, KEYS)
def test_the_mean_and_the_share_that_is_dropped_are_kept_to_five_standard_errors(rate, key):
    value = Dropout(rate, seed=0)(ONES, training=key).numpy()
    error = 5 * np.sqrt(rate * (1 - rate) / ONES.size)
    assert abs((value == 0).mean() - rate) < error
    assert abs(value.mean(dtype=np.float64) - 1) < error / (1 - rate)


@given(RATES, KEYS)
def test_a_number_is_kept_where_its_bits_are_at_least_the_rate_of_all_words(rate, key):
    x = np.ones((6, 10), np.float32)
    bits = [python_mixed(python_hash(*key[:2].tolist()) ^ i) for i in range(x.size)]
    kept = np.array([word >= int(rate * 2**32) for word in bits]).reshape(x.shape)
    np.testing.assert_array_equal(dropout(x, rate, key[:2]).numpy() != 0, kept)


def test_each_member_of_the_first_axis_has_the_rate_and_the_mask_of_its_own_seed():
    seeds, rates = np.array([[1, 2], [3, 4], [1, 2]], np.int32), [0.5, 0.25, 0.75]
    together = dropout(tf.ones([3, 20, 10]), rates, seeds)
    for i, (seed, rate) in enumerate(zip(seeds, rates, strict=True)):
        np.testing.assert_array_equal(together[i], dropout(tf.ones([20, 10]), rate, seed))


@settings(max_examples=settings().max_examples // 3)
@given(KEYS)
def test_the_same_key_drops_the_same_and_any_other_drops_independently(key):
    """Two masks of 10,000 at rate 1/2 agree in half of the numbers, with a standard error of 1/200."""
    mask = Dropout(0.5, seed=7)(ONES, training=key).numpy() > 0
    np.testing.assert_array_equal(Dropout(0.5, seed=7)(ONES, training=key).numpy() > 0, mask)
    others = [Dropout(0.5, seed=7)(ONES, training=key ^ np.eye(3, dtype=np.int32)[i]) for i in range(3)]
    others.append(Dropout(0.5, seed=8)(ONES, training=key))
    others.append(Dropout(0.5, seed=7)(ONES, training=key[[1, 2, 0]] + np.int32([0, 1, 0])))
    for other in others:
        assert abs((mask == (other.numpy() > 0)).mean() - 0.5) < 6 / 200


def test_outside_training_and_at_rate_0_nothing_is_dropped():
    np.testing.assert_array_equal(Dropout(0.9)(ONES), ONES)
    np.testing.assert_array_equal(Dropout(0.0)(ONES, training=KEY), ONES)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_drops_by_the_key_alone_and_drops_the_same(mode):
    layer = Dropout(0.3, seed=5)

    def value_and_its_gradient(x, key):
        with tf.GradientTape() as tape:
            tape.watch(x)
            value = layer(x, training=key)
        return value, tape.gradient(value, x)

    compiled = MODES[mode](value_and_its_gradient)
    value, gradient = (result.numpy() for result in compiled(tf.constant(ONES), tf.constant(KEY)))
    np.testing.assert_array_equal(gradient > 0, value > 0)
    np.testing.assert_array_equal(compiled(tf.constant(ONES), tf.constant(KEY))[0], value)
    assert abs((value == 0).mean() - 0.3) < 5 * np.sqrt(0.3 * 0.7 / ONES.size)
    assert_near(value, dropout(ONES, 0.3, dropout_seed(KEY, 5)))


def test_a_new_key_does_not_trace_again():
    layer = Dropout(0.5, seed=0)
    compiled = tf.function(lambda x, key: layer(x, training=key), autograph=False)
    masks = [compiled(ONES, tf.constant([0, 1, step])).numpy() for step in range(3)]
    assert compiled.experimental_get_tracing_count() == 1
    assert not np.array_equal(masks[0], masks[1])


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16, tf.float32, tf.float64], ids=lambda dtype: dtype.name)
def test_every_dtype_drops_the_same_numbers(dtype):
    value = Dropout(0.5, seed=0)(tf.ones([100, 100], dtype), training=KEY)
    assert value.dtype == dtype
    np.testing.assert_array_equal(tf.cast(value, tf.float32), Dropout(0.5, seed=0)(ONES, training=KEY))


def test_a_dropped_nan_is_0():
    x = np.full((10, 10), np.nan, np.float32)
    value = Dropout(0.5, seed=0)(x, training=KEY).numpy()
    np.testing.assert_array_equal(value == 0, Dropout(0.5, seed=0)(np.ones_like(x), training=KEY).numpy() == 0)


def test_a_draw_does_not_touch_the_global_generators():
    tf.random.set_seed(1)
    expected = tf.random.uniform([4]).numpy()
    tf.random.set_seed(1)
    Dropout(0.5)(ONES, training=KEY)
    np.testing.assert_array_equal(tf.random.uniform([4]), expected)


def test_two_dropouts_of_one_sequential_drop_independently_though_their_seeds_are_equal():
    """If both dropped the same, half would stay; as it is, a quarter."""
    value = Sequential([Dropout(0.5), Dropout(0.5)])(ONES, training=KEY).numpy()
    assert abs((value > 0).mean() - 0.25) < 5 * np.sqrt(0.25 * 0.75 / ONES.size)


def test_a_sequential_passes_training_to_the_layers_that_take_it_also_in_a_nested_one():
    model = Sequential([Dense(100, 100), tf.nn.relu, Sequential([lambda x: x + 1, Dropout(0.5)]), tf.negative])
    np.testing.assert_array_equal(model(ONES) == 0, np.zeros((100, 100), bool))
    assert abs((model(ONES, training=KEY).numpy() == 0).mean() - 0.5) < 0.03


@pytest.mark.parametrize("rate", [-0.1, 1, 1.5, float("nan")])
def test_a_rate_is_in_0_to_1(rate):
    with pytest.raises(ValueError, match=rf"rate must be in \[0, 1\), got {rate}"):
        Dropout(rate)


def test_a_string_is_not_a_rate():
    with pytest.raises(TypeError, match="rate must be a number, got '0.5'"):
        Dropout("0.5")


def test_two_made_by_default_drop_other_numbers():
    key, x = tf.constant([0, 1, 1]), tf.ones([8, 8])
    one, other = (Dropout(0.5)(x, key) for _ in range(2))
    assert not np.array_equal(one, other)
