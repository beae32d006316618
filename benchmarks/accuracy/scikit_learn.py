"""scikit-learn's network on the arrays that ours gets.

It takes no validation rows from outside. It is given training and validation rows together, and draws as many of them
as there are validation rows to stop by: others, but no more and no fewer.
"""

from collections.abc import Sequence

import numpy as np

import dnn
from benchmarks.accuracy.method import Fitted, Method
from benchmarks.accuracy.splits import Split

SETTINGS = {"hidden_layer_sizes": (30, 30), "early_stopping": True}


def fit(split: Split, threads: int) -> Fitted:
    """Train `MLPClassifier` with its default patience, 10."""
    from sklearn.neural_network import MLPClassifier

    parts = (split.train, split.validation)
    x = np.concatenate([split.encoded(part) for part in parts])
    y = np.concatenate([split.classes(part) for part in parts])
    share = len(split.validation.target) / len(y)
    model = MLPClassifier(**SETTINGS, validation_fraction=share, random_state=split.seed).fit(x, y)

    def predict(part: dnn.Part) -> np.ndarray:
        return model.predict_proba(split.encoded(part)).astype(np.float64)

    return Fitted(predict, model.n_iter_)


METHODS: Sequence[Method] = [Method("scikit-learn MLP", fit, SETTINGS, ("scikit-learn",), "network", ("sklearn",))]
