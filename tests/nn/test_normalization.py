"""Normalization: against Keras's layers with the same weights, against float64, and by what it leaves unchanged."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from modes import MODES
from tolerance import assert_near

from dnn.nn.dropout import Dropout
from dnn.nn.layers import Sequential
from dnn.nn.modules import weights
from dnn.nn.normalization import BatchNormalization, LayerNormalization, layer_normalization

EPS = float(np.finfo(np.float32).eps)
KEY = np.array([0, 1, 2], np.int32)
STEPS = st.integers(-64, 64).map(lambda n: n / 8)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=3, min_side=1, max_side=6)
half = settings(max_examples=settings().max_examples // 2)


def exact(x, axes, gamma, beta, epsilon):
    """Return the normalized x in float64, by NumPy's mean and variance."""
    x = x.astype(np.float64)
    return gamma * (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + epsilon) + beta


def numbers(data, shape, dtype=np.float32):
    return data.draw(hnp.arrays(dtype, shape, elements=STEPS))


def twins(data, ours_class, keras_class, shape, dtype, **arguments):
    """Return our layer and Keras's with the same drawn weights."""
    size, dtype = shape[-1], dtype.__name__
    ours, keras_s = ours_class(size, dtype=dtype, **arguments), keras_class(dtype=dtype, **arguments)
    keras_s.build(shape)
    for variable in weights(ours):
        values = numbers(data, [size], dtype)
        variable.assign(np.abs(values) if variable is getattr(ours, "moving_variance", None) else values)
    keras_s.set_weights([variable.numpy() for variable in weights(ours)])
    return ours, keras_s


