"""softmax and log_softmax: values, and gradients of a weighted sum of the values; and maxout."""

import functools
from collections.abc import Callable

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact
from benchmarks.conformance.activations import DTYPES
from benchmarks.conformance.bounds import HALF, IN_LOGIT_ULP, SHORT, rounded_once_from_float64
from benchmarks.conformance.calling import array_of, value_and_gradient
from benchmarks.conformance.comparison import Arrays, Comparison, Part, Reason
from benchmarks.conformance.exact import Exact
from benchmarks.conformance.logits import DOMAINS
from benchmarks.conformance.measure import Array, Unit, epsilon, logit_ulp, ulp

REASONS = [
    Reason("stricter", "is computed in float64 and rounded once", dtypes=(*HALF, "float32")),
    Reason(
        "red", "TensorFlow derives it from e / Σ e; Keras has a kernel for p (u − Σ u p)", "gradient", "*", ["float64"]
    ),
    Reason("red", "TensorFlow rounds float64 to bfloat16 by way of float32", "value", "*", ["bfloat16"]),
]


def comparisons() -> list[Comparison]:
    """Return softmax and log_softmax on ordinary and extreme logits, and maxout, of each dtype."""
    softmax = [
        _comparison(name, ours, keras_s, formula, unit, domain, dtype)
        for name, ours, keras_s, formula, unit in (
            ("softmax", dnn.softmax, keras.activations.softmax, _softmax, epsilon),
            ("log_softmax", dnn.log_softmax, keras.activations.log_softmax, _log_softmax, logit_ulp),
        )
        for domain in ("ordinary", "extreme")
        for dtype in DTYPES
    ]
    return softmax + [_maxout(dtype) for dtype in DTYPES]


def probabilities(z: Exact) -> Exact:
    """Return exp(z_j) / Σ_k exp(z_k) of exact numbers."""
    exponentials = exact.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _comparison(
    name: str,
    ours: Callable[[tf.Tensor], tf.Tensor],
    keras_s: Callable[[tf.Tensor], tf.Tensor],
    formula: Callable[[Array, Array], Arrays],
    unit: Unit,
    domain: str,
    dtype: str,
) -> Comparison:
    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        z = array_of(DOMAINS[domain](random, dtype), dtype)
        return array_of(random.uniform(-1, 1, z.shape), dtype), z

    bound = rounded_once_from_float64(SHORT, dtype)
    value = Part("value", unit, IN_LOGIT_ULP * bound if unit is logit_ulp else bound)
    return Comparison(
        name,
        domain,
        dtype,
        (value, Part("gradient", epsilon, bound)),
        draw,
        ours=lambda upstream, z: value_and_gradient(ours, z, upstream),
        keras_s=lambda upstream, z: value_and_gradient(keras_s, z, upstream),
        exact=formula,
        chunks=16,
        reasons=REASONS,
    )


def _softmax(upstream: Array, logits: Array) -> Arrays:
    z, u = exact.exact(logits), exact.exact(upstream)
    p = probabilities(z)
    return p, p * (u - (u * p).sum(axis=1, keepdims=True))


def _log_softmax(upstream: Array, logits: Array) -> Arrays:
    z, u = exact.exact(logits), exact.exact(upstream)
    value = z - exact.log(exact.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    return value - z.max(axis=1, keepdims=True), u - probabilities(z) * u.sum(axis=1, keepdims=True)


def _maxout(dtype: str) -> Comparison:
    """Keras has no maxout: two neighbours, compared with NumPy's maximum. Equal ones share the derivative."""

    def formula(x: Array) -> Arrays:
        left, right = exact.exact(x[:, ::2]), exact.exact(x[:, 1::2])
        slopes = np.stack([(left >= right) + 0.0, (left <= right) + 0.0], axis=2)
        shares = slopes / slopes.sum(axis=2, keepdims=True)
        return np.maximum(left, right), exact.exact(shares.reshape(x.shape))

    return Comparison(
        "maxout",
        "ordinary",
        dtype,
        (Part("value", ulp, 0.0), Part("derivative", ulp, 0.0)),
        draw=lambda random, chunk: (array_of(random.integers(-50, 50, (32, 6)), dtype),),
        ours=functools.partial(value_and_gradient, dnn.maxout),
        keras_s=None,
        exact=formula,
        reasons=[Reason("stricter", "Keras has none")],
    )
