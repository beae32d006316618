"""Dense, normalizations, PReLU and gated units, values and gradients; and how Dropout scales what it keeps.

A new layer gets a function here, and its line in `comparisons`.
"""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact
from benchmarks.conformance.bounds import HALF, SHORT, rounded_once, sum_of
from benchmarks.conformance.calling import array_of, value_and_gradient
from benchmarks.conformance.comparison import Arrays, Comparison, Function, Part, Reason
from benchmarks.conformance.exact import EXACT, Exact
from benchmarks.conformance.measure import Array, array_ulp, epsilon, ulp

DTYPES = ("float32", "float64", "bfloat16")
EPSILON = 1e-3
BATCH, INPUTS, UNITS = 8, 51, 10  # of the dense layer
ROWS, FEATURES = 16, 12  # of what is normalized


def comparisons() -> list[Comparison]:
    """Return each layer in each dtype."""
    return [
        comparison
        for dtype in DTYPES
        for comparison in (
            _dense(dtype),
            _rms_normalization(dtype),
            _prelu(dtype),
            *(_gated(name, dtype) for name in GATES),
            *(_layer_normalization(dtype, domain) for domain in ("ordinary", "extreme")),
            *(_batch_normalization(dtype, domain) for domain in ("ordinary", "extreme")),
            _dropout(dtype),
        )
    ]


