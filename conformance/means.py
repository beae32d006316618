"""weighted_mean: losses with sample weights, and of an ignored class."""

import keras
import numpy as np
import tensorflow as tf

import dnn
from conformance import exact
from conformance.calling import array_of
from conformance.exact import EXACT
from conformance.measure import ulp
from conformance.piece import Part, Piece


class GivenLosses(keras.losses.Loss):
    """Keras's reduction with sample weights, of losses that are given."""

    def call(self, y_true, y_pred):
        return y_pred


def pieces() -> list[Piece]:
    return [
        _piece(domain, draw, dtype)
        for dtype in ("float32", "float64", "bfloat16")
        for domain, draw in (("ordinary", _ordinary), ("extreme", _extreme))
    ]


def _piece(domain, draw, dtype) -> Piece:
    def ours(losses, weights):
        return (tf.reshape(dnn.weighted_mean(losses, weights), [1]).numpy(),)

    def keras_s(losses, weights):
        mean = GivenLosses(dtype=dtype)(losses, losses, sample_weight=weights)
        return (tf.reshape(mean, [1]).numpy(),)

    def exactly(losses, weights):
        losses, weights = exact.exact(np.where(weights == 0, np.zeros_like(losses), losses)), exact.exact(weights)
        return (np.array([(losses * weights).sum() / EXACT.mpf(len(losses))], dtype=object),)

    return Piece(
        "weighted_mean",
        domain,
        dtype,
        (Part("value", ulp),),
        lambda random, chunk: tuple(array_of(values, dtype) for values in draw(random)),
        ours,
        keras_s,
        exactly,
        chunks=40,
    )


def _ordinary(random):
    return random.exponential(1, 100), random.uniform(0, 3, 100)


def _extreme(random):
    """Losses of every size, and infinite ones with the weight 0."""
    losses, weights = 10 ** random.uniform(-15, 15, 100), random.uniform(0, 3, 100)
    weights[:5], losses[:5] = 0, np.inf
    return losses, weights
