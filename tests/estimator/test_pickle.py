"""Pickle and copy: whatever is made or trained here comes back with equal bits, and variables of its own."""

import copy
import itertools
import pickle

import numpy as np
import pytest
import tensorflow as tf

import dnn
from dnn.testing.catalogue import PIECES
from dnn.testing.pieces import Layer, OptimizerPiece

RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(50, 4)).astype(np.float32), RANDOM.integers(0, 3, 50)
COPIES = (lambda value: pickle.loads(pickle.dumps(value)), copy.deepcopy)


def bits(module: tf.Module) -> list[tuple]:
    variables = module.variables
    return [(v.name, v.dtype, v.trainable, v.shape, v.numpy().tobytes()) for v in variables]


def subjects():
    """Every layer and model that is checked by laws, and every optimizer after a step, beside its model."""
    layers = [piece.subject() for piece in PIECES.values() if isinstance(piece, Layer)]
    yield from (layer for layer in layers if isinstance(layer, tf.Module))
    optimizers = [piece.subject for piece in PIECES.values() if isinstance(piece, OptimizerPiece)]
    for make in optimizers:
        pair = tf.Module()
        pair.model = dnn.mlp([4, 5, 3], seed=1)
        pair.optimizer = make(pair.model.trainable_variables)
        pair.optimizer.apply([tf.ones_like(p) for p in pair.optimizer.parameters])
        yield pair


def test_models_and_optimizers_pickle_and_copy_with_equal_bits():
    for subject, copied in itertools.product(subjects(), COPIES):
        again = copied(subject)
        assert bits(again) == bits(subject)
        assert not {id(v) for v in again.variables} & {id(v) for v in subject.variables}


ESTIMATORS = [dnn.Classifier(hidden=(4,), epochs=1, ensemble=2), dnn.Regressor(hidden=(4,), epochs=1)]


@pytest.mark.parametrize("estimator", ESTIMATORS, ids=repr)
def test_an_estimator_pickles_and_copies_fitted_or_not_with_its_encoding_and_features(estimator):
    assert {repr(copied(estimator)) for copied in COPIES} == {repr(estimator)}
    predicted = estimator.fit(X, Y).predict(X)
    for copied in COPIES:
        again = copied(estimator)
        assert again.predict(X).tobytes() == predicted.tobytes()
        assert copied(again.fitted.encoding).state() == estimator.fitted.encoding.state()
        assert copied(again.fitted.features).state() == estimator.fitted.features.state()