def outputs_and_gradients(
    layer: Callable[..., Any], variables: Sequence[tf.Variable], x: Array, upstream: Array, **call: Any
) -> list[Array]:
    """Return layer(x), and the gradients of Σ upstream · layer(x) by x and by each variable."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **call)
    return [y.numpy(), *(g.numpy() for g in tape.gradient(y, [x, *variables], output_gradients=upstream))]


def _dense(dtype: str) -> Comparison:
    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        shapes = ((BATCH, INPUTS), (BATCH, UNITS), (INPUTS, UNITS), (UNITS,))  # x, upstream, kernel, bias
        return tuple(array_of(random.normal(size=shape), dtype) for shape in shapes)

    def ours(x: Array, upstream: Array, kernel: Array, bias: Array) -> Arrays:
        layer = dnn.Dense(INPUTS, UNITS, dtype=dtype, seed=0)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
        return outputs_and_gradients(layer, (layer.kernel, layer.bias), x, upstream)

    def keras_s(x: Array, upstream: Array, kernel: Array, bias: Array) -> Arrays:
        layer = keras.layers.Dense(UNITS, dtype=dtype)
        layer.build(x.shape)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
        return outputs_and_gradients(layer, (layer.kernel.value, layer.bias.value), x, upstream)

    def exactly(*inputs: Array) -> Arrays:
        x, u, kernel, bias = map(exact.exact, inputs)
        return x @ kernel + bias, u @ kernel.T, x.T @ u, u.sum(axis=0)

    # in the dtype itself: not every processor sums bfloat16 in float32
    terms = {"value": INPUTS, "gradient by x": UNITS, "gradient by kernel": BATCH, "gradient by bias": BATCH}
    return Comparison(
        "Dense",
        "ordinary",
        dtype,
        [Part(name, array_ulp, sum_of(count) + 1) for name, count in terms.items()],
        draw,
        ours,
        keras_s,
        exactly,
        chunks=8,
        reasons=[
            Reason("stricter", "Keras's sum over the batch is by another kernel, of more rounding", "gradient by bias")
        ],
    )


def _rows(random: np.random.Generator, domain: str, dtype: str) -> Arrays:
    """Draw x, upstream, γ, β; extreme: x with a mean of 1,000 times its deviation (bfloat16: 10 times)."""
    x = random.normal(size=(ROWS, FEATURES))
    if domain == "extreme":
        x = x + random.choice([-1, 1]) * (10 if dtype == "bfloat16" else 1000)
    shapes = (ROWS, FEATURES), (FEATURES,), (FEATURES,)
    return tuple(array_of(values, dtype) for values in (x, *(random.normal(size=shape) for shape in shapes)))


def _layer_normalization(dtype: str, domain: str) -> Comparison:
    def ours(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = dnn.LayerNormalization(FEATURES, dtype=dtype)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        return outputs_and_gradients(layer, (layer.gamma, layer.beta), x, upstream)

    def keras_s(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = keras.layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
        layer.build(x.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        return outputs_and_gradients(layer, (layer.gamma.value, layer.beta.value), x, upstream)

    def exactly(*inputs: Array) -> Arrays:
        return _normalization(1, *map(exact.exact, inputs))

    return _normalizing("LayerNormalization", dtype, domain, ours, keras_s, exactly)


def _rms_normalization(dtype: str) -> Comparison:
    def ours(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = dnn.RMSNormalization(FEATURES, dtype=dtype)
        layer.gamma.assign(gamma)
        return outputs_and_gradients(layer, (layer.gamma,), x, upstream)

    def keras_s(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = keras.layers.RMSNormalization(epsilon=1e-6, dtype=dtype)
        layer.build(x.shape)
        layer.scale.assign(gamma)
        return outputs_and_gradients(layer, (layer.scale.value,), x, upstream)

    def exactly(*inputs: Array) -> Arrays:
        x, u, gamma, _ = map(exact.exact, inputs)
        root = exact.sqrt((x * x).sum(axis=1, keepdims=True) / FEATURES + EXACT.mpf(1e-6))
        n, by_n = x / root, u * gamma
        by_x = (by_n - n * (by_n * n).sum(axis=1, keepdims=True) / FEATURES) / root
        return gamma * n, by_x, (u * n).sum(axis=0)

    bound = rounded_once(sum_of(ROWS) + 12, dtype)
    return Comparison(
        "RMSNormalization",
        "ordinary",
        dtype,
        [Part(part, array_ulp, bound) for part in ("value", "gradient by x", "gradient by gamma")],
        lambda random, chunk: _rows(random, "ordinary", dtype),
        ours,
        keras_s,
        exactly,
    )


def _prelu(dtype: str) -> Comparison:
    def ours(x: Array, upstream: Array, alpha: Array, beta: Array) -> Arrays:
        layer = dnn.PReLU(FEATURES, dtype=dtype)
        layer.alpha.assign(alpha)
        return outputs_and_gradients(layer, (layer.alpha,), x, upstream)

    def keras_s(x: Array, upstream: Array, alpha: Array, beta: Array) -> Arrays:
        layer = keras.layers.PReLU(dtype=dtype)
        layer.build(x.shape)
        layer.alpha.assign(alpha)
        return outputs_and_gradients(layer, (layer.alpha.value,), x, upstream)

    def exactly(*inputs: Array) -> Arrays:
        x, u, alpha, _ = map(exact.exact, inputs)
        below = np.minimum(x, 0)
        return np.where(x > 0, x, alpha * x), np.where(x > 0, u, alpha * u), (u * below).sum(axis=0)

    return Comparison(
        "PReLU",
        "ordinary",
        dtype,
        [
            *(Part(part, ulp, 1) for part in ("value", "gradient by x")),
            Part("gradient by alpha", array_ulp, sum_of(ROWS) + 1),
        ],
        lambda random, chunk: _rows(random, "ordinary", dtype),
        ours,
        keras_s,
        exactly,
    )


NONE = "Keras has none"
# gate -> value and derivative, exact
GATES = {
    "glu": lambda b: (exact.logistic(b), exact.logistic(b) * exact.logistic(-b)),
    "reglu": lambda b: (np.maximum(b, 0), (b > 0) + EXACT.mpf(0)),
    "geglu": lambda b: (b * exact.normal(b), exact.normal(b) + b * exact.normal_density(b)),
    "swiglu": lambda b: (b * exact.logistic(b), exact.logistic(b) * (1 + b * exact.logistic(-b))),
}


def _gated(name: str, dtype: str) -> Comparison:
    """Keras has glu alone."""

    def exactly(x: Array, upstream: Array) -> Arrays:
        halves, u = exact.exact(x), exact.exact(upstream)
        a, b = halves[:, : FEATURES // 2], halves[:, FEATURES // 2 :]
        gate, slope = GATES[name](b)
        return a * gate, np.concatenate([u * gate, u * a * slope], axis=1)

    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        return tuple(array_of(random.normal(size=(ROWS, width)), dtype) for width in (FEATURES, FEATURES // 2))

    # the gates of sums down to −5, where that of gelu is an exponential of −13: each rounding of this counts so often
    bound = rounded_once(SHORT + 3 + 13, dtype)
    return Comparison(
        name,
        "ordinary",
        dtype,
        [Part("value", ulp, bound), Part("gradient by x", epsilon, 10 * bound)],  # by two factors of about 3
        draw,
        lambda x, upstream: value_and_gradient(getattr(dnn, name), x, upstream),
        (lambda x, upstream: value_and_gradient(keras.activations.glu, x, upstream)) if name == "glu" else None,
        exactly,
        reasons=[
            Reason("stricter", "is by TensorFlow's exp, which errs less than its sigmoid" if name == "glu" else NONE)
        ],
    )


def _batch_normalization(dtype: str, domain: str) -> Comparison:
    """In training: with the moments of the batch, whose averages move by 1 %."""

    def ours(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = dnn.BatchNormalization(FEATURES, dtype=dtype)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        results = outputs_and_gradients(layer, (layer.gamma, layer.beta), x, upstream, training=tf.zeros(3, tf.int32))
        return *results, layer.moving_mean.numpy(), layer.moving_variance.numpy()

    def keras_s(x: Array, upstream: Array, gamma: Array, beta: Array) -> Arrays:
        layer = keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype)
        layer.build(x.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        results = outputs_and_gradients(layer, (layer.gamma.value, layer.beta.value), x, upstream, training=True)
        return *results, layer.moving_mean.numpy(), layer.moving_variance.numpy()

    def exactly(*inputs: Array) -> Arrays:
        x, *others = map(exact.exact, inputs)
        mean = x.sum(axis=0) / len(x)
        variance = ((x - mean) ** 2).sum(axis=0) / len(x)
        new = EXACT.mpf(1) / 100
        return *_normalization(0, x, *others), mean * new, 1 - new + variance * new

    # 0.99 is off by half a last place of its own, which is 50 of the 0.01 that the averages move by
    moved = rounded_once(sum_of(ROWS) + 50, dtype, kept=True)
    averages = [Part(name, array_ulp, moved) for name in ("moving mean", "moving variance")]
    return _normalizing("BatchNormalization", dtype, domain, ours, keras_s, exactly, averages)


def _normalizing(
    name: str,
    dtype: str,
    domain: str,
    ours: Function,
    keras_s: Function,
    exactly: Function,
    averages: Sequence[Part] = (),
) -> Comparison:
    bound = rounded_once(sum_of(ROWS) + 12, dtype)  # the longest of the sums, and a dozen roundings
    names = ("value", "gradient by x", "gradient by gamma", "gradient by beta")
    return Comparison(
        name,
        domain,
        dtype,
        [*(Part(part, array_ulp, bound) for part in names), *averages],
        lambda random, chunk: _rows(random, domain, dtype),
        ours,
        keras_s,
        exactly,
        chunks=24,
        reasons=[
            Reason(
                "stricter",
                "takes the mean from x first, and then what the mean was rounded by: the digits of Keras's "
                "x·a + (β − mean·a) cancel",
                dtypes=("float32", "float64"),
            ),
            Reason("stricter", "keeps the averages in float32", "moving *", "*", HALF),
        ],
    )


def _normalization(axis: int, x: Exact, u: Exact, gamma: Exact, beta: Exact) -> Arrays:
    """Return γ n + β, n = (x − mean) / √(variance + ε) along the axis, and the gradients of Σ u (γ n + β)."""

    def mean(values: Exact) -> Exact:
        return values.sum(axis=axis, keepdims=True) / x.shape[axis]

    deviation = exact.sqrt(mean((x - mean(x)) ** 2) + EXACT.mpf(EPSILON))
    n = (x - mean(x)) / deviation
    by_n = u * gamma
    by_x = (by_n - mean(by_n) - n * mean(by_n * n)) / deviation
    return gamma * n + beta, by_x, (u * n).sum(axis=0), u.sum(axis=0)


def _dropout(dtype: str) -> Comparison:
    """Compare what is kept, which is divided by 1 − rate: the largest of 200 copies of a positive number."""

    def largest(drop: Callable[[tf.Tensor], tf.Tensor], x: Array) -> Arrays:
        copies = tf.repeat(x[np.newaxis], 200, axis=0)
        return [results.max(axis=0) for results in value_and_gradient(drop, copies)]

    def exactly(x: Array, rate: float) -> Arrays:
        kept = 1 - EXACT.mpf(rate)
        return exact.exact(x) / kept, np.full(x.shape, 1 / kept)

    bound = rounded_once(2, dtype)  # 1 − rate, and the quotient
    return Comparison(
        "Dropout",
        "ordinary",
        dtype,
        (Part("value", ulp, bound), Part("derivative", ulp, bound)),
        draw=lambda random, chunk: (array_of(random.exponential(1, 200), dtype), 0.1 * (1 + chunk)),
        ours=lambda x, rate: largest(lambda x: dnn.dropout(x, rate, (1, 2)), x),
        keras_s=lambda x, rate: largest(lambda x: keras.random.dropout(x, rate, seed=1), x),
        exact=exactly,
    )
