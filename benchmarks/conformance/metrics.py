"""The metrics and scores of 64 or 200 rows: beside fractions of integers, and beside Keras's metrics after one update.

A new one gets a call of `_comparison` here.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

import dnn
from benchmarks.conformance import exact, logits
from benchmarks.conformance.calling import array_of
from benchmarks.conformance.comparison import Arrays, Comparison, Function, Part, Reason
from benchmarks.conformance.exact import EXACT
from benchmarks.conformance.measure import Array, one
from benchmarks.conformance.softmax import probabilities

DTYPE = "float32"  # of the logits, and of Keras's sums; ours are float64 or integers
COUNTED = 0.0  # nothing is rounded in counts, and in shares of 64 rows
A_SHARE = 2.0**-22  # a share of three outputs, in float32, and a mean of 64 of them
SUMMED = 2.0**-46  # 200 terms of at most 1 in float64: each is rounded by 2⁻⁵³, and may be a logarithm
IN_FLOAT64 = Reason("stricter", "is counted in integers or summed in float64: Keras sums in float32")
NONE_IN_KERAS = Reason("stricter", "Keras has none")
Draw = Callable[[np.random.Generator, int], Arrays]
Labels = npt.NDArray[np.integer]


def comparisons() -> list[Comparison]:
    """Return each metric and each score on drawn rows."""
    return [
        *_accuracies(),
        *_of_predictions(),
        *_areas("ordinary", _scores),
        *_areas("extreme", _crowded_scores),
        *_of_probabilities(),
    ]


def _comparison(
    name: str,
    domain: str,
    draw: Draw,
    ours: Callable[..., Any],
    keras_s: Callable[..., Any] | None,
    exactly: Callable[..., Any],
    bound: float,
    reason: Reason = IN_FLOAT64,
) -> Comparison:
    """Compare functions that return a number, or an array of numbers."""

    def array(function: Callable[..., Any], as_type: npt.DTypeLike) -> Function:
        return lambda *inputs: (np.array(function(*inputs), dtype=as_type, ndmin=1),)

    return Comparison(
        name,
        domain,
        DTYPE,
        (Part("value", one, bound),),
        draw,
        array(ours, np.float64),
        None if keras_s is None else array(keras_s, np.float64),
        array(exactly, object),
        chunks=25,
        reasons=[reason],
    )


def _accuracies() -> Iterator[Comparison]:
    """Exactly: the share of rows, counted in plain Python; of equal logits the first comes first."""

    def tied(random: np.random.Generator, chunk: int) -> Arrays:
        return random.integers(0, 5, 64), array_of(random.integers(0, 3, (64, 5)), DTYPE)

    def bits(random: np.random.Generator, chunk: int) -> Arrays:
        return random.integers(0, 2, (64, 3)), array_of(random.normal(size=(64, 3)), DTYPE)

    first = Reason("stricter", "of equal logits the first come first: Keras lets all of them in")
    for domain, draw in (("ordinary", _labels_and_logits), ("ties", tied)):
        yield _comparison(
            "accuracy",
            domain,
            draw,
            lambda labels, z: np.mean(dnn.accuracy(labels, z)),
            lambda labels, z: _after(keras.metrics.SparseCategoricalAccuracy(), labels, z),
            lambda labels, z: _share(_logits_before(labels, z) < 1),
            COUNTED,
            first,
        )
        yield _comparison(
            "top_k_accuracy, k=2",
            domain,
            draw,
            lambda labels, z: np.mean(dnn.top_k_accuracy(labels, z, k=2)),
            lambda labels, z: _after(keras.metrics.SparseTopKCategoricalAccuracy(k=2), labels, z),
            lambda labels, z: _share(_logits_before(labels, z) < 2),
            COUNTED,
            first,
        )
    yield _comparison(
        "accuracy, one-hot labels",
        "ordinary",
        _labels_and_logits,
        lambda labels, z: np.mean(dnn.accuracy(np.eye(z.shape[1])[labels], z)),
        lambda labels, z: _after(keras.metrics.CategoricalAccuracy(), np.eye(z.shape[1])[labels], z),
        lambda labels, z: _share(_logits_before(labels, z) < 1),
        COUNTED,
    )
    yield _comparison(
        "binary_accuracy",
        "ordinary",
        bits,
        lambda labels, z: np.mean(dnn.binary_accuracy(labels, z)),
        lambda labels, z: _after(keras.metrics.BinaryAccuracy(threshold=0.0), labels, z),
        lambda labels, z: _share((z > 0) == (labels == 1)),
        A_SHARE,
    )


def _share(hits: Array) -> Any:
    return EXACT.mpf(int(np.count_nonzero(hits))) / hits.size


def _logits_before(labels: Labels, z: Array) -> Labels:
    """Count the logits that come before the label's."""
    return np.array(
        [
            sorted(range(len(row)), key=lambda k, row=row: -row[k]).index(label)
            for label, row in zip(labels.tolist(), z.astype(np.float64).tolist(), strict=True)
        ]
    )


