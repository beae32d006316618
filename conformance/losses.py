"""The losses, per example: values, and gradients by the logits."""

import functools

import keras
import numpy as np

import dnn
from conformance import exact, logits
from conformance.activations import DTYPES
from conformance.calling import array_of, value_and_gradient
from conformance.exact import EXACT
from conformance.measure import epsilon, logit_ulp, ulp
from conformance.piece import Part, Piece
from conformance.softmax import probabilities

EXPONENTS = {"float32": (-17, 17), "bfloat16": (-17, 17), "float64": (-150, 150), "float16": (-1, 1.8)}
ZERO = EXACT.mpf(0)


def pieces() -> list[Piece]:
    return [piece for dtype in DTYPES for piece in (*_softmax(dtype), *_binary(dtype), *_squared(dtype))]


def _softmax(dtype: str):
    sparse, soft = dnn.sparse_softmax_cross_entropy, dnn.softmax_cross_entropy
    keras_sparse = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    keras_soft = functools.partial(keras.losses.categorical_crossentropy, from_logits=True)
    for domain in ("ordinary", "extreme", "confident", "masked"):
        yield _piece("sparse cross-entropy", sparse, keras_sparse, _sparse_exactly, _labels, domain, dtype)
    for domain in ("ordinary", "extreme"):
        yield _piece("cross-entropy", soft, keras_soft, _soft_exactly, _shares, domain, dtype)
    yield _piece("cross-entropy", soft, keras_soft, _soft_exactly, _one_hot, "confident", dtype)
    yield _piece(
        "cross-entropy, label_smoothing=0.1",
        _with(soft, label_smoothing=0.1),
        _with(keras_soft, label_smoothing=0.1),
        functools.partial(_soft_exactly, smoothing=0.1),
        _one_hot,
        "ordinary",
        dtype,
    )
    yield _piece(
        "sparse cross-entropy, label_smoothing=0.1",
        _with(sparse, label_smoothing=0.1),
        _smoothed_sparse,
        functools.partial(_sparse_exactly, smoothing=0.1),
        _labels,
        "ordinary",
        dtype,
    )
    yield _piece(
        "sparse cross-entropy, ignore_class=2",
        _with(sparse, ignore_class=2),
        _with(keras_sparse, ignore_class=2),
        functools.partial(_sparse_exactly, ignored=2),
        _labels,
        "ordinary",
        dtype,
    )


def _binary(dtype: str):
    ours, keras_s = dnn.binary_cross_entropy, functools.partial(keras.losses.binary_crossentropy, from_logits=True)
    for domain in ("ordinary", "extreme", "confident"):
        yield _piece("binary cross-entropy", ours, keras_s, _binary_exactly, _bits, domain, dtype, ulp)
    yield _piece(
        "binary cross-entropy, label_smoothing=0.1",
        _with(ours, label_smoothing=0.1),
        _with(keras_s, label_smoothing=0.1),
        functools.partial(_binary_exactly, smoothing=0.1),
        _bits,
        "ordinary",
        dtype,
        ulp,
    )


def _squared(dtype: str):
    for domain, exponents in (("ordinary", (0, 0)), ("extreme", EXPONENTS[dtype])):

        def draw(random, chunk, exponents=exponents):
            sizes = 10 ** random.uniform(*exponents, (64, 1))
            return tuple(array_of(sizes * random.normal(size=(64, 3)), dtype) for _ in range(2))

        yield Piece(
            "mean squared error",
            domain,
            dtype,
            (Part("value", ulp), Part("gradient", ulp)),
            draw,
            _gradient_of(dnn.mean_squared_error),
            _gradient_of(keras.losses.mean_squared_error),
            _squared_exactly,
        )


def _piece(name, ours, keras_s, formula, targets, domain, dtype, unit=None) -> Piece:
    def draw(random, chunk):
        z = array_of(logits.DOMAINS[domain](random, dtype), dtype)
        return targets(random, z, domain == "confident"), z

    value, gradient = (ulp, ulp) if domain == "confident" else (unit or logit_ulp, epsilon)
    return Piece(
        name,
        domain,
        dtype,
        (Part("value", value), Part("gradient", gradient)),
        draw,
        _gradient_of(ours),
        _gradient_of(keras_s),
        formula,
        chunks=16,
    )


def _with(loss, **options):
    return functools.partial(loss, **options)


def _smoothed_sparse(labels, z):
    """Keras smooths one-hot labels alone."""
    one_hot = keras.ops.one_hot(labels, z.shape[1], dtype=z.dtype)
    return keras.losses.categorical_crossentropy(one_hot, z, from_logits=True, label_smoothing=0.1)


def _gradient_of(loss):
    return lambda targets, z: value_and_gradient(functools.partial(loss, targets), z)


# the targets: drawn, or where the model is confident those it is confident of


def _labels(random, z, certain):
    return np.zeros(len(z), np.int32) if certain else random.integers(0, z.shape[1], len(z), np.int32)


def _one_hot(random, z, certain):
    return np.eye(z.shape[1], dtype=z.dtype)[_labels(random, z, certain)]


def _shares(random, z, certain):
    """Eighths, which every dtype holds, and whose sum is 1."""
    return (random.multinomial(8, np.full(z.shape[1], 1 / z.shape[1]), len(z)) / 8).astype(z.dtype)


def _bits(random, z, certain):
    return (z > -1 if certain else random.integers(0, 2, z.shape)).astype(z.dtype)


# the formulas, in exact arithmetic, which needs no care


def _sparse_exactly(labels, logits, ignored=None, smoothing=0.0):
    used = labels != ignored
    value, gradient = _soft_exactly(np.eye(logits.shape[1])[labels], logits, smoothing)
    return np.where(used, value, ZERO), np.where(used[:, np.newaxis], gradient, ZERO)


def _soft_exactly(targets, logits, smoothing=0.0):
    z, a = exact.exact(logits), EXACT.mpf(smoothing)
    t = exact.exact(targets) * (1 - a) + a / z.shape[1]
    p = probabilities(z)
    log_sum = z.max(axis=1) + exact.log(exact.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))
    losses = np.where(t == 0, ZERO, t * (log_sum[:, np.newaxis] - z))  # 0 · ∞, of a masked class, is 0
    return losses.sum(axis=1), p * t.sum(axis=1, keepdims=True) - t


def _binary_exactly(targets, logits, smoothing=0.0):
    z, a = exact.exact(logits), EXACT.mpf(smoothing)
    t = exact.exact(targets) * (1 - a) + a / 2
    losses = t * exact.log1p(exact.exp(-z)) + (1 - t) * exact.log1p(exact.exp(z))
    gradient = (1 - t) * exact.logistic(z) - t * exact.logistic(-z)
    return losses.sum(axis=1) / z.shape[1], gradient / z.shape[1]


def _squared_exactly(targets, outputs):
    differences = exact.exact(outputs) - exact.exact(targets)
    return (differences**2).sum(axis=1) / outputs.shape[1], 2 * differences / outputs.shape[1]
