"""The losses, per example: values, and gradients by the logits. All are computed in float64 and rounded once."""

import functools
import itertools
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact, logits
from benchmarks.conformance.activations import DTYPES
from benchmarks.conformance.bounds import HALF, IN_LOGIT_ULP, SHORT, rounded_once_from_float64
from benchmarks.conformance.calling import array_of, value_and_gradient
from benchmarks.conformance.comparison import Arrays, Comparison, Function, Part, Reason
from benchmarks.conformance.exact import EXACT
from benchmarks.conformance.measure import Array, Unit, epsilon, logit_ulp, ulp
from benchmarks.conformance.softmax import probabilities

EXPONENTS = {"float32": (-17, 17), "bfloat16": (-17, 17), "float64": (-150, 150), "float16": (-1, 1.8)}
ZERO = EXACT.mpf(0)
POWER = 4 * SHORT  # of functions of functions, squared
SINGLE_OR_LESS = (*HALF, "float32")
REASONS = [
    Reason("stricter", "keeps the digits of tiny values: Keras holds a 1 beside them, and gives 0", "*", "confident"),
    Reason("stricter", "is computed in float64 and rounded once", dtypes=SINGLE_OR_LESS),
    Reason("stricter", "has only terms >= 0, of which nothing cancels", "value", "*", ["float64"]),
    Reason(
        "red",
        "by TensorFlow's float64 log1p, which errs by up to 2.2 last places, and which a tiny loss needs; no dtype is "
        "wider",
        "value",
        "*",
        ["float64"],
    ),
]
UNCLIPPED = [
    *REASONS,
    Reason(
        "stricter", "clips no probability, as Keras does at 1e-7, where its gradient is 0", "gradient", "*", ["float64"]
    ),
]
Loss = Callable[..., tf.Tensor]
Targets = Callable[[np.random.Generator, Array, bool], Array]


def comparisons() -> list[Comparison]:
    """Return each loss on logits of each kind and dtype."""
    kinds = (_softmax, _binary, _of_amounts, _focal)
    return [comparison for dtype in DTYPES for kind in kinds for comparison in kind(dtype)]


def _softmax(dtype: str) -> Iterator[Comparison]:
    sparse, soft = dnn.sparse_softmax_cross_entropy, dnn.softmax_cross_entropy
    keras_sparse = functools.partial(keras.losses.sparse_categorical_crossentropy, from_logits=True)
    keras_soft = functools.partial(keras.losses.categorical_crossentropy, from_logits=True)
    for domain in ("ordinary", "extreme", "confident", "masked"):
        name = "sparse_softmax_cross_entropy"
        yield _comparison(name, sparse, keras_sparse, _sparse_exactly, _labels, domain, dtype)
    for domain, targets in (("ordinary", _shares), ("extreme", _shares), ("confident", _one_hot)):
        yield _comparison("softmax_cross_entropy", soft, keras_soft, _soft_exactly, targets, domain, dtype)
    yield _comparison(
        "softmax_cross_entropy, label_smoothing=0.1",
        functools.partial(soft, label_smoothing=0.1),
        functools.partial(keras_soft, label_smoothing=0.1),
        functools.partial(_soft_exactly, smoothing=0.1),
        _one_hot,
        "ordinary",
        dtype,
    )
    yield _comparison(
        "sparse_softmax_cross_entropy, label_smoothing=0.1",
        functools.partial(sparse, label_smoothing=0.1),
        _smoothed_sparse,
        functools.partial(_sparse_exactly, smoothing=0.1),
        _labels,
        "ordinary",
        dtype,
    )
    yield _comparison(
        "sparse_softmax_cross_entropy, ignore_class=2",
        functools.partial(sparse, ignore_class=2),
        functools.partial(keras_sparse, ignore_class=2),
        functools.partial(_sparse_exactly, ignored=2),
        _labels,
        "ordinary",
        dtype,
    )