def _of_predictions() -> Iterator[Comparison]:
    """Scores of class numbers and predictions, of three classes; all but the accuracy for each class."""

    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        return random.integers(0, 3, 200), random.integers(0, 3, 200)

    def per_class(formula: Callable[[Array, Array], Fraction]) -> Callable[[Labels, Labels], list[Any]]:
        return lambda y, p: [_number(formula(y == c, p == c)) for c in range(3)]

    of_each = {"labels": range(3), "average": None, "zero_division": np.nan}
    yield _comparison(
        "confusion_matrix",
        "ordinary",
        draw,
        lambda y, p: np.ravel(dnn.confusion_matrix(y, p, labels=range(3))),
        _keras_confusion,
        lambda y, p: [_number(Fraction(_count((y == i) & (p == j)))) for i in range(3) for j in range(3)],
        COUNTED,
    )
    yield _comparison(
        "accuracy_score",
        "ordinary",
        draw,
        dnn.accuracy_score,
        lambda y, p: _after(keras.metrics.Accuracy(), y, p),
        lambda y, p: _share(y == p),
        SUMMED,
    )
    for name, ours, metric, formula in (
        ("precision_score", dnn.precision_score, keras.metrics.Precision, lambda y, p: (_count(y & p), _count(p))),
        ("recall_score", dnn.recall_score, keras.metrics.Recall, lambda y, p: (_count(y & p), _count(y))),
    ):
        yield _comparison(
            name,
            "ordinary",
            draw,
            lambda y, p, ours=ours: ours(y, p, **of_each),
            lambda y, p, metric=metric: [_after(metric(class_id=c), np.eye(3)[y], np.eye(3)[p]) for c in range(3)],
            per_class(lambda y, p, formula=formula: Fraction(*formula(y, p))),
            SUMMED,
        )
    yield _comparison(
        "f1_score",
        "ordinary",
        draw,
        lambda y, p: dnn.f1_score(y, p, **of_each),
        lambda y, p: _after(keras.metrics.F1Score(), np.eye(3)[y], np.eye(3)[p]),
        per_class(lambda y, p: Fraction(2 * _count(y & p), _count(y) + _count(p))),
        SUMMED,
    )


def _areas(domain: str, draw: Draw) -> Iterator[Comparison]:
    """Exactly: every pair of a positive and a negative row; and the precision at every distinct score."""

    def keras_s(curve: str) -> Callable[[Array, Array], Any]:
        return lambda positive, scores: _after(keras.metrics.AUC(curve=curve), positive, scores)

    by_order = Reason("stricter", "is exact, from the order of the rows: Keras sums over 200 thresholds, in float32")
    distinct = Reason("stricter", "is exact, of the distinct scores: Keras interpolates between 200 thresholds")
    yield _comparison("roc_auc_score", domain, draw, dnn.roc_auc_score, keras_s("ROC"), _roc, SUMMED, by_order)
    ours, precision = dnn.average_precision_score, keras_s("PR")
    yield _comparison("average_precision_score", domain, draw, ours, precision, _average_precision, SUMMED, distinct)


def _roc(positive: Array, scores: Array) -> Any:
    above, below = scores[positive][:, np.newaxis], scores[~positive]
    wins = 2 * _count(above > below) + _count(above == below)
    return _number(Fraction(wins, 2 * _count(positive) * _count(~positive)))


