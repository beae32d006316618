"""The pieces of dnn/nn/activations.py that take one number to one number: values and derivatives."""

import functools

import keras
import numpy as np

import dnn
from conformance import exact
from conformance.calling import array_of, value_and_gradient
from conformance.exact import EXACT
from conformance.measure import epsilon, ulp
from conformance.piece import Part, Piece

DTYPES = ("float32", "float64", "bfloat16", "float16")
INFINITY = np.inf
SELU_ALPHA = EXACT.mpf("1.6732632423543772848170429916717")
SELU_SCALE = EXACT.mpf("1.0507009873554804934193349852946")
ROOT = 2 * EXACT.sqrt(2 / EXACT.pi)


def _approximate(x):
    """(s(u), ds/dx) of the approximate gelu, s the logistic function, u = 2 √(2/π) (x + 0.044715 x³)."""
    cubic = EXACT.mpf("0.044715")
    gate = exact.logistic(ROOT * (x + cubic * x**3))
    opposite = exact.logistic(-ROOT * (x + cubic * x**3))
    return gate, gate * opposite * ROOT * (1 + 3 * cubic * x**2)


def _gelu_tanh(x):
    gate, slope = _approximate(x)
    return x * gate, gate + x * slope


def _scaled(scale, alpha):
    """scale · elu, whose derivative at 0 is alpha's."""
    return lambda x: (
        np.where(x > 0, scale * x, scale * alpha * exact.expm1(np.minimum(x, 0))),
        np.where(x > 0, scale, scale * alpha * exact.exp(np.minimum(x, 0))),
    )


def _silu(x):
    s, opposite = exact.logistic(x), exact.logistic(-x)
    return x * s, s + x * s * opposite


def _selu(x):
    value, slope = _scaled(SELU_SCALE, SELU_ALPHA)(x)
    return value, np.where(x == 0, SELU_SCALE, slope)  # that of the right side, as in Keras


def _tanh(x):
    return exact.tanh(x), 4 * exact.logistic(2 * x) * exact.logistic(-2 * x)


# ours, Keras's, (value, derivative) exactly, and these at −∞ and at ∞
FUNCTIONS = {
    "relu": (
        dnn.relu,
        keras.activations.relu,
        lambda x: (np.maximum(x, 0), np.where(x > 0, 1, 0)),
        (0, 0, INFINITY, 1),
    ),
    "relu, leaky and bounded": (
        functools.partial(dnn.relu, negative_slope=0.25, max_value=6.0),
        functools.partial(keras.activations.relu, negative_slope=0.25, max_value=6.0),
        lambda x: (
            np.where(x > 0, np.minimum(x, 6), x / 4),
            np.where(x > 0, np.where(x < 6, EXACT.mpf(1), 0), EXACT.mpf(1) / 4),
        ),
        (-INFINITY, EXACT.mpf(1) / 4, 6, 0),
    ),
    "leaky_relu": (
        dnn.leaky_relu,
        keras.activations.leaky_relu,
        lambda x: (np.where(x > 0, x, x / 5), np.where(x > 0, EXACT.mpf(1), EXACT.mpf(1) / 5)),
        (-INFINITY, EXACT.mpf(1) / 5, INFINITY, 1),
    ),
    "elu": (dnn.elu, keras.activations.elu, _scaled(1, 1), (-1, 0, INFINITY, 1)),
    "selu": (dnn.selu, keras.activations.selu, _selu, (-SELU_SCALE * SELU_ALPHA, 0, INFINITY, SELU_SCALE)),
    "gelu": (
        dnn.gelu,
        keras.activations.gelu,
        lambda x: (x * exact.normal(x), exact.normal(x) + x * exact.normal_density(x)),
        (0, 0, INFINITY, 1),
    ),
    "gelu, approximate": (
        functools.partial(dnn.gelu, approximate=True),
        functools.partial(keras.activations.gelu, approximate=True),
        _gelu_tanh,
        (0, 0, INFINITY, 1),
    ),
    "sigmoid": (
        dnn.sigmoid,
        keras.activations.sigmoid,
        lambda x: (exact.logistic(x), exact.logistic(x) * exact.logistic(-x)),
        (0, 0, 1, 0),
    ),
    "tanh": (dnn.tanh, keras.activations.tanh, _tanh, (-1, 0, 1, 0)),
    "softplus": (
        dnn.softplus,
        keras.activations.softplus,
        lambda x: (np.maximum(x, 0) + exact.log1p(exact.exp(-np.abs(x))), exact.logistic(x)),
        (0, 0, INFINITY, 1),
    ),
    "silu": (dnn.silu, keras.activations.silu, _silu, (0, 0, INFINITY, 1)),
}


def pieces() -> list[Piece]:
    return [_piece(name, domain, dtype) for name in FUNCTIONS for domain in ("ordinary", "extreme") for dtype in DTYPES]


def _piece(name: str, domain: str, dtype: str) -> Piece:
    ours, keras_s, formula, limits = FUNCTIONS[name]
    changes_sign = domain == "ordinary" and name in ("silu", "gelu", "gelu, approximate")  # the derivative does
    return Piece(
        name,
        domain,
        dtype,
        (Part("value", ulp), Part("derivative", epsilon if changes_sign else ulp)),
        draw=lambda random, chunk: (array_of(DOMAINS[domain](random, dtype), dtype),),
        ours=functools.partial(value_and_gradient, ours),
        keras_s=functools.partial(value_and_gradient, keras_s),
        exact=functools.partial(_exactly, formula, limits),
    )


def _exactly(formula, limits, x):
    """(value, derivative), with the limits at the infinities."""
    below, slope_below, above, slope_above = map(EXACT.mpf, limits)
    z = exact.exact(x)
    value, slope = formula(np.where(np.isinf(x), EXACT.mpf(0), z))
    pairs = ((value, below, above), (slope, slope_below, slope_above))
    return tuple(np.where(x == INFINITY, high, np.where(x == -INFINITY, low, y)) for y, low, high in pairs)


def ordinary(random, dtype):
    """200 numbers between −10 and 10, half of them normal."""
    return np.concatenate([random.normal(size=100), random.uniform(-10, 10, 100)])


def extreme(random, dtype):
    """200 numbers of both signs, 10 to the largest and 1e-3 to the least that are ordinary numbers; 0, −0, ∞, −∞."""
    high, low = {"float64": (300, -300), "float16": (4.8, -4)}.get(dtype, (38, -37))
    exponents = [random.uniform(1, 2.5, 100), random.uniform(1, high, 50), random.uniform(low, -3, 50)]
    sizes = 10 ** np.concatenate(exponents) * random.choice([-1, 1], 200)
    return np.concatenate([sizes, [0.0, -0.0, INFINITY, -INFINITY]])


DOMAINS = {"ordinary": ordinary, "extreme": extreme}
