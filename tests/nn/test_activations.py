"""Activations: values and derivatives against Keras, against float64, and by laws that need neither."""

import functools
import math

import keras
import numpy as np
import pytest
import scipy.special
import scipy.stats
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from keras_peer import value_and_gradient
from modes import MODES, THOROUGH
from tolerance import assert_near

from dnn.nn.activations import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from dnn.nn.layers import Dense

# subnormals are left out: TensorFlow flushes them to zero
ANY = st.floats(width=32, allow_subnormal=False, allow_nan=False, allow_infinity=False)
SHAPES = hnp.array_shapes(min_dims=2, max_dims=2, max_side=6)
EPS = float(np.finfo(np.float32).eps)

in_every_mode = pytest.mark.parametrize("mode", MODES)


@given(x=hnp.arrays(np.float32, SHAPES, elements=ANY))
def test_relu_is_the_larger_of_x_and_0_and_its_derivative_is_keras_s(x):
    value, derivative = value_and_gradient(relu, x)
    np.testing.assert_array_equal(value, np.maximum(x, 0))
    np.testing.assert_array_equal(derivative, np.where(x > 0, 1, 0))
    for ours, keras_s in zip((value, derivative), value_and_gradient(keras.ops.relu, x), strict=True):
        np.testing.assert_array_equal(ours, keras_s)


@in_every_mode
def test_relu_at_the_edges(mode):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e38, -1e38, 1e-37, -1e-37], np.float32)
    value, derivative = value_and_gradient(MODES[mode](relu), x)
    np.testing.assert_array_equal(value, np.array([0, 0, np.inf, 0, np.nan, 1e38, 0, 1e-37, 0], np.float32))
    np.testing.assert_array_equal(derivative[~np.isnan(x)], [0, 0, 1, 0, 1, 0, 1, 0])


@in_every_mode
def test_a_nan_stays_one_behind_a_matrix_product(mode):
    """TensorFlow's relu, fused with it and its bias, makes it 0."""
    layer = Dense(2, 3, activation=relu)
    layer.kernel.assign(np.full((2, 3), np.inf, np.float32))
    assert np.isnan(MODES[mode](layer)(np.float32([[1, -1]]))).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int32])
def test_relu_keeps_the_dtype(dtype):
    result = relu(np.array([-1, 0, 2], dtype))
    assert result.dtype == dtype
    np.testing.assert_array_equal(result, [0, 0, 2])


@given(
    x=hnp.arrays(np.float32, SHAPES, elements=st.floats(-20, 20, width=16)),
    negative_slope=st.sampled_from([0.0, 0.25, 1.0]),
    max_value=st.none() | st.floats(2, 8, width=16),
    threshold=st.floats(0, 2, width=16),
)
def test_relu_with_its_arguments_is_keras_s_but_at_the_seams_has_the_left_or_upper_slope(
    x, negative_slope, max_value, threshold
):
    arguments = {"negative_slope": negative_slope, "max_value": max_value, "threshold": threshold}
    x = np.append(x, np.float32([threshold, max_value or 0]))
    value, derivative = value_and_gradient(lambda x: relu(x, **arguments), x)
    keras_value, keras_derivative = value_and_gradient(lambda x: keras.activations.relu(x, **arguments), x)
    np.testing.assert_array_equal(value, keras_value)
    seams = (x == threshold) | (x == (max_value or np.inf))
    np.testing.assert_array_equal(derivative[~seams], keras_derivative[~seams])
    np.testing.assert_array_equal(derivative[x == threshold], negative_slope)
    np.testing.assert_array_equal(derivative[(x == max_value) & (x > threshold)], 0)


