"""The presets of `dnn.Classifier` as methods."""

from collections.abc import Sequence
from functools import partial

import numpy as np

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.presets import PRESETS, Preset
from benchmarks.accuracy.splits import Probabilities, Split


def fit(settings: Preset, split: Split, threads: int) -> Fitted:
    """Train a classifier on the columns as they are; TensorFlow has its threads since it was started."""
    classifier = dnn.Classifier(**settings, seed=split.seed)
    held = (split.validation.columns, split.validation.target)
    classifier.fit(split.train.columns, split.train.target, validation_data=held)
    return Fitted(partial(_probabilities, classifier), len(classifier.history_.epochs))


def _probabilities(classifier: dnn.Classifier, part: dnn.Part) -> Probabilities:
    return np.asarray(classifier.predict_proba(part.columns), np.float64)


METHODS: Sequence[Method] = [
    Method(name, partial(fit, settings), settings, ("tensorflow",), "dnn") for name, settings in PRESETS.items()
]
