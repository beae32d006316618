"""Gradient boosting as a simple model: scikit-learn's with its defaults, where that is installed.

It needs no TensorFlow, so that another process may train it while this one trains the network.
"""

from collections import Counter
from collections.abc import Mapping
from importlib import import_module
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

MOST_CODES = 254  # categories that are known of a column; the rarer ones share a code
FEW_CELLS = (
    200_000  # below, one thread is as fast, and where others work beside it five times: threads spin for each other
)
LEAST_PROBABILITY = 1e-12  # below which its logarithm is that of this

Boosted: TypeAlias = tuple[npt.NDArray[np.float64] | None, str]
"""The test output: logits float64[rows, classes] or amounts float64[rows]; or None, and why there is none."""


class BoostingTask(NamedTuple):
    """What it learns, and of which rows it is asked for its output.

    Args:
        learnt: float64[rows, columns] of numbers and codes of categories, NaN where a cell is empty.
        targets: The class numbers int[rows], or the amounts float[rows].
        weights: What each row counts, float[rows]. None: 1.
        asked: float64[test rows, columns].
        categorical: Whether a column has codes.
        classes: How many there are. None: the targets are amounts.
        seed: Of its training.
    """

    learnt: npt.NDArray[np.float64]
    targets: npt.NDArray[Any]
    weights: npt.NDArray[Any] | None
    asked: npt.NDArray[np.float64]
    categorical: list[bool]
    classes: int | None
    seed: int


def coded_columns(
    train: Mapping[str, npt.NDArray[Any]], test: Mapping[str, npt.NDArray[Any]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], list[bool]]:
    """Return the raw cells of both as numbers, and which columns have codes, learnt of the training rows.

    Args:
        train: float64[rows] with NaN, or object[rows] of str, by column name.
        test: The same columns of other rows.
    """
    codes = {name: _codes(cells) for name, cells in train.items() if cells.dtype.kind not in "fiub"}
    return _matrix(train, codes), _matrix(test, codes), [name in codes for name in train]


def boosted(task: BoostingTask) -> Boosted:
    """Train it, and return its output for the test rows, or why there is none.

    Args:
        task: What is learnt and asked.
    """
    try:
        ensemble = import_module("sklearn.ensemble")  # here, since its import takes a second
    except ImportError:
        return None, "scikit-learn is not installed"
    kind = ensemble.HistGradientBoostingRegressor if task.classes is None else ensemble.HistGradientBoostingClassifier
    model = kind(categorical_features=task.categorical, random_state=task.seed % 2**32)
    threads = 1 if task.learnt.size < FEW_CELLS else None
    limits = import_module("threadpoolctl").threadpool_limits  # a library that scikit-learn itself needs
    try:
        with limits(threads, user_api="openmp"):
            model.fit(task.learnt, task.targets, sample_weight=task.weights)
            predicted = np.asarray((model.predict if task.classes is None else model.predict_proba)(task.asked))
    except ValueError as error:
        return None, str(error).splitlines()[0]
    if task.classes is None:
        return predicted, ""
    probabilities = np.zeros((len(task.asked), task.classes))
    probabilities[:, model.classes_] = predicted
    return np.log(np.maximum(probabilities, LEAST_PROBABILITY)), ""


def _codes(cells: npt.NDArray[Any]) -> dict[str, int]:
    """Return a code for each of the most frequent categories; all others share the next one."""
    return {category: code for code, (category, _) in enumerate(Counter(cells.tolist()).most_common(MOST_CODES))}


def _matrix(columns: Mapping[str, npt.NDArray[Any]], codes: Mapping[str, Mapping[str, int]]) -> npt.NDArray[np.float64]:
    """Return float64[rows, columns]: the numbers as they are, each category's code; NaN for "" and what is empty."""
    arrays = []
    for name, cells in columns.items():
        if name in codes:
            known = {**codes[name], "": np.nan}
            cells = np.array([known.get(category, len(codes[name])) for category in cells.tolist()], np.float64)
        arrays.append(np.asarray(cells, np.float64))
    return np.stack(arrays, axis=1)
