"""The penalties on weights: values, and gradients by the weights. A new one gets an entry in `REGULARIZERS`."""

import functools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact
from benchmarks.conformance.bounds import rounded_once, sum_of
from benchmarks.conformance.calling import array_of, value_and_gradient
from benchmarks.conformance.comparison import Arrays, Comparison, Part, Reason
from benchmarks.conformance.exact import EXACT, Exact
from benchmarks.conformance.measure import Array, ulp

SHAPE = (51, 30)
L1, L2 = EXACT.mpf(0.01), EXACT.mpf(0.001)
# ours, Keras's, and exact weights -> (value, gradient)
REGULARIZERS: dict[str, tuple[Callable[..., tf.Tensor], Callable[..., Any], Callable[[Exact], tuple[Any, Exact]]]] = {
    "L1": (dnn.L1(0.01), keras.regularizers.L1(0.01), lambda w: (L1 * np.abs(w).sum(), L1 * np.sign(w))),
    "L2": (dnn.L2(0.001), keras.regularizers.L2(0.001), lambda w: (L2 * (w * w).sum(), 2 * L2 * w)),
    "L1L2": (
        dnn.L1L2(0.01, 0.001),
        keras.regularizers.L1L2(0.01, 0.001),
        lambda w: (L1 * np.abs(w).sum() + L2 * (w * w).sum(), L1 * np.sign(w) + 2 * L2 * w),
    ),
}


def comparisons() -> list[Comparison]:
    """Return each penalty of ordinary and extreme weights of each dtype."""
    return [
        _comparison(name, domain, dtype)
        for name in REGULARIZERS
        for domain in ("ordinary", "extreme")
        for dtype in ("float32", "float64", "bfloat16")
    ]


def _comparison(name: str, domain: str, dtype: str) -> Comparison:
    """Weights of one size, or of every size from 1e-15 to 1e15, half of them 0."""
    ours, keras_s, formula = REGULARIZERS[name]

    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        w = random.normal(size=SHAPE)
        if domain == "extreme":
            w *= 10 ** random.uniform(-15, 15, w.shape) * random.integers(0, 2, w.shape)
        return (array_of(w, dtype),)

    def exactly(w: Array) -> Arrays:
        value, gradient = formula(exact.exact(w))
        return np.array(value, dtype=object), gradient

    return Comparison(
        name,
        domain,
        dtype,
        (
            Part("value", ulp, rounded_once(sum_of(SHAPE[0] * SHAPE[1]) + 4, dtype)),
            Part("gradient", ulp, rounded_once(5, dtype)),  # two products with a rounded factor, and their sum
        ),
        draw,
        functools.partial(value_and_gradient, ours),
        functools.partial(value_and_gradient, keras_s),
        exactly,
        chunks=4,
        reasons=[Reason("stricter", "Keras rounds its factors to float32, for float64 too", dtypes=["float64"])],
    )