def _average_precision(positive: Array, scores: Array) -> Any:
    area = Fraction(0)
    for threshold in np.unique(scores):
        taken, gained = scores >= threshold, _count(positive & (scores == threshold))
        area += Fraction(gained * _count(positive & taken), _count(taken) * _count(positive))
    return _number(area)


def _of_probabilities() -> Iterator[Comparison]:
    def of_softmax(score: Callable[..., Any], **options: Any) -> Callable[[Labels, Array], Any]:
        """Return a score of the probabilities, float64, of given logits."""
        return lambda labels, z: score(
            labels, dnn.softmax(z.astype(np.float64)).numpy(), labels=range(z.shape[1]), **options
        )

    def keras_brier(labels: Labels, z: Array) -> Any:
        """Keras's mean squared error of softmax and one-hot labels is a mean over the classes too."""
        return z.shape[1] * _after(keras.metrics.MeanSquaredError(), np.eye(z.shape[1])[labels], keras.ops.softmax(z))

    def draw(random: np.random.Generator, chunk: int) -> Arrays:
        labels, z = _labels_and_logits(random, chunk)
        return labels, z / 2  # no two are 36 apart: there log_loss clips the probability, as in scikit-learn

    yield _comparison(
        "log_loss",
        "ordinary",
        draw,
        of_softmax(dnn.log_loss),
        lambda labels, z: _after(keras.metrics.SparseCategoricalCrossentropy(from_logits=True), labels, z),
        _log_loss,
        SUMMED,
    )
    brier = of_softmax(dnn.brier_score_loss, scale_by_half=False)
    yield _comparison("brier_score_loss", "ordinary", draw, brier, keras_brier, _brier, SUMMED)
    name, ours = "expected_calibration_error", of_softmax(dnn.expected_calibration_error)
    yield _comparison(name, "ordinary", draw, ours, None, _calibration, SUMMED, NONE_IN_KERAS)


def _log_loss(labels: Labels, z: Array) -> Any:
    p = probabilities(exact.exact(z))[np.arange(len(z)), labels]
    return -exact.log(p).sum() / EXACT.mpf(len(z))


def _brier(labels: Labels, z: Array) -> Any:
    return ((probabilities(exact.exact(z)) - np.eye(z.shape[1])[labels]) ** 2).sum() / EXACT.mpf(len(z))


def _calibration(labels: Labels, z: Array) -> Any:
    """Over 15 bins, each open below and closed above."""
    p = probabilities(exact.exact(z))
    confidence, hits = p.max(axis=1), p.argmax(axis=1) == labels
    bins = np.array([int(EXACT.ceil(c * 15)) for c in confidence])
    gaps = [sum(hits[bins == b] - confidence[bins == b], EXACT.mpf(0)) for b in range(1, 16)]
    return sum(map(abs, gaps)) / len(z)


def _scores(random: np.random.Generator, chunk: int) -> Arrays:
    """Draw probabilities of a middling classifier, rounded to hundredths, so that some tie."""
    positive = random.random(200) < 0.3
    z = random.normal(size=200) + positive
    return positive, (np.round(100 / (1 + np.exp(-z))) / 100).astype(np.float32)


def _crowded_scores(random: np.random.Generator, chunk: int) -> Arrays:
    """Draw scores of a rare class, all below 1 %."""
    positive = random.random(200) < 0.1
    positive[:2] = True, False
    return positive, (0.01 / (1 + np.exp(-random.normal(size=200) - positive))).astype(np.float32)


def _labels_and_logits(random: np.random.Generator, chunk: int) -> Arrays:
    z = array_of(logits.ordinary(random, DTYPE), DTYPE)
    return random.integers(0, z.shape[1], len(z)), z


def _count(condition: Array) -> int:
    return int(np.count_nonzero(condition))


def _number(fraction: Fraction) -> Any:
    return EXACT.mpf(fraction.numerator) / fraction.denominator


def _after(metric: keras.metrics.Metric, labels: Array, predictions: Any) -> Array:
    metric.update_state(labels, predictions)
    return np.array(metric.result())


def _keras_confusion(labels: Labels, predictions: Labels) -> Array:
    metric = keras.metrics.MeanIoU(num_classes=3)
    metric.update_state(labels, predictions)
    return np.ravel(metric.total_cm)
