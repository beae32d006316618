"""weighted_mean: losses with the weights of their rows."""

import keras
import numpy as np
import tensorflow as tf

import dnn
from benchmarks.conformance import exact
from benchmarks.conformance.bounds import sum_of
from benchmarks.conformance.calling import array_of
from benchmarks.conformance.comparison import Arrays, Comparison, Part, Reason
from benchmarks.conformance.exact import EXACT
from benchmarks.conformance.measure import Array, Float64, ulp

ROWS = 100


class GivenLosses(keras.losses.Loss):
    """Keras's reduction with sample weights, applied to given losses."""

    def call(self, y_true: tf.Tensor, y_pred: tf.Tensor) -> tf.Tensor:
        return y_pred


def comparisons() -> list[Comparison]:
    """Return the mean of ordinary and of extreme losses of each dtype."""
    return [_comparison(domain, dtype) for dtype in ("float32", "float64", "bfloat16") for domain in DOMAINS]


def _comparison(domain: str, dtype: str) -> Comparison:
    def ours(losses: Array, weights: Array) -> Arrays:
        return (tf.reshape(dnn.weighted_mean(losses, weights), [1]).numpy(),)

    def keras_s(losses: Array, weights: Array) -> Arrays:
        mean = GivenLosses(dtype=dtype)(losses, losses, sample_weight=weights)
        return (tf.reshape(mean, [1]).numpy(),)

    def exactly(losses: Array, weights: Array) -> Arrays:
        losses, weights = exact.exact(np.where(weights == 0, np.zeros_like(losses), losses)), exact.exact(weights)
        return (np.array([(losses * weights).sum() / EXACT.mpf(len(losses))], dtype=object),)

    return Comparison(
        "weighted_mean",
        domain,
        dtype,
        (Part("value", ulp, sum_of(ROWS) + 2),),
        lambda random, chunk: tuple(array_of(values, dtype) for values in DOMAINS[domain](random)),
        ours,
        keras_s,
        exactly,
        chunks=40,
        reasons=[Reason("stricter", "a row of weight 0 costs nothing, even if its loss is ∞: Keras has NaN")],
    )


def _ordinary(random: np.random.Generator) -> tuple[Float64, Float64]:
    return random.exponential(1, ROWS), random.uniform(0, 3, ROWS)


def _extreme(random: np.random.Generator) -> tuple[Float64, Float64]:
    """Draw losses of every size, and infinite ones of weight 0."""
    losses, weights = 10 ** random.uniform(-15, 15, ROWS), random.uniform(0, 3, ROWS)
    weights[:5], losses[:5] = 0, np.inf
    return losses, weights


DOMAINS = {"ordinary": _ordinary, "extreme": _extreme}