@in_every_mode
def test_relu_with_a_threshold_takes_infinities(mode):
    """0 · −∞ would be NaN."""
    function = MODES[mode](functools.partial(relu, threshold=1.0))
    value, derivative = value_and_gradient(function, np.array([-np.inf, np.inf], np.float32))
    np.testing.assert_array_equal(value, [0, np.inf])
    np.testing.assert_array_equal(derivative, [0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"negative_slope": -1}, "negative_slope and threshold must be 0 or more, got -1 and 0.0"),
        ({"threshold": math.nan}, "negative_slope and threshold must be 0 or more, got 0.0 and nan"),
        ({"max_value": 1, "threshold": 2}, "max_value must be at least the threshold, 2, got 1"),
    ],
)
def test_relu_refuses_arguments_out_of_their_range(arguments, message):
    with pytest.raises(ValueError, match=message):
        relu(np.ones(3, np.float32), **arguments)


SCALE, ALPHA = 1.0507009873554804934, 1.6732632423543772848
GELU_TANH = functools.partial(gelu, approximate=True)


def exponential(x):
    """Return eˣ where x <= 0, else 1: np.where evaluates both sides."""
    return np.exp(np.minimum(x, 0))


def gate(x):
    """Return (Φ̃, its derivative) of the approximate gelu; beyond 40 it is 0 or 1 in float64 too."""
    x = np.clip(x, -40, 40)
    root = 2 * np.sqrt(2 / np.pi)
    u = root * (x + 0.044715 * x**3)
    density = scipy.special.expit(u) * scipy.special.expit(-u)
    return scipy.special.expit(u), density * root * (1 + 3 * 0.044715 * x**2)


expit, normal = scipy.special.expit, scipy.stats.norm
# ours, Keras's, and value and derivative in float64
PIECES = {
    "leaky_relu": (
        leaky_relu,
        keras.activations.leaky_relu,
        lambda x: np.where(x > 0, x, 0.2 * x),
        lambda x: np.where(x > 0, 1, 0.2),
    ),
    "elu": (elu, keras.activations.elu, lambda x: np.where(x > 0, x, np.expm1(np.minimum(x, 0))), exponential),
    "selu": (
        selu,
        keras.activations.selu,
        lambda x: SCALE * np.where(x > 0, x, ALPHA * np.expm1(np.minimum(x, 0))),
        lambda x: SCALE * np.where(x >= 0, 1, ALPHA * exponential(x)),
    ),
    "gelu": (gelu, keras.activations.gelu, lambda x: x * normal.cdf(x), lambda x: normal.cdf(x) + x * normal.pdf(x)),
    "gelu_tanh": (
        GELU_TANH,
        functools.partial(keras.activations.gelu, approximate=True),
        lambda x: x * gate(x)[0],
        lambda x: gate(x)[0] + x * gate(x)[1],
    ),
    "sigmoid": (sigmoid, keras.activations.sigmoid, expit, lambda x: expit(x) * expit(-x)),
    "tanh": (tanh, keras.activations.tanh, np.tanh, lambda x: 4 * expit(2 * x) * expit(-2 * x)),
    "softplus": (softplus, keras.activations.softplus, lambda x: np.logaddexp(0, x), expit),
    "silu": (silu, keras.activations.silu, lambda x: x * expit(x), lambda x: expit(x) + x * expit(x) * expit(-x)),
}
of_every_piece = pytest.mark.parametrize("name", PIECES)
of_both_precisions = pytest.mark.parametrize("dtype", [np.float32, np.float64])
in_every_mode_and_precision = pytest.mark.parametrize(
    ("mode", "dtype"),
    [
        (mode, dtype)
        for mode in MODES
        for dtype in (np.float32, np.float64)
        if (mode, dtype) != ("xla", np.float64) or THOROUGH  # it takes long to compile, and few train in it
    ],
)


# the exponential of any library is within two last places, and each of the few operations after it rounds by half a one
LAST_PLACES = 4


def error(actual, exact, dtype) -> float:
    """Return the largest error, in last places of the value, or of 1 where the value is smaller."""
    epsilon = float(np.finfo(dtype).eps)
    return float(np.max(np.abs(actual.astype(np.float64) - exact) / np.maximum(1, np.abs(exact)), initial=0)) / epsilon


def arrays_of(elements, dtype):
    """Arrays of any shape."""
    return hnp.arrays(dtype, hnp.array_shapes(min_dims=0, max_dims=3, max_side=5), elements=elements)


