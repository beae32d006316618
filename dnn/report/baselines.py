"""What simple models reach on the same rows: always guessing, (logistic) regression, gradient boosting.

A network that is no better than these is not worth its trouble. (Logistic) regression is a network of ours without
hidden layers; gradient boosting is scikit-learn's with its defaults, where that is installed.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.nn.losses import mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.mlp import mlp
from dnn.nn.optimizers.adam import Adam
from dnn.report.boosting import Boosted, BoostingTask, boosted, coded_columns
from dnn.report.scores import regression_scores, scores
from dnn.train.early_stopping import EarlyStopping
from dnn.train.evaluate import predict
from dnn.train.fit import fit

MOST_ROWS = 100_000  # training rows of a baseline: more would cost as much time as the network

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
    boosting: bool | Callable[[], Boosted] = True,
) -> list[Baseline]:
    """Train the simple models, on 100,000 of the training rows at most, and score them on the test rows.

    Args:
        train: BaselineRows to train on.
        validation: BaselineRows that stop the regression early.
        test: BaselineRows to score.
        classes: The name of each class number; None if the targets are amounts.
        seed: Of the rows that are drawn, of the regression's order of rows, and of gradient boosting.
        linear: Whether to train the regression; False if the network has no hidden layers itself.
        boosting: Whether to train gradient boosting; or what returns the outcome of its `boosting_task`.

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
        begun = boosting if callable(boosting) else partial(boosted, boosting_task(train, test, classes, seed))
        output, reason = begun()
        found.append(Baseline(BOOSTING, None, {}, reason) if output is None else scored(BOOSTING, output))
    return found


def boosting_task(train: BaselineRows, test: BaselineRows, classes: Sequence[str] | None, seed: int) -> BoostingTask:
    """Return what gradient boosting learns, and is asked for, of these rows; see `baselines`."""
    train = _at_most(train, MOST_ROWS, seed)
    learnt, asked, categorical = coded_columns(train.columns, test.columns)
    count = None if classes is None else len(classes)
    return BoostingTask(learnt, train.targets, train.weights, asked, categorical, count, seed)


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
