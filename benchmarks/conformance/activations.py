"""The activations that take one number to one number: values and derivatives.

A new activation gets an entry in `CURVES`.
"""

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact
from benchmarks.conformance.bounds import SHORT, largest_exponent, rounded_once
from benchmarks.conformance.calling import array_of, value_and_gradient
from benchmarks.conformance.comparison import Arrays, Comparison, Part, Reason
from benchmarks.conformance.exact import EXACT, Exact
from benchmarks.conformance.measure import Array, Float64, epsilon, ulp

DTYPES = ("float32", "float64", "bfloat16", "float16")
INFINITY = math.inf
WIDE = ("float32", "float64")
LIMITS = "has its limits at ±∞, where Keras has NaN"
BY_EXPM1 = "is by expm1 where x is near 0: Keras's eˣ − 1 cancels"
BY_EXP = "is α eˣ below 0: Keras's is the value + α, which cancels"
LESS_THAN_SIGMOID = "is by TensorFlow's exp, which errs less than its sigmoid"
EXPONENTIAL = (
    "far below 0 it is an exponential: each rounding of its exponent counts as many times as the exponent is large"
)


@dataclass(frozen=True)
class Curve:
    """An activation beside Keras's and beside its exact formula.

    Args:
        ours: The function of `dnn`.
        keras_s: Keras's.
        formula: Exact numbers -> (values, derivatives), also exact.
        limits: Value and derivative at −∞, value and derivative at ∞.
        places: Last places by which value and derivative may err, by the count of `bounds.py`.
        exponent: Roundings of the exponent, for a curve that is exponential far below 0: each counts as many times as
            the exponent is large.
        changes_sign: Whether the derivative does, so that its terms cancel: it is counted in last places of 1.
        reasons: Why its error is notable.
    """

    ours: Callable[[tf.Tensor], tf.Tensor]
    keras_s: Callable[[tf.Tensor], tf.Tensor]
    formula: Callable[[Exact], tuple[Exact, Exact]]
    limits: tuple[Any, Any, Any, Any]
    places: float = SHORT
    exponent: float = 0
    changes_sign: bool = False
    reasons: Sequence[Reason] = ()


SELU_ALPHA = EXACT.mpf("1.6732632423543772848170429916717")
SELU_SCALE = EXACT.mpf("1.0507009873554804934193349852946")
ROOT = 2 * EXACT.sqrt(2 / EXACT.pi)


def _scaled(scale: Any, alpha: Any) -> Callable[[Exact], tuple[Exact, Exact]]:
    """Return scale · elu, whose derivative at 0 is alpha's."""
    return lambda x: (
        np.where(x > 0, scale * x, scale * alpha * exact.expm1(np.minimum(x, 0))),
        np.where(x > 0, scale, scale * alpha * exact.exp(np.minimum(x, 0))),
    )


def _leaky(slope: Any, largest: float = INFINITY) -> Callable[[Exact], tuple[Exact, Exact]]:
    """Return x where x > 0, at most `largest`, else slope · x."""
    low, high = EXACT.mpf(slope), EXACT.mpf(largest)
    return lambda x: (np.where(x > 0, np.minimum(x, high), low * x), np.where(x > 0, (x < high) + EXACT.mpf(0), low))


def _selu(x: Exact) -> tuple[Exact, Exact]:
    value, slope = _scaled(SELU_SCALE, SELU_ALPHA)(x)
    return value, np.where(x == 0, SELU_SCALE, slope)  # that of the right side, as in Keras


def _gelu(x: Exact) -> tuple[Exact, Exact]:
    return x * exact.normal(x), exact.normal(x) + x * exact.normal_density(x)


def _approximate_gelu(x: Exact) -> tuple[Exact, Exact]:
    """Return x s(u) and its derivative, s the logistic function, u = 2 √(2/π) (x + 0.044715 x³)."""
    cubic = EXACT.mpf("0.044715")
    u = ROOT * (x + cubic * x**3)
    gate, opposite = exact.logistic(u), exact.logistic(-u)
    return x * gate, gate + x * gate * opposite * ROOT * (1 + 3 * cubic * x**2)