def results(layer, x, upstream, variables, **arguments):
    """Return the value, and the gradients of Σ value · upstream with respect to x and the variables."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = layer(x, **arguments)
        total = tf.reduce_sum(value * upstream)
    return [value, *tape.gradient(total, [x, *variables])]


def assert_all_near(actual, expected, dtype):
    """Within rounding of the largest number; 1/√ε is at most 32, so it multiplies what cancels."""
    for a, b in zip(actual, expected, strict=True):
        scale = max(1.0, float(np.abs(b).max(initial=0)))
        assert_near(a, b, dtype=dtype, absolute=float(np.finfo(dtype).eps) * 4096 * scale)


BOTH = pytest.mark.parametrize("dtype", [np.float32, np.float64])
FLAGS = st.fixed_dictionaries(
    {"center": st.booleans(), "scale": st.booleans(), "epsilon": st.sampled_from([1e-3, 0.1])}
)


@BOTH
@half
@given(data=st.data(), shape=SHAPES, flags=FLAGS)
def test_layer_normalization_and_its_gradients_are_keras_s(dtype, data, shape, flags):
    x, upstream = numbers(data, shape, dtype), numbers(data, shape, dtype)
    ours, keras_s = twins(data, LayerNormalization, keras.layers.LayerNormalization, shape, dtype, **flags)
    expected = results(keras_s, x, upstream, [v.value for v in keras_s.trainable_variables])
    assert_all_near(results(ours, x, upstream, weights(ours)), expected, dtype)


@BOTH
@half
@given(
    data=st.data(), shape=SHAPES, flags=FLAGS, momentum=st.sampled_from([0.0, 0.5, 0.99, 1.0]), training=st.booleans()
)
def test_batch_normalization_its_gradients_and_its_averages_are_keras_s(dtype, data, shape, flags, momentum, training):
    x, upstream = numbers(data, shape, dtype), numbers(data, shape, dtype)
    ours, keras_s = twins(
        data, BatchNormalization, keras.layers.BatchNormalization, shape, dtype, momentum=momentum, **flags
    )
    learnt = [v for v in weights(ours) if v.trainable]
    expected = results(keras_s, x, upstream, [v.value for v in keras_s.trainable_variables], training=training)
    actual = results(ours, x, upstream, learnt, training=KEY if training else None)
    assert_all_near(actual, expected, dtype)
    assert_all_near(weights(ours), keras_s.get_weights(), dtype)


@half
@given(data=st.data(), shape=SHAPES, epsilon=st.sampled_from([1e-5, 1e-3, 1.0]))
def test_both_are_the_formula_in_float64(data, shape, epsilon):
    x = numbers(data, shape)
    gamma, beta = numbers(data, shape[-1:]), numbers(data, shape[-1:])
    row, batch = LayerNormalization(shape[-1], epsilon=epsilon), BatchNormalization(shape[-1], epsilon=epsilon)
    for layer, axes, arguments in ((row, -1, {}), (batch, tuple(range(len(shape) - 1)), {"training": KEY})):
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        assert_near(layer(x, **arguments), exact(x, axes, gamma, beta, epsilon), absolute=2e-4)


@given(x=hnp.arrays(np.float32, (5, 4), elements=STEPS))
def test_in_training_each_column_of_a_batch_gets_mean_0_and_a_variance_of_at_most_1(x):
    value = BatchNormalization(4)(x, training=KEY).numpy().astype(np.float64)
    np.testing.assert_allclose(value.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(value.var(axis=0), x.var(axis=0, dtype=np.float64) / (x.var(axis=0) + 1e-3), atol=1e-4)


@given(x=hnp.arrays(np.float32, (3, 4), elements=STEPS), shift=st.integers(-1000, 1000), exponent=st.integers(0, 6))
def test_a_row_moved_or_stretched_is_normalized_the_same(x, shift, exponent):
    """Eighths and 4 columns, so that the mean is exact. Stretched, ε must be too."""
    expected = layer_normalization(x)
    np.testing.assert_array_equal(layer_normalization(x + np.float32(shift)), expected)
    assert_near(layer_normalization(x * 2.0**exponent, epsilon=1e-3 * 4.0**exponent), expected, ulps=8)


def test_a_row_far_from_0_keeps_the_digits_that_keras_s_loses():
    x = (np.array([[0, 1, 2, 5]]) + 2**20).astype(np.float32)
    expected = exact(x, -1, 1, 0, 1e-3)
    assert_near(layer_normalization(x), expected)
    assert np.abs(keras.layers.LayerNormalization()(x) - expected).max() > 0.01


def test_the_moving_averages_are_those_worked_by_hand():
    """Two batches of mean 2 and 4, biased variance 1 and 4, momentum 3/4."""
    layer = BatchNormalization(1, momentum=0.75)
    for batch in ([[1.0], [3.0]], [[2.0], [6.0]]):
        layer(tf.constant(batch), training=KEY)
    assert_near(layer.moving_mean, [0.75 * (0.25 * 2) + 0.25 * 4])
    assert_near(layer.moving_variance, [0.75 * (0.75 + 0.25) + 0.25 * 4])


def test_outside_training_the_averages_are_used_and_stay():
    layer = BatchNormalization(2, epsilon=1.0)
    layer.moving_mean.assign([1.0, -1.0])
    layer.moving_variance.assign([3.0, 8.0])
    assert_near(layer(np.float32([[3, 2], [1, -1]])), [[1, 1], [0, 0]])
    np.testing.assert_array_equal([layer.moving_mean, layer.moving_variance], [[1, -1], [3, 8]])


@pytest.mark.parametrize(
    "made",
    [lambda: BatchNormalization(2), lambda: Dropout(0.5), lambda: Sequential([Dropout(0.5), BatchNormalization(2)])],
    ids=["BatchNormalization", "Dropout", "Sequential"],
)
def test_training_false_is_outside_training_as_in_keras_and_true_is_not_a_key(made):
    layer, x = made(), np.float32([[1, 2], [5, 3]])
    before = [variable.numpy() for variable in layer.variables]
    np.testing.assert_array_equal(layer(x, training=False), layer(x))
    for variable, value in zip(layer.variables, before, strict=True):
        np.testing.assert_array_equal(variable, value)
    with pytest.raises(TypeError, match=r"training must be None, or the key int32\[3\] of a step"):
        layer(x, training=True)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16], ids=lambda dtype: dtype.name)
def test_half_precision_is_normalized_in_float32_and_rounded_once(dtype):
    x = np.random.default_rng(0).normal(5, 3, (64, 8)).astype(np.float32)
    x = tf.cast(x, dtype)
    for layer, axes, arguments in (
        (LayerNormalization(8, dtype=dtype), -1, {}),
        (BatchNormalization(8, dtype=dtype), 0, {"training": KEY}),
    ):
        value = layer(x, **arguments)
        expected = exact(x.numpy(), axes, 1, 0, 1e-3)
        assert value.dtype == dtype
        last_place = 2.0 ** (np.floor(np.log2(np.abs(expected))) - (7 if dtype == tf.bfloat16 else 10))
        assert (np.abs(value.numpy().astype(np.float64) - expected) <= 0.51 * last_place + 1e-6).all()


def test_the_averages_of_a_bfloat16_layer_still_move():
    """Each step moves them by a hundredth of the way, which a bfloat16 does not hold."""
    layer = BatchNormalization(1, dtype=tf.bfloat16)
    for _ in range(100):
        layer._move(layer.moving_mean, tf.constant([[10.0]]))
    np.testing.assert_allclose(layer.moving_mean, 10 * (1 - 0.99**100), rtol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_computes_the_same_and_moves_the_averages_alike(mode):
    x = np.random.default_rng(1).normal(2, 3, (16, 4)).astype(np.float32)
    layer, reference = BatchNormalization(4), BatchNormalization(4)
    step = MODES[mode](lambda x, key: layer(x, training=key))
    for _ in range(3):
        assert_near(step(x, KEY), reference(x, training=KEY), ulps=32, absolute=32 * EPS)
    assert_near(layer.moving_mean, reference.moving_mean, ulps=16)
    assert_near(layer.moving_variance, reference.moving_variance, ulps=16)
    assert_near(MODES[mode](layer.__call__)(x), reference(x), ulps=32, absolute=32 * EPS)
    assert_near(MODES[mode](layer_normalization)(x), exact(x, -1, 1, 0, 1e-3), ulps=32, absolute=32 * EPS)


@pytest.mark.parametrize("kind", [BatchNormalization, LayerNormalization])
def test_a_checkpoint_brings_back_every_variable(tmp_path, kind):
    saved, other = kind(3), kind(3)
    for i, variable in enumerate(saved.variables):
        variable.assign([i + 1.0, 2.0, 3.0])
    path = tf.train.Checkpoint(layer=saved).write(str(tmp_path / "checkpoint"))
    tf.train.Checkpoint(layer=other).read(path).assert_consumed()
    for expected, actual in zip(saved.variables, other.variables, strict=True):
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (BatchNormalization, {"size": 0}, "size must be positive, got 0"),
        (LayerNormalization, {"size": -1}, "size must be positive, got -1"),
        (BatchNormalization, {"size": 1, "momentum": 1.5}, r"momentum must be in \[0, 1\], got 1.5"),
        (BatchNormalization, {"size": 1, "epsilon": 0}, "epsilon must be positive, got 0"),
        (LayerNormalization, {"size": 1, "epsilon": float("nan")}, "epsilon must be positive, got nan"),
    ],
)
def test_arguments_out_of_their_range_are_refused(kind, arguments, message):
    with pytest.raises(ValueError, match=message):
        kind(**arguments)


@pytest.mark.parametrize(
    ("kind", "arguments", "message"),
    [
        (LayerNormalization, {"size": "6"}, "size must be an integer, got '6'"),
        (BatchNormalization, {"size": 6.0}, "size must be an integer, got 6.0"),
        (LayerNormalization, {"size": 1, "epsilon": "0.1"}, "epsilon must be a number, got '0.1'"),
        (BatchNormalization, {"size": 1, "epsilon": None}, "epsilon must be a number, got None"),
        (BatchNormalization, {"size": 1, "momentum": "0.9"}, "momentum must be a number, got '0.9'"),
    ],
)
def test_arguments_of_another_type_are_refused(kind, arguments, message):
    with pytest.raises(TypeError, match=message):
        kind(**arguments)


@pytest.mark.parametrize("kind", [BatchNormalization, LayerNormalization])
def test_another_width_is_refused(kind):
    with pytest.raises(ValueError, match=r"x must be \[..., 3\], got shape \(2, 1\)"):
        kind(3)(np.ones((2, 1), np.float32))


@pytest.mark.parametrize("axis", [0, 1])
def test_a_mean_of_1000_deviations_costs_no_digits(axis):
    """Along the batch and along the rows. Keras loses some hundred last places."""
    x = (1000 + np.random.default_rng(0).normal(size=(64, 64))).astype(np.float32)
    ours = [BatchNormalization(64)(x, training=KEY), layer_normalization(x)][axis]
    keras_s = [keras.layers.BatchNormalization()(x, training=True), keras.layers.LayerNormalization()(x)][axis]
    expected = exact(x, axis, 1, 0, 1e-3)
    assert np.abs(ours - expected).max() < 8 * EPS
    assert np.abs(keras_s - expected).max() > 100 * EPS