def _binary(dtype: str) -> Iterator[Comparison]:
    ours, keras_s = dnn.binary_cross_entropy, functools.partial(keras.losses.binary_crossentropy, from_logits=True)
    for domain in ("ordinary", "extreme", "confident"):
        yield _comparison("binary_cross_entropy", ours, keras_s, _binary_exactly, _bits, domain, dtype, ulp)
    yield _nearly_certain(ours, keras_s, dtype)
    yield _comparison(
        "binary_cross_entropy, label_smoothing=0.1",
        functools.partial(ours, label_smoothing=0.1),
        functools.partial(keras_s, label_smoothing=0.1),
        functools.partial(_binary_exactly, smoothing=0.1),
        _bits,
        "ordinary",
        dtype,
        ulp,
    )


def _nearly_certain(ours: Loss, keras_s: Loss, dtype: str) -> Comparison:
    """Targets that are 0 or 1 but for a power of 2, and logits of that side: what is left of z − z t is small."""

    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        digits = {"bfloat16": 7, "float16": 10}.get(dtype, 23)
        rest = 2.0 ** -random.integers(2, digits, (64, 3), endpoint=True)
        side = random.integers(0, 2, (64, 3))
        z = (2 * side - 1) * random.uniform(digits / 2, digits, (64, 3))
        return array_of(np.where(side, 1 - rest, rest), dtype), array_of(z, dtype)

    return Comparison(
        "binary_cross_entropy",
        "nearly certain",
        dtype,
        _parts(ulp, epsilon, dtype),
        draw,
        _gradient_of(ours),
        _gradient_of(keras_s),
        _binary_exactly,
        reasons=REASONS,
    )


def _of_amounts(dtype: str) -> Iterator[Comparison]:
    domains = {"ordinary": (0.0, 0.0), "extreme": EXPONENTS[dtype]}
    for (name, functions), (domain, exponents) in itertools.product(AMOUNTS.items(), domains.items()):
        ours, keras_s, exactly = functions

        def draw(random: np.random.Generator, chunk: int, exponents: tuple[float, float] = exponents) -> Arrays:
            sizes = 10 ** random.uniform(*exponents, (64, 1))
            return tuple(array_of(sizes * random.normal(size=(64, 3)), dtype) for _ in range(2))

        yield Comparison(
            name,
            domain,
            dtype,
            _parts(ulp, ulp, dtype),
            draw,
            _gradient_of(ours),
            _gradient_of(keras_s),
            exactly,
            reasons=REASONS,
        )


def _focal(dtype: str) -> Iterator[Comparison]:
    sparse, binary = dnn.sparse_softmax_focal_loss, dnn.binary_focal_loss
    keras_binary = functools.partial(keras.losses.binary_focal_crossentropy, from_logits=True)
    weighted = functools.partial(keras_binary, apply_class_balancing=True, alpha=0.25)
    for domain in ("ordinary", "extreme"):
        name = "sparse_softmax_focal_loss"
        yield _comparison(
            name, sparse, _sparse_focal, _focal_exactly, _labels, domain, dtype, places=POWER, reasons=UNCLIPPED
        )
        name = "binary_focal_loss"
        yield _comparison(
            name, binary, keras_binary, _binary_focal_exactly, _bits, domain, dtype, places=POWER, reasons=UNCLIPPED
        )
    yield _comparison(
        "binary_focal_loss, alpha=0.25",
        functools.partial(binary, alpha=0.25),
        weighted,
        functools.partial(_binary_focal_exactly, alpha=0.25),
        _bits,
        "ordinary",
        dtype,
        places=POWER,
        reasons=UNCLIPPED,
    )
    yield _comparison(
        "kl_divergence",
        dnn.kl_divergence,
        _divergence,
        _divergence_exactly,
        _shares,
        "ordinary",
        dtype,
        places=POWER,
        reasons=UNCLIPPED,
    )


