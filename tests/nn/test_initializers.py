"""Initial weights: Keras's bits from Keras's seed, inside the bounds of their formulas, and independent by pairs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from dnn.nn.initializers import glorot_uniform, he_normal, zeros

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
SEEDS = st.integers(0, 2**31 - 3)  # Keras takes a larger one modulo 2³¹ − 2


@pytest.mark.parametrize(
    ("ours", "keras_s"),
    [(glorot_uniform, keras.initializers.GlorotUniform), (he_normal, keras.initializers.HeNormal)],
    ids=["glorot_uniform", "he_normal"],
)
@given(shape=SHAPES, seed=SEEDS)
def test_the_same_seed_draws_keras_s_weights_bit_for_bit(ours, keras_s, shape, seed):
    np.testing.assert_array_equal(ours(shape, seed), keras_s(seed)(shape))


@given(shape=SHAPES, seed=SEEDS)
def test_glorot_uniform_lies_within_its_limit(shape, seed):
    weights = glorot_uniform(shape, seed).numpy()
    assert weights.dtype == np.float32
    assert weights.shape == shape
    assert np.abs(weights).max() <= np.float32(np.sqrt(6 / sum(shape)))


@given(shape=SHAPES, seed=SEEDS)
def test_he_normal_lies_within_two_deviations_of_the_uncut_normal(shape, seed):
    uncut = np.sqrt(2 / shape[0]) / 0.87962566103423978
    assert np.abs(he_normal(shape, seed).numpy()).max() <= 2 * uncut * (1 + 1e-6)


@pytest.mark.parametrize(("initializer", "variance"), [(glorot_uniform, 2 / 500), (he_normal, 2 / 200)])
def test_the_variance_is_the_papers(initializer, variance):
    """200 × 300 draws: the standard error of a variance is at most √(2/60,000) = 0.6 %, so 3 % is five of them."""
    weights = initializer((200, 300), seed=5).numpy()
    assert abs(weights.mean()) < 5 * np.sqrt(variance / weights.size)
    np.testing.assert_allclose(weights.var(), variance, rtol=0.03)


@pytest.mark.parametrize("initializer", [glorot_uniform, he_normal])
def test_pairs_that_differ_in_either_number_draw_independent_weights(initializer):
    draws = {pair: initializer((100, 100), pair).numpy().ravel() for pair in [(0, 0), (0, 1), (1, 0), (1, 1)]}
    correlations = np.corrcoef(list(draws.values()))
    assert np.abs(correlations - np.eye(4)).max() < 5 / np.sqrt(100 * 100)  # five standard errors


@pytest.mark.parametrize("initializer", [glorot_uniform, he_normal])
@pytest.mark.parametrize("seed", [7, np.int64(7), np.uint8(7), (7, 0), np.array([7, 0])], ids=repr)
def test_a_seed_may_be_any_integer_or_pair(initializer, seed):
    np.testing.assert_array_equal(initializer((3, 2), seed), initializer((3, 2), 7))


def test_a_draw_does_not_touch_the_global_generators():
    tf.random.set_seed(1)
    expected = tf.random.uniform([4]).numpy()
    tf.random.set_seed(1)
    glorot_uniform((5, 5), 3)
    he_normal((5, 5), 3)
    np.testing.assert_array_equal(tf.random.uniform([4]), expected)


@pytest.mark.parametrize("initializer", [glorot_uniform, he_normal, zeros])
def test_the_dtype_is_the_one_asked_for(initializer):
    assert initializer((2, 3), 0, tf.float64).dtype == tf.float64


def test_zeros_are_zeros():
    np.testing.assert_array_equal(zeros((2, 3)), np.zeros((2, 3), np.float32))
