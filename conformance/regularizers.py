"""The penalties on weights: values, and gradients by the weights."""

import functools

import keras
import numpy as np

import dnn
from conformance import exact
from conformance.calling import array_of, value_and_gradient
from conformance.exact import EXACT
from conformance.measure import ulp
from conformance.piece import Part, Piece

L1, L2 = EXACT.mpf(0.01), EXACT.mpf(0.001)
REGULARIZERS = {
    "L1": (dnn.L1(0.01), keras.regularizers.L1(0.01), lambda w: (L1 * np.abs(w).sum(), L1 * np.sign(w))),
    "L2": (dnn.L2(0.001), keras.regularizers.L2(0.001), lambda w: (L2 * (w * w).sum(), 2 * L2 * w)),
    "L1L2": (
        dnn.L1L2(0.01, 0.001),
        keras.regularizers.L1L2(0.01, 0.001),
        lambda w: (L1 * np.abs(w).sum() + L2 * (w * w).sum(), L1 * np.sign(w) + 2 * L2 * w),
    ),
}


def pieces() -> list[Piece]:
    return [
        _piece(name, domain, dtype)
        for name in REGULARIZERS
        for domain in ("ordinary", "extreme")
        for dtype in ("float32", "float64", "bfloat16")
    ]


def _piece(name: str, domain: str, dtype: str) -> Piece:
    """Weights of one size; or of every size from 1e-15 to 1e15, and some that are 0."""
    ours, keras_s, formula = REGULARIZERS[name]

    def draw(random, chunk):
        w = random.normal(size=(51, 30))
        if domain == "extreme":
            w *= 10 ** random.uniform(-15, 15, w.shape) * random.integers(0, 2, w.shape)
        return (array_of(w, dtype),)

    def exactly(w):
        value, gradient = formula(exact.exact(w))
        return np.array(value, dtype=object), gradient

    return Piece(
        name,
        domain,
        dtype,
        (Part("value", ulp), Part("gradient", ulp)),
        draw,
        functools.partial(value_and_gradient, ours),
        functools.partial(value_and_gradient, keras_s),
        exactly,
        chunks=4,
    )