def _comparison(
    name: str,
    ours: Loss,
    keras_s: Loss,
    formula: Function,
    targets: Targets,
    domain: str,
    dtype: str,
    unit: Unit = logit_ulp,
    places: float = SHORT,
    reasons: Sequence[Reason] = REASONS,
) -> Comparison:
    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        z = array_of(logits.DOMAINS[domain](random, dtype), dtype)
        return targets(random, z, domain == "confident"), z

    value, gradient = (ulp, ulp) if domain == "confident" else (unit, epsilon)
    return Comparison(
        name,
        domain,
        dtype,
        _parts(value, gradient, dtype, places),
        draw,
        _gradient_of(ours),
        _gradient_of(keras_s),
        formula,
        chunks=16,
        reasons=reasons,
    )


def _parts(value: Unit, gradient: Unit, dtype: str, places: float = SHORT) -> tuple[Part, Part]:
    """Return the loss, which is float32 at least, and its gradient, of the dtype of the logits."""
    bound = rounded_once_from_float64(places, dtype, kept=True)
    return (
        Part("value", value, IN_LOGIT_ULP * bound if value is logit_ulp else bound),
        Part("gradient", gradient, rounded_once_from_float64(places, dtype)),
    )


def _smoothed_sparse(labels: Array, z: Array) -> tf.Tensor:
    """Keras smooths one-hot labels only."""
    one_hot = keras.ops.one_hot(labels, z.shape[1], dtype=z.dtype)
    return keras.losses.categorical_crossentropy(one_hot, z, from_logits=True, label_smoothing=0.1)


def _sparse_focal(labels: Array, z: Array) -> tf.Tensor:
    """Keras takes one-hot labels only."""
    one_hot = keras.ops.one_hot(labels, z.shape[1], dtype=z.dtype)
    return keras.losses.categorical_focal_crossentropy(one_hot, z, alpha=1.0, from_logits=True)


def _divergence(targets: Array, z: Array) -> tf.Tensor:
    """Keras takes probabilities only."""
    return keras.losses.kl_divergence(targets, keras.ops.softmax(z))


def _gradient_of(loss: Loss) -> Function:
    return lambda targets, z: value_and_gradient(functools.partial(loss, targets), z)


# the targets: drawn, or where the model is confident those that it is confident of


def _labels(random: np.random.Generator, z: Array, certain: bool) -> Array:
    return np.zeros(len(z), np.int32) if certain else random.integers(0, z.shape[1], len(z), np.int32)


def _one_hot(random: np.random.Generator, z: Array, certain: bool) -> Array:
    return np.eye(z.shape[1], dtype=z.dtype)[_labels(random, z, certain)]


def _shares(random: np.random.Generator, z: Array, certain: bool) -> Array:
    """Draw eighths that sum to 1: every dtype holds them."""
    return (random.multinomial(8, np.full(z.shape[1], 1 / z.shape[1]), len(z)) / 8).astype(z.dtype)


def _bits(random: np.random.Generator, z: Array, certain: bool) -> Array:
    return (z > -1 if certain else random.integers(0, 2, z.shape)).astype(z.dtype)


# the formulas as they stand in a textbook: in exact arithmetic they need no care


def _sparse_exactly(labels: Array, z: Array, ignored: int | None = None, smoothing: float = 0.0) -> Arrays:
    used = labels != ignored
    value, gradient = _soft_exactly(np.eye(z.shape[1])[labels], z, smoothing)
    return np.where(used, value, ZERO), np.where(used[:, np.newaxis], gradient, ZERO)


def _soft_exactly(targets: Array, logits: Array, smoothing: float = 0.0) -> Arrays:
    z, t = exact.exact(logits), _smoothed(targets, smoothing, logits.shape[1])
    p = probabilities(z)
    log_sum = z.max(axis=1) + exact.log(exact.exp(z - z.max(axis=1, keepdims=True)).sum(axis=1))
    losses = np.where(t == 0, ZERO, t * (log_sum[:, np.newaxis] - z))  # 0 · ∞, of a masked class, is 0
    return losses.sum(axis=1), p * t.sum(axis=1, keepdims=True) - t