def _sigmoid(x: Exact) -> tuple[Exact, Exact]:
    return exact.logistic(x), exact.logistic(x) * exact.logistic(-x)


def _tanh(x: Exact) -> tuple[Exact, Exact]:
    return exact.tanh(x), 4 * exact.logistic(2 * x) * exact.logistic(-2 * x)


def _softplus(x: Exact) -> tuple[Exact, Exact]:
    return np.maximum(x, 0) + exact.log1p(exact.exp(-np.abs(x))), exact.logistic(x)


def _silu(x: Exact) -> tuple[Exact, Exact]:
    s, opposite = exact.logistic(x), exact.logistic(-x)
    return x * s, s + x * s * opposite


def _mish(x: Exact) -> tuple[Exact, Exact]:
    gate = exact.tanh(np.maximum(x, 0) + exact.log1p(exact.exp(-np.abs(x))))
    return x * gate, gate + x * exact.logistic(x) * (1 - gate) * (1 + gate)


FIFTH = EXACT.mpf(1) / 5
LEAKY_AND_BOUNDED = {"negative_slope": 0.25, "max_value": 6.0}
CURVES = {
    "relu": Curve(dnn.relu, keras.activations.relu, _leaky(0), (0, 0, INFINITY, 1), places=0),
    "relu, leaky and bounded": Curve(
        functools.partial(dnn.relu, **LEAKY_AND_BOUNDED),
        functools.partial(keras.activations.relu, **LEAKY_AND_BOUNDED),
        _leaky(0.25, 6),
        (-INFINITY, 0.25, 6, 0),
        places=1,
        reasons=[Reason("stricter", "is that of the left side at 0: Keras's is 0, that of neither side", "derivative")],
    ),
    "leaky_relu": Curve(
        dnn.leaky_relu,
        keras.activations.leaky_relu,
        _leaky(FIFTH),
        (-INFINITY, FIFTH, INFINITY, 1),
        places=2,
        reasons=[Reason("stricter", "Keras rounds its factors to float32, for float64 too", dtypes=["float64"])],
    ),
    "elu": Curve(
        dnn.elu,
        keras.activations.elu,
        _scaled(1, 1),
        (-1, 0, INFINITY, 1),
        reasons=[Reason("stricter", BY_EXP, "derivative"), Reason("stricter", BY_EXPM1, "value")],
    ),
    "selu": Curve(
        dnn.selu,
        keras.activations.selu,
        _selu,
        (-SELU_SCALE * SELU_ALPHA, 0, INFINITY, SELU_SCALE),
        reasons=[Reason("stricter", BY_EXP, "derivative"), Reason("stricter", BY_EXPM1, "value")],
    ),
    "gelu": Curve(
        dnn.gelu,
        keras.activations.gelu,
        _gelu,
        (0, 0, INFINITY, 1),
        exponent=4,  # erfc(z) falls as e^−z², and z = x/√2 has two roundings
        changes_sign=True,
        reasons=[
            Reason("stricter", LIMITS, domain="extreme"),
            Reason("stricter", "Keras's √2 is a float32, for float64 too", dtypes=["float64"]),
            Reason("stricter", "is by erfc, in float32, rounded once: Keras's 1 + erf cancels below 0", "value"),
            Reason("large", EXPONENTIAL),
        ],
    ),
    "gelu, approximate": Curve(
        functools.partial(dnn.gelu, approximate=True),
        functools.partial(keras.activations.gelu, approximate=True),
        _approximate_gelu,
        (0, 0, INFINITY, 1),
        exponent=7,
        changes_sign=True,
        reasons=[
            Reason("stricter", "has its limits far out and at ±∞, where Keras has NaN", "derivative", "extreme"),
            Reason("stricter", LIMITS, domain="extreme"),
            Reason("stricter", "is by the sigmoid: Keras's 1 + tanh cancels below 0"),
            Reason("large", EXPONENTIAL),
        ],
    ),
    "sigmoid": Curve(
        dnn.sigmoid,
        keras.activations.sigmoid,
        _sigmoid,
        (0, 0, 1, 0),
        reasons=[
            Reason("stricter", "is s(x) s(−x): Keras's s (1 − s) cancels", "derivative"),
            Reason("stricter", LESS_THAN_SIGMOID, dtypes=WIDE),
        ],
    ),
    "tanh": Curve(
        dnn.tanh,
        keras.activations.tanh,
        _tanh,
        (-1, 0, 1, 0),
        reasons=[
            Reason("stricter", "is by e^(−2|x|): Keras's 1 − tanh² cancels", "derivative"),
            Reason("stricter", "is by exp from 1/2 on, which errs less than TensorFlow's tanh", dtypes=WIDE),
        ],
    ),
    "softplus": Curve(
        dnn.softplus,
        keras.activations.softplus,
        _softplus,
        (0, 0, INFINITY, 1),
        reasons=[Reason("stricter", "is by log1p and exp, which err less than TensorFlow's softplus", dtypes=WIDE)],
    ),
    "silu": Curve(
        dnn.silu,
        keras.activations.silu,
        _silu,
        (0, 0, INFINITY, 1),
        changes_sign=True,
        reasons=[Reason("stricter", LIMITS, domain="extreme"), Reason("stricter", LESS_THAN_SIGMOID, dtypes=WIDE)],
    ),
    "mish": Curve(
        dnn.mish,
        keras.activations.mish,
        _mish,
        (0, 0, INFINITY, 1),
        places=2 * SHORT,
        changes_sign=True,
        reasons=[
            Reason("stricter", LIMITS, domain="extreme"),
            Reason("stricter", "is a quotient of one exponential, in which nothing cancels", dtypes=WIDE),
        ],
    ),
}


