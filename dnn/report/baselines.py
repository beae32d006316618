"""What simple models reach on the same rows: always guessing, (logistic) regression, gradient boosting.

A network that is no better than these is not worth its trouble. (Logistic) regression is a network of ours without
hidden layers; gradient boosting is scikit-learn's with its defaults, where that is installed.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.nn.losses import mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.mlp import mlp
from dnn.nn.optimizers.adam import Adam
from dnn.report.scores import regression_scores, scores
from dnn.train.early_stopping import EarlyStopping
from dnn.train.evaluate import predict
from dnn.train.fit import fit

MOST_ROWS = 100_000  # training rows of a baseline: more would cost as much time as the network
MOST_CODES = 254  # categories that gradient boosting knows of a column; the rarer ones share a code
FEW_CELLS = (
    200_000  # below, one thread is as fast, and where others work beside it five times: threads spin for each other
)
LEAST_PROBABILITY = 1e-12  # of boosting, below which its logarithm is that of this

GUESS, LOGISTIC, LINEAR, BOOSTING = "always guessing", "logistic regression", "linear regression", "gradient boosting"


class BaselineRows(NamedTuple):
    """Some rows, as a network and as gradient boosting read them.

    Args:
        inputs: float32[rows, width], as the network gets them.
        targets: The class numbers int[rows], or the amounts float[rows] in their own unit.
        columns: The raw cells by column name: float64[rows] with NaN, or object[rows] of str.
        weights: What each row counts in training, float[rows]. None: 1.
    """

    inputs: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    columns: Mapping[str, npt.NDArray[Any]]
    weights: npt.NDArray[Any] | None = None

    def take(self, rows: npt.NDArray[np.int64]) -> "BaselineRows":
        """Return these rows of them."""
        columns = {name: cells[rows] for name, cells in self.columns.items()}
        weights = None if self.weights is None else self.weights[rows]
        return BaselineRows(self.inputs[rows], self.targets[rows], columns, weights)


class Baseline(NamedTuple):
    """What a simple model reaches on the test rows.

    Args:
        name: What it is called.
        output: Its logits float[rows, classes], or its amounts float[rows]; None if it could not be trained.
        scores: As `scores` or `regression_scores`; empty without an output.
        skipped: Why there is no output.
    """

    name: str
    output: npt.NDArray[Any] | None
    scores: dict[str, Any]
    skipped: str = ""


def baselines(
    train: BaselineRows,
    validation: BaselineRows,
    test: BaselineRows,
    *,
    classes: Sequence[str] | None,
    seed: int = 0,
    linear: bool = True,
    boosting: bool = True,
) -> list[Baseline]:
    """Train the simple models, on 100,000 of the training rows at most, and score them on the test rows.

    Args:
        train: BaselineRows to train on.
        validation: BaselineRows that stop the regression early.
        test: BaselineRows to score.
        classes: The name of each class number; None if the targets are amounts.
        seed: Of the rows that are drawn, of the regression's order of rows, and of gradient boosting.
        linear: Whether to train the regression; False if the network has no hidden layers itself.
        boosting: Whether to train gradient boosting.

    Returns:
        Always guessing, then what else was asked for; what could not be trained says why.
    """
    mean, median = float(np.mean(train.targets)), float(np.median(train.targets))

    def scored(name: str, output: npt.NDArray[Any]) -> Baseline:
        if classes is None:
            return Baseline(name, output, regression_scores(test.targets, output, mean=mean, median=median))
        return Baseline(name, output, scores(test.targets, output, classes))

    train = _at_most(train, MOST_ROWS, seed)
    learners: dict[str, Callable[[], npt.NDArray[Any]]] = {GUESS: lambda: _guess(train, test, classes)}
    if linear:
        learners[LINEAR if classes is None else LOGISTIC] = lambda: _linear(train, validation, test, classes, seed)
    found = [scored(name, learn()) for name, learn in learners.items()]
    if boosting:
        output, reason = _boosting(train, test, classes, seed)
        found.append(Baseline(BOOSTING, None, {}, reason) if output is None else scored(BOOSTING, output))
    return found


def _at_most(rows: BaselineRows, most: int, seed: int) -> BaselineRows:
    """Return some of the rows, drawn by the seed and in their order, if there are more than `most`."""
    count = len(rows.targets)
    if count <= most:
        return rows
    return rows.take(np.sort(np.random.default_rng(seed).choice(count, most, replace=False)))


def _guess(train: BaselineRows, test: BaselineRows, classes: Sequence[str] | None) -> npt.NDArray[Any]:
    """Return the mean amount, or the logarithm of each class's share, for each test row."""
    if classes is None:
        return np.full(len(test.targets), np.mean(train.targets))
    counts = np.bincount(train.targets, minlength=len(classes))
    return np.tile(np.log(np.maximum(counts, 0.5) / len(train.targets)), (len(test.targets), 1))


def _linear(
    train: BaselineRows, validation: BaselineRows, test: BaselineRows, classes: Sequence[str] | None, seed: int
) -> npt.NDArray[np.float64]:
    """Train a network without hidden layers, with early stopping on the validation rows; return its test output."""
    mean, spread = (0.0, 1.0) if classes else (float(np.mean(train.targets)), float(np.std(train.targets)) or 1.0)
    model = mlp([train.inputs.shape[1], len(classes) if classes else 1], seed=seed)

    def data(rows: BaselineRows) -> tuple[npt.NDArray[Any], ...]:
        targets = rows.targets
        if not classes:
            targets = ((targets - mean) / spread).astype(np.float32)[:, np.newaxis]
        return (rows.inputs, targets) if rows.weights is None else (rows.inputs, targets, rows.weights)

    fit(
        model,
        data(train),
        data(validation),
        loss=sparse_softmax_cross_entropy if classes else mean_squared_error,
        metrics={},
        optimizer=Adam(model.trainable_variables, 0.01),
        batch_size=int(np.clip(len(train.targets) // 50, 32, 2048)),
        epochs=200,
        early_stopping=EarlyStopping(patience=10, restore_best_weights=True),
        seed=seed,
        jit_compile=False,
    )
    output = np.asarray(predict(model, test.inputs), np.float64)
    return output if classes else output[:, 0] * spread + mean


def _boosting(
    train: BaselineRows, test: BaselineRows, classes: Sequence[str] | None, seed: int
) -> tuple[npt.NDArray[np.float64] | None, str]:
    """Return the test output of scikit-learn's gradient boosting, or None and why there is none."""
    try:
        ensemble = import_module("sklearn.ensemble")  # here, since its import takes a second
    except ImportError:
        return None, "scikit-learn is not installed"
    kind = ensemble.HistGradientBoostingRegressor if classes is None else ensemble.HistGradientBoostingClassifier
    codes = {name: _codes(cells) for name, cells in train.columns.items() if cells.dtype.kind not in "fiub"}
    categorical = [name in codes for name in train.columns]
    model = kind(categorical_features=categorical, random_state=seed % 2**32)
    learnt, columns = _matrix(train.columns, codes), _matrix(test.columns, codes)
    threads = 1 if learnt.size < FEW_CELLS else None
    limits = import_module("threadpoolctl").threadpool_limits  # a library that scikit-learn itself needs
    try:
        with limits(threads, user_api="openmp"):
            model.fit(learnt, train.targets, sample_weight=train.weights)
            predicted = np.asarray(model.predict(columns) if classes is None else model.predict_proba(columns))
    except ValueError as error:
        return None, str(error).splitlines()[0]
    if classes is None:
        return predicted, ""
    probabilities = np.zeros((len(test.targets), len(classes)))
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
