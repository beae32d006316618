"""Dense, LayerNormalization and BatchNormalization, values and gradients; and what Dropout scales."""

import keras
import numpy as np
import tensorflow as tf

import dnn
from conformance import exact
from conformance.calling import array_of, value_and_gradient
from conformance.exact import EXACT
from conformance.measure import array_ulp, ulp
from conformance.piece import Part, Piece

DTYPES = ("float32", "float64", "bfloat16")
EPSILON = 1e-3


def pieces() -> list[Piece]:
    return [
        piece
        for dtype in DTYPES
        for piece in (
            _dense(dtype),
            *(_layer_normalization(dtype, domain) for domain in ("ordinary", "extreme")),
            *(_batch_normalization(dtype, domain) for domain in ("ordinary", "extreme")),
            _dropout(dtype),
        )
    ]


def outputs_and_gradients(layer, variables, x, upstream, **call) -> list[np.ndarray]:
    """layer(x), and the gradients of Σ upstream · layer(x) by x and by each variable."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **call)
    return [y.numpy(), *(g.numpy() for g in tape.gradient(y, [x, *variables], output_gradients=upstream))]


def _dense(dtype: str) -> Piece:
    def draw(random, chunk):
        shapes = ((16, 51), (16, 30), (51, 30), (30,))  # x, upstream, kernel, bias
        return tuple(array_of(random.normal(size=shape), dtype) for shape in shapes)

    def ours(x, upstream, kernel, bias):
        layer = dnn.Dense(51, 30, dtype=dtype)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
        return outputs_and_gradients(layer, (layer.kernel, layer.bias), x, upstream)

    def keras_s(x, upstream, kernel, bias):
        layer = keras.layers.Dense(30, dtype=dtype)
        layer.build(x.shape)
        layer.kernel.assign(kernel)
        layer.bias.assign(bias)
        return outputs_and_gradients(layer, (layer.kernel.value, layer.bias.value), x, upstream)

    def exactly(*inputs):
        x, u, kernel, bias = map(exact.exact, inputs)
        return x @ kernel + bias, u @ kernel.T, x.T @ u, u.sum(axis=0)

    parts = [Part(name, array_ulp) for name in ("value", "gradient by x", "gradient by kernel", "gradient by bias")]
    return Piece("Dense", "ordinary", dtype, parts, draw, ours, keras_s, exactly, chunks=2)


def _rows(random, domain, dtype):
    """x, upstream, γ, β; extreme: x with a mean of 1,000 times its deviation (bfloat16: 10 times)."""
    x = random.normal(size=(16, 12))
    if domain == "extreme":
        x = x + random.choice([-1, 1]) * (10 if dtype == "bfloat16" else 1000)
    shapes = (16, 12), (12,), (12,)
    return tuple(array_of(values, dtype) for values in (x, *(random.normal(size=shape) for shape in shapes)))


def _layer_normalization(dtype: str, domain: str) -> Piece:
    def ours(x, upstream, gamma, beta):
        layer = dnn.LayerNormalization(12, dtype=dtype)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        return outputs_and_gradients(layer, (layer.gamma, layer.beta), x, upstream)

    def keras_s(x, upstream, gamma, beta):
        layer = keras.layers.LayerNormalization(epsilon=EPSILON, dtype=dtype)
        layer.build(x.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        return outputs_and_gradients(layer, (layer.gamma.value, layer.beta.value), x, upstream)

    def exactly(*inputs):
        return _normalization(1, *map(exact.exact, inputs))

    return _normalizing("LayerNormalization", dtype, domain, ours, keras_s, exactly)


def _batch_normalization(dtype: str, domain: str) -> Piece:
    """In training: with the moments of the batch, whose averages move by 1 %."""

    def ours(x, upstream, gamma, beta):
        layer = dnn.BatchNormalization(12, dtype=dtype)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        results = outputs_and_gradients(layer, (layer.gamma, layer.beta), x, upstream, training=tf.zeros(3, tf.int32))
        return *results, layer.moving_mean.numpy(), layer.moving_variance.numpy()

    def keras_s(x, upstream, gamma, beta):
        layer = keras.layers.BatchNormalization(epsilon=EPSILON, dtype=dtype)
        layer.build(x.shape)
        layer.gamma.assign(gamma)
        layer.beta.assign(beta)
        results = outputs_and_gradients(layer, (layer.gamma.value, layer.beta.value), x, upstream, training=True)
        return *results, layer.moving_mean.numpy(), layer.moving_variance.numpy()

    def exactly(*inputs):
        x, *others = map(exact.exact, inputs)
        mean = x.sum(axis=0) / len(x)
        variance = ((x - mean) ** 2).sum(axis=0) / len(x)
        new = EXACT.mpf(1) / 100
        return *_normalization(0, x, *others), mean * new, 1 - new + variance * new

    return _normalizing("BatchNormalization", dtype, domain, ours, keras_s, exactly, "moving mean", "moving variance")


def _normalizing(name, dtype, domain, ours, keras_s, exactly, *more: str) -> Piece:
    names = ("value", "gradient by x", "gradient by gamma", "gradient by beta", *more)
    parts = [Part(part, array_ulp) for part in names]
    return Piece(
        name,
        domain,
        dtype,
        parts,
        lambda random, chunk: _rows(random, domain, dtype),
        ours,
        keras_s,
        exactly,
        chunks=24,
    )


def _normalization(axis, x, u, gamma, beta):
    """γ n + β with n = (x − mean) / √(variance + ε) along the axis, and the gradients of Σ u (γ n + β)."""

    def mean(values):
        return values.sum(axis=axis, keepdims=True) / x.shape[axis]

    deviation = exact.sqrt(mean((x - mean(x)) ** 2) + EXACT.mpf(EPSILON))
    n = (x - mean(x)) / deviation
    by_n = u * gamma
    by_x = (by_n - mean(by_n) - n * mean(by_n * n)) / deviation
    return gamma * n + beta, by_x, (u * n).sum(axis=0), u.sum(axis=0)


def _dropout(dtype: str) -> Piece:
    """What is kept is divided by 1 − rate: the largest of 200 copies, since the others of a positive number are 0."""

    def largest(drop, x):
        copies = tf.repeat(x[np.newaxis], 200, axis=0)
        return [results.max(axis=0) for results in value_and_gradient(drop, copies)]

    def exactly(x, rate):
        kept = 1 - EXACT.mpf(rate)
        return exact.exact(x) / kept, np.full(x.shape, 1 / kept)

    return Piece(
        "Dropout",
        "ordinary",
        dtype,
        (Part("value", ulp), Part("derivative", ulp)),
        draw=lambda random, chunk: (array_of(random.exponential(1, 200), dtype), 0.1 * (1 + chunk)),
        ours=lambda x, rate: largest(lambda x: dnn.dropout(x, rate, (1, 2)), x),
        keras_s=lambda x, rate: largest(lambda x: keras.random.dropout(x, rate, seed=1), x),
        exact=exactly,
    )