def floats(low, high, dtype):
    return st.floats(low, high, width=np.dtype(dtype).itemsize * 8, allow_subnormal=False)


def of_any_size(dtype):
    """Mostly near 0, where the curves are."""
    far = floats(1e-37, 1e38, np.float64).map(dtype)
    return floats(-30, 30, dtype) | far | far.map(lambda x: -x)


@of_both_precisions
@settings(max_examples=settings().max_examples // 5)
@given(data=st.data())
def test_a_value_and_its_derivative_are_the_float64_ones(dtype, data):
    x = data.draw(arrays_of(of_any_size(dtype), dtype))
    for name, (ours, _, value, derivative) in PIECES.items():
        actual, gradient = value_and_gradient(ours, x)
        assert actual.dtype == gradient.dtype == dtype
        assert actual.shape == x.shape
        assert error(actual, value(x.astype(np.float64)), dtype) < LAST_PLACES, name
        assert error(gradient, derivative(x.astype(np.float64)), dtype) < LAST_PLACES, name


@of_both_precisions
@settings(max_examples=settings().max_examples // 5)
@given(data=st.data())
def test_a_value_and_its_derivative_are_keras_s(dtype, data):
    """Within Keras's errors: of a float64 it computes some in float32, and its selu has the right slope on the left
    of 0, as far as eˣ rounds to 1. The gradients of its gelus are NaN for large numbers."""
    size = floats(2.0**-6, 30, dtype)
    x = data.draw(arrays_of(size | size.map(lambda x: -x) | st.just(0), dtype))
    for name, (ours, keras_s, *_) in PIECES.items():
        for actual, expected in zip(value_and_gradient(ours, x), value_and_gradient(keras_s, x), strict=True):
            assert error(actual, expected.astype(np.float64), np.float32) < 32, name


INF = math.inf
EDGES = np.array([-INF, -1e38, -0.0, 0.0, 1e38, INF, math.nan])
GRID = np.concatenate([np.linspace(-30, 30, 3001), np.linspace(-1, 1, 1001), np.geomspace(1e-30, 1e38, 137)])
POINTS = np.concatenate([EDGES, GRID, -GRID])


@functools.cache
def curves(mode, dtype):
    """Return the values and derivatives of all curves at POINTS, by one function, which is compiled once."""

    def values_and_derivatives(x):
        results = {}
        for name, (function, *_) in PIECES.items():
            with tf.GradientTape() as tape:
                tape.watch(x)
                value = function(x)
            results[name] = value, tape.gradient(value, x)
        return results

    results = MODES[mode](values_and_derivatives)(tf.constant(POINTS, dtype))
    return {name: [result.numpy() for result in pair] for name, pair in results.items()}


@in_every_mode_and_precision
@of_every_piece
def test_no_error_is_more_than_a_few_last_places(name, mode, dtype):
    x = POINTS[len(EDGES) :].astype(dtype).astype(np.float64)
    for result, function in zip(curves(mode, dtype)[name], PIECES[name][2:], strict=True):
        assert error(result[len(EDGES) :], function(x), dtype) < LAST_PLACES


@in_every_mode_and_precision
@pytest.mark.parametrize("name", ["leaky_relu", "elu", "selu", "sigmoid", "tanh", "softplus", "silu"])
def test_the_smallest_values_and_slopes_keep_their_digits(name, mode, dtype):
    """Where 1 + eˣ would round to 1 and eˣ − 1 to 0. The slope of silu has a zero, near which a sum cancels."""
    near = np.abs(POINTS) < 30
    x = POINTS[near].astype(dtype).astype(np.float64)
    for result, function in list(zip(curves(mode, dtype)[name], PIECES[name][2:], strict=True))[: 1 + (name != "silu")]:
        assert_near(result[near], function(x), dtype=dtype, ulps=2 * LAST_PLACES)


@pytest.mark.parametrize("dtype", [tf.bfloat16, tf.float16], ids=lambda dtype: dtype.name)
@of_every_piece
def test_half_precision_is_the_float64_value_rounded_once(name, dtype):
    """So within half a last place; a value near the least number has fewer digits, so those are left out."""
    ours, _, value, derivative = PIECES[name]
    x = GRID[np.abs(GRID) < 30]
    x = tf.cast(np.concatenate([x, -x]), dtype).numpy()
    tiny, epsilon = (1e-4, 2.0**-10) if dtype == tf.float16 else (1e-30, 2.0**-7)
    for actual, function in zip(value_and_gradient(ours, x), (value, derivative), strict=True):
        assert actual.dtype == dtype.as_numpy_dtype
        exact = function(x.astype(np.float64))
        last_place = epsilon * 2.0 ** np.floor(np.log2(np.maximum(np.abs(exact), tiny)))
        # near their zeros the derivatives of silu and gelu are a sum that cancels, of numbers up to 1, in float32
        cancelled = np.where(np.abs(exact) < 0.01, LAST_PLACES * EPS, 0)
        assert (np.abs(actual.astype(np.float64) - exact) <= 0.51 * last_place + cancelled).all()


# value at −∞, derivative at −∞, value at 0, derivative at 0, value at ∞, derivative at ∞
LIMITS = {
    "leaky_relu": (-INF, 0.2, 0, 0.2, INF, 1),
    "elu": (-1, 0, 0, 1, INF, 1),
    "selu": (-SCALE * ALPHA, 0, 0, SCALE, INF, SCALE),
    "gelu": (0, 0, 0, 0.5, INF, 1),
    "gelu_tanh": (0, 0, 0, 0.5, INF, 1),
    "sigmoid": (0, 0, 0.5, 0.25, 1, 0),
    "tanh": (-1, 0, 0, 1, 1, 0),
    "softplus": (0, 0, math.log(2), 0.5, INF, 1),
    "silu": (0, 0, 0, 0.5, INF, 1),
}


@in_every_mode_and_precision
@of_every_piece
def test_at_the_edges_there_are_the_limits(name, mode, dtype):
    """±1e38 is as good as infinite: the same derivatives, and values that are the limit or x times the derivative."""
    low, low_slope, zero, zero_slope, high, high_slope = LIMITS[name]
    low_1e38, high_1e38 = (
        limit if abs(limit) < INF else slope * x
        for limit, slope, x in ((low, low_slope, -1e38), (high, high_slope, 1e38))
    )
    value, derivative = (result[: len(EDGES)] for result in curves(mode, dtype)[name])
    assert_near(value, np.array([low, low_1e38, zero, zero, high_1e38, high, math.nan], dtype), dtype=dtype)
    slopes = [low_slope, low_slope, zero_slope, zero_slope, high_slope, high_slope, math.nan]
    if name == "leaky_relu":
        slopes[-1] = 1
    assert_near(derivative, np.array(slopes, dtype), dtype=dtype)


@given(x=hnp.arrays(np.float64, 7, elements=st.floats(-50, 50)))
def test_each_curve_has_its_symmetry(x):
    near = functools.partial(assert_near, dtype=np.float64, ulps=8, absolute=1e-14)
    near(sigmoid(x) + sigmoid(-x), np.ones_like(x))
    near(tanh(-x), -tanh(x))
    near(2 * sigmoid(2 * x) - 1, tanh(x))
    for function in (softplus, silu, gelu, GELU_TANH):
        near(function(x) - function(-x), x)
    near(leaky_relu(x, negative_slope=1), x)
    near(elu(x, alpha=0), relu(x))
    near(selu(x), SCALE * elu(x, alpha=ALPHA))


@given(
    x=hnp.arrays(np.float32, 5, elements=st.floats(-5, 5, width=32, allow_subnormal=False)),
    alpha=st.sampled_from([0.5, 1.0, 2.0]),
)
def test_elu_and_leaky_relu_take_their_slopes_as_keras_s_do(x, alpha):
    for ours, keras_s in ((elu, keras.activations.elu), (leaky_relu, keras.activations.leaky_relu)):
        actual, expected = (value_and_gradient(lambda x, f=f: f(x, alpha), x) for f in (ours, keras_s))
        for a, b in zip(actual, expected, strict=True):
            assert_near(a, b, absolute=8 * EPS)
