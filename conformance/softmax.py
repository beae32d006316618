"""softmax and log_softmax: values, and gradients of a weighted sum of the values; and maxout."""

import functools

import keras
import numpy as np

import dnn
from conformance import exact
from conformance.activations import DTYPES
from conformance.calling import array_of, value_and_gradient
from conformance.logits import DOMAINS
from conformance.measure import epsilon, logit_ulp, ulp
from conformance.piece import Part, Piece


def pieces() -> list[Piece]:
    softmax = [
        _piece(name, ours, keras_s, formula, unit, domain, dtype)
        for name, ours, keras_s, formula, unit in (
            ("softmax", dnn.softmax, keras.activations.softmax, _softmax, epsilon),
            ("log_softmax", dnn.log_softmax, keras.activations.log_softmax, _log_softmax, logit_ulp),
        )
        for domain in ("ordinary", "extreme")
        for dtype in DTYPES
    ]
    return softmax + [_maxout(dtype) for dtype in DTYPES]


def _piece(name, ours, keras_s, formula, unit, domain, dtype) -> Piece:
    def draw(random, chunk):
        z = array_of(DOMAINS[domain](random, dtype), dtype)
        return array_of(random.uniform(-1, 1, z.shape), dtype), z

    return Piece(
        name,
        domain,
        dtype,
        (Part("value", unit), Part("gradient", epsilon)),
        draw,
        ours=lambda upstream, z: value_and_gradient(ours, z, upstream),
        keras_s=lambda upstream, z: value_and_gradient(keras_s, z, upstream),
        exact=formula,
        chunks=16,
    )


def _softmax(upstream, z):
    z, u = exact.exact(z), exact.exact(upstream)
    p = probabilities(z)
    return p, p * (u - (u * p).sum(axis=1, keepdims=True))


def _log_softmax(upstream, z):
    z, u = exact.exact(z), exact.exact(upstream)
    value = z - exact.log(exact.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1, keepdims=True))
    return value - z.max(axis=1, keepdims=True), u - probabilities(z) * u.sum(axis=1, keepdims=True)


def probabilities(z):
    """exp(z_j) / Σ_k exp(z_k), of exact numbers."""
    exponentials = exact.exp(z - z.max(axis=1, keepdims=True))
    return exponentials / exponentials.sum(axis=1, keepdims=True)


def _maxout(dtype) -> Piece:
    """Keras has no maxout: two neighbours, compared with NumPy's maximum."""

    def formula(x):
        left, right = exact.exact(x[:, ::2]), exact.exact(x[:, 1::2])
        slopes = np.stack([(left >= right) + 0.0, (left <= right) + 0.0], axis=2)
        shares = slopes / slopes.sum(axis=2, keepdims=True)
        return np.maximum(left, right), exact.exact(shares.reshape(x.shape))

    return Piece(
        "maxout",
        "ordinary",
        dtype,
        (Part("value", ulp), Part("derivative", ulp)),
        draw=lambda random, chunk: (array_of(random.integers(-50, 50, (32, 6)), dtype),),
        ours=functools.partial(value_and_gradient, dnn.maxout),
        keras_s=None,
        exact=formula,
    )