def comparisons() -> list[Comparison]:
    """Return each activation on ordinary and extreme numbers of each dtype."""
    return [
        _comparison(name, curve, domain, dtype)
        for name, curve in CURVES.items()
        for domain in DOMAINS
        for dtype in DTYPES
    ]


def _comparison(name: str, curve: Curve, domain: str, dtype: str) -> Comparison:
    # in ordinary inputs, of which |x| <= 10, no exponent is above 90
    exponent = min(90, largest_exponent(dtype)) if domain == "ordinary" else largest_exponent(dtype)
    bound = rounded_once(curve.places + curve.exponent * exponent, dtype)
    slope = Part("derivative", ulp, bound)
    if curve.changes_sign and domain == "ordinary":
        slope = Part("derivative", epsilon, rounded_once(curve.places, dtype))
    return Comparison(
        name,
        domain,
        dtype,
        (Part("value", ulp, bound), slope),
        draw=lambda random, chunk: (array_of(DOMAINS[domain](random, dtype), dtype),),
        ours=functools.partial(value_and_gradient, curve.ours),
        keras_s=functools.partial(value_and_gradient, curve.keras_s),
        exact=functools.partial(_exactly, curve),
        reasons=curve.reasons,
    )


def _exactly(curve: Curve, x: Array) -> Arrays:
    """Return (value, derivative), with the limits at the infinities."""
    below, slope_below, above, slope_above = map(EXACT.mpf, curve.limits)
    value, slope = curve.formula(np.where(np.isinf(x), EXACT.mpf(0), exact.exact(x)))
    pairs = ((value, below, above), (slope, slope_below, slope_above))
    return tuple(np.where(x == INFINITY, high, np.where(x == -INFINITY, low, y)) for y, low, high in pairs)


def _ordinary(random: np.random.Generator, dtype: str) -> Float64:
    """Draw 200 numbers between −10 and 10, half of them normal."""
    return np.concatenate([random.normal(size=100), random.uniform(-10, 10, 100)])


def _extreme(random: np.random.Generator, dtype: str) -> Float64:
    """Draw 200 of both signs, from 10 to the largest number and from 1e-3 to the least normal one; and 0, −0, ∞, −∞."""
    high, low = {"float64": (300, -300), "float16": (4.8, -4)}.get(dtype, (38, -37))
    exponents = [random.uniform(1, 2.5, 100), random.uniform(1, high, 50), random.uniform(low, -3, 50)]
    sizes = 10 ** np.concatenate(exponents) * random.choice([-1, 1], 200)
    return np.concatenate([sizes, [0.0, -0.0, INFINITY, -INFINITY]])


DOMAINS = {"ordinary": _ordinary, "extreme": _extreme}