def _binary_exactly(targets: Array, logits: Array, smoothing: float = 0.0) -> Arrays:
    z, t = exact.exact(logits), _smoothed(targets, smoothing, 2)
    losses = t * exact.log1p(exact.exp(-z)) + (1 - t) * exact.log1p(exact.exp(z))
    gradient = (1 - t) * exact.logistic(z) - t * exact.logistic(-z)
    return losses.sum(axis=1) / z.shape[1], gradient / z.shape[1]


def _squared_exactly(targets: Array, outputs: Array) -> Arrays:
    differences = exact.exact(outputs) - exact.exact(targets)
    return (differences**2).sum(axis=1) / outputs.shape[1], 2 * differences / outputs.shape[1]


def _absolute_exactly(targets: Array, outputs: Array) -> Arrays:
    differences = exact.exact(outputs) - exact.exact(targets)
    signs = np.where(differences > 0, EXACT.mpf(1), np.where(differences < 0, EXACT.mpf(-1), ZERO))
    return (differences * signs).sum(axis=1) / outputs.shape[1], signs / outputs.shape[1]


def _huber_exactly(targets: Array, outputs: Array) -> Arrays:
    differences = exact.exact(outputs) - exact.exact(targets)
    slopes = np.where(differences > 1, EXACT.mpf(1), np.where(differences < -1, EXACT.mpf(-1), differences))
    losses = slopes * (differences - slopes / 2)
    return losses.sum(axis=1) / outputs.shape[1], slopes / outputs.shape[1]


def _focal_exactly(labels: Array, z: Array) -> Arrays:
    """γ = 2: (1 − p)² l, and by z_j ((1 − p)² + 2 (1 − p) p l) (p_j − t_j), where l = −ln p."""
    losses, slopes = _soft_exactly(np.eye(z.shape[1])[labels], z)
    p, miss = exact.exp(-losses), -slopes[np.arange(len(labels)), labels]
    return miss**2 * losses, ((miss**2 + 2 * miss * p * losses)[:, np.newaxis]) * slopes


def _binary_focal_exactly(targets: Array, logits: Array, alpha: float | None = None) -> Arrays:
    """γ = 2, of targets 0 and 1: with s = z for 1 and −z for 0, p_t = σ(s)."""
    z, t = exact.exact(logits), exact.exact(targets)
    side = 2 * t - 1
    losses, p, miss = exact.log1p(exact.exp(-side * z)), exact.logistic(side * z), exact.logistic(-side * z)
    weights = 1 if alpha is None else t * EXACT.mpf(alpha) + (1 - t) * (1 - EXACT.mpf(alpha))
    slopes = -side * miss * (miss**2 + 2 * miss * p * losses) * weights
    return (weights * miss**2 * losses).sum(axis=1) / z.shape[1], slopes / z.shape[1]


def _divergence_exactly(targets: Array, z: Array) -> Arrays:
    cross_entropy, slopes = _soft_exactly(targets, z)
    t = exact.exact(targets)
    return cross_entropy + np.where(t == 0, ZERO, t * exact.log(np.where(t == 0, EXACT.mpf(1), t))).sum(axis=1), slopes


def _smoothed(targets: Array, smoothing: float, classes: int) -> Any:
    a = EXACT.mpf(smoothing)
    return exact.exact(targets) * (1 - a) + a / classes


# the losses of amounts: ours, Keras's, and the formula, which gives the loss and its gradient
AMOUNTS: dict[str, tuple[Loss, Loss, Function]] = {
    "mean_squared_error": (dnn.mean_squared_error, keras.losses.mean_squared_error, _squared_exactly),
    "absolute_error": (dnn.absolute_error, keras.losses.mean_absolute_error, _absolute_exactly),
    "huber": (dnn.huber, keras.losses.huber, _huber_exactly),
}
