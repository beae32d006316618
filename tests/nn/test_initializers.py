"""Initial weights: Keras's bits from Keras's seed, inside the bounds of their formulas, and independent by pairs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dnn.nn.initializers import (
    constant,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    lecun_normal,
    lecun_uniform,
    variance_scaling,
    zeros,
)
from dnn.nn.layers import Dense
from dnn.nn.ntk import NTKDense

SHAPES = st.tuples(st.integers(1, 40), st.integers(1, 40))
SEEDS = st.integers(0, 2**31 - 3)  # Keras takes a larger one modulo 2³¹ − 2
KERAS_S = {
    glorot_uniform: keras.initializers.GlorotUniform,
    glorot_normal: keras.initializers.GlorotNormal,
    he_uniform: keras.initializers.HeUniform,
    he_normal: keras.initializers.HeNormal,
    lecun_uniform: keras.initializers.LecunUniform,
    lecun_normal: keras.initializers.LecunNormal,
}
VARIANCES = {  # of [200, 300]
    glorot_uniform: 2 / 500,
    glorot_normal: 2 / 500,
    he_uniform: 2 / 200,
    he_normal: 2 / 200,
    lecun_uniform: 1 / 200,
    lecun_normal: 1 / 200,
}
of_every_initializer = pytest.mark.parametrize("initializer", KERAS_S, ids=lambda initializer: initializer.__name__)


@of_every_initializer
@settings(max_examples=settings().max_examples // 4)
@given(shape=SHAPES, seed=SEEDS)
def test_the_same_seed_draws_keras_s_weights_bit_for_bit(initializer, shape, seed):
    for dtype in ("float32", "float64", "bfloat16", "float16"):
        np.testing.assert_array_equal(initializer(shape, seed, dtype), KERAS_S[initializer](seed)(shape, dtype), dtype)


@given(
    shape=SHAPES,
    seed=SEEDS,
    scale=st.floats(1e-3, 10),
    mode=st.sampled_from(["fan_in", "fan_out", "fan_avg"]),
    distribution=st.sampled_from(["uniform", "truncated_normal"]),
)
def test_variance_scaling_is_keras_s_bit_for_bit(shape, seed, scale, mode, distribution):
    arguments = {"scale": scale, "mode": mode, "distribution": distribution}
    expected = keras.initializers.VarianceScaling(**arguments, seed=seed)(shape)
    np.testing.assert_array_equal(variance_scaling(shape, seed, **arguments), expected)


@pytest.mark.parametrize(
    ("shape", "arguments", "message"),
    [
        ((2, 3), {"scale": 0}, "scale must be a positive number, got 0"),
        ((2, 3), {"scale": float("nan")}, "scale must be a positive number, got nan"),
        ((2, 3), {"mode": "fan"}, "mode must be 'fan_in', 'fan_out' or 'fan_avg', got 'fan'"),
        ((2, 3), {"distribution": "normal"}, "distribution must be 'uniform' or 'truncated_normal', got 'normal'"),
    ],
)
def test_variance_scaling_refuses_unknown_modes_and_distributions(shape, arguments, message):
    with pytest.raises(ValueError, match=message):
        variance_scaling(shape, 0, **arguments)


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


@of_every_initializer
def test_the_variance_is_the_papers(initializer):
    """200 × 300 draws: the standard error of a variance is at most √(2/60,000) = 0.6 %, so 3 % is five of them."""
    weights, variance = initializer((200, 300), seed=5).numpy(), VARIANCES[initializer]
    assert abs(weights.mean()) < 5 * np.sqrt(variance / weights.size)
    np.testing.assert_allclose(weights.var(), variance, rtol=0.03)


@of_every_initializer
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


@pytest.mark.parametrize("initializer", [*KERAS_S, zeros, constant(2.0)])
def test_the_result_has_the_requested_dtype(initializer):
    assert initializer((2, 3), 0, tf.float64).dtype == tf.float64


def test_zeros_are_zeros():
    np.testing.assert_array_equal(zeros((2, 3)), np.zeros((2, 3), np.float32))


def test_a_constant_fills_any_shape():
    np.testing.assert_array_equal(constant(-2.5)((3,)), np.full(3, -2.5, np.float32))
    np.testing.assert_array_equal(constant()((3, 2), 7), np.zeros((3, 2)))


@of_every_initializer
def test_a_kernel_without_rows_or_columns_can_be_drawn_as_in_keras(initializer):
    for shape in ((0, 3), (3, 0), (0, 0)):
        assert initializer(shape, 0).shape == KERAS_S[initializer](0)(shape).shape == shape


def test_a_constant_may_be_an_array_of_the_variable_s_shape_and_is_checked():
    priors = np.log([0.9, 0.1])
    np.testing.assert_array_equal(Dense(4, 2, bias_initializer=constant(priors)).bias, priors.astype(np.float32))
    np.testing.assert_array_equal(constant(tf.constant([1.0, 2.0]))((2,), 0, tf.float64), [1, 2])
    for wrong in (np.log([0.9, 0.05, 0.05]), [-2.0], [[1.0, 2.0]]):
        with pytest.raises(ValueError, match=r"constant has values of shape \(.*\), for a variable of shape \(2,\)"):
            Dense(4, 2, bias_initializer=constant(wrong))
    with pytest.raises(ValueError, match="value must be finite, got nan"):
        constant(float("nan"))
    for wrong, got in (("a", "numbers, got <U1"), (tf.Variable(1.0, name="prior"), "tf.Variable prior:0")):
        with pytest.raises(TypeError, match=f"value must be .*{got}"):
            constant(wrong)


@pytest.mark.parametrize("make", [Dense, NTKDense])
@pytest.mark.parametrize("name", ["kernel_initializer", "bias_initializer"])
def test_what_an_initializer_gives_is_checked(make, name):
    """A bias of shape [] or [1] would be one for all units; a kernel of five rows would take five inputs."""
    shapes = {"kernel_initializer": ([5, 2], [2, 4], [8], []), "bias_initializer": ([], [1], [3], [2, 1])}
    for shape in shapes[name]:
        with pytest.raises(ValueError, match=rf"{name} must give the shape \((4, )?2,?\), got \("):
            make(4, 2, **{name: lambda *given, shape=shape: tf.ones(shape)})
    with pytest.raises(ValueError, match=f"{name} must give finite numbers"):
        make(4, 2, **{name: lambda shape, seed, dtype: tf.fill(shape, np.float32("nan"))})
    with pytest.raises(TypeError, match=f"{name} must give float32, got float64"):
        make(4, 2, **{name: lambda shape, seed, dtype: tf.zeros(shape, tf.float64)})
    layer = make(4, 2, **{name: lambda shape, seed, dtype: np.ones(shape)})  # NumPy's float64
    assert {v.dtype for v in layer.variables} == {tf.float32}
