"""The metrics, over 200 rows: against fractions of whole numbers, and Keras's metrics after one update."""

from fractions import Fraction

import keras
import numpy as np

import dnn
from benchmarks.conformance import exact, logits
from benchmarks.conformance.calling import array_of
from benchmarks.conformance.comparison import Comparison, Part, Reason
from benchmarks.conformance.exact import EXACT
from benchmarks.conformance.measure import one
from benchmarks.conformance.softmax import probabilities

DTYPE = "float32"  # of the logits, and of Keras's sums; here they are float64 or integers
# the largest error; of whole numbers, and of shares of 64 rows, nothing is rounded
COUNTED = dict.fromkeys(["accuracy", "accuracy, one-hot labels", "top_k_accuracy, k=2", "confusion_matrix"], 0.0)
BOUNDS = COUNTED | {"binary_accuracy": 2.0**-22}  # a share of three outputs, in float32, and a mean of 64
SUMMED = 2.0**-46  # 200 terms of at most 1, in float64, are rounded by 2⁻⁵³ each, and most have a logarithm
IN_FLOAT64 = "is counted in whole numbers or summed in float64: Keras sums in float32"
REASONS = [
    Reason("stricter", "of equal logits the first come first: Keras lets all of them in", "*", "ties"),
    Reason("stricter", IN_FLOAT64),
]


def comparisons() -> list[Comparison]:
    """Return each metric and each score on drawn rows."""
    return [
        *_accuracies(),
        *_of_a_table(),
        *_areas("ordinary", _scores),
        *_areas("extreme", _crowded_scores),
        *_of_probabilities(),
    ]


def _comparison(name, domain, dtype, draw, ours, keras_s, exactly, reasons=REASONS) -> Comparison:
    """Of functions that give a number, or an array of them."""

    def array(function, as_type):
        return lambda *inputs: (np.array(function(*inputs), dtype=as_type, ndmin=1),)

    return Comparison(
        name,
        domain,
        dtype,
        (Part("value", one, BOUNDS.get(name, SUMMED)),),
        draw,
        array(ours, np.float64),
        keras_s and array(keras_s, np.float64),
        array(exactly, object),
        chunks=25,
        reasons=reasons,
    )


def _accuracies():
    """Exact: the share of rows, counted in plain Python; of equal logits the first comes first."""

    def tied(random, chunk):
        return random.integers(0, 5, 64), array_of(random.integers(0, 3, (64, 5)), DTYPE)

    def share(hits):
        return EXACT.mpf(sum(map(bool, hits))) / len(hits)

    def places(labels, z):
        """How many logits are before the label's."""
        return [
            sorted(range(len(row)), key=lambda k, row=row: -row[k]).index(label)
            for label, row in zip(labels.tolist(), z.astype(np.float64).tolist(), strict=True)
        ]

    for domain, draw in (("ordinary", _labels_and_logits), ("ties", tied)):
        yield _comparison(
            "accuracy",
            domain,
            DTYPE,
            draw,
            lambda labels, z: np.mean(dnn.accuracy(labels, z)),
            lambda labels, z: _after(keras.metrics.SparseCategoricalAccuracy(), labels, z),
            lambda labels, z: share(np.array(places(labels, z)) < 1),
        )
        yield _comparison(
            "top_k_accuracy, k=2",
            domain,
            DTYPE,
            draw,
            lambda labels, z: np.mean(dnn.top_k_accuracy(labels, z, k=2)),
            lambda labels, z: _after(keras.metrics.SparseTopKCategoricalAccuracy(k=2), labels, z),
            lambda labels, z: share(np.array(places(labels, z)) < 2),
        )

    yield _comparison(
        "accuracy, one-hot labels",
        "ordinary",
        DTYPE,
        _labels_and_logits,
        lambda labels, z: np.mean(dnn.accuracy(np.eye(z.shape[1])[labels], z)),
        lambda labels, z: _after(keras.metrics.CategoricalAccuracy(), np.eye(z.shape[1])[labels], z),
        lambda labels, z: share(np.array(places(labels, z)) < 1),
    )

    def bits(random, chunk):
        return random.integers(0, 2, (64, 3)), array_of(random.normal(size=(64, 3)), DTYPE)

    yield _comparison(
        "binary_accuracy",
        "ordinary",
        DTYPE,
        bits,
        lambda labels, z: np.mean(dnn.binary_accuracy(labels, z)),
        lambda labels, z: _after(keras.metrics.BinaryAccuracy(threshold=0.0), labels, z),
        lambda labels, z: share(np.ravel((z > 0) == (labels == 1))),
    )


def _of_probabilities():
    def log_loss(labels, z):
        p = probabilities(exact.exact(z))[np.arange(len(z)), labels]
        return -exact.log(p).sum() / EXACT.mpf(len(z))

    def brier(labels, z):
        return ((probabilities(exact.exact(z)) - np.eye(z.shape[1])[labels]) ** 2).sum() / EXACT.mpf(len(z))

    def keras_brier(labels, z):
        """The mean squared error of softmax and one-hot labels, over rows and classes."""
        return z.shape[1] * _after(keras.metrics.MeanSquaredError(), np.eye(z.shape[1])[labels], keras.ops.softmax(z))

    def calibration(labels, z):
        """Over 15 bins, each open below and closed above."""
        p = probabilities(exact.exact(z))
        confidence, hits = p.max(axis=1), p.argmax(axis=1) == labels
        bins = np.array([int(EXACT.ceil(c * 15)) for c in confidence])
        gaps = [sum(hits[bins == b] - confidence[bins == b], EXACT.mpf(0)) for b in range(1, 16)]
        return sum(map(abs, gaps)) / len(z)

    draw = _labels_and_logits
    yield _comparison(
        "log_loss",
        "ordinary",
        DTYPE,
        draw,
        dnn.log_loss,
        lambda labels, z: _after(keras.metrics.SparseCategoricalCrossentropy(from_logits=True), labels, z),
        log_loss,
    )
    yield _comparison("brier_score", "ordinary", DTYPE, draw, dnn.brier_score, keras_brier, brier)
    yield _comparison(
        "expected_calibration_error",
        "ordinary",
        DTYPE,
        draw,
        dnn.expected_calibration_error,
        None,
        calibration,
        [Reason("stricter", "Keras has none")],
    )


def _of_a_table():
    """Of class numbers and predictions, three classes; the figures of each class."""

    def draw(random, chunk):
        return random.integers(0, 3, 200), random.integers(0, 3, 200)

    def confusion(labels, predictions):
        return dnn.confusion_matrix(labels, predictions, 3)

    def count(condition):
        return int(np.count_nonzero(condition))

    def per_class(formula):
        return lambda y, p: [
            EXACT.mpf(top.numerator) / top.denominator for top in (formula(y == c, p == c) for c in range(3))
        ]

    yield _comparison(
        "confusion_matrix",
        "ordinary",
        DTYPE,
        draw,
        lambda y, p: np.ravel(confusion(y, p)),
        _keras_confusion,
        lambda y, p: [EXACT.mpf(count((y == i) & (p == j))) for i in range(3) for j in range(3)],
    )
    for name, ours, metric, formula in (
        ("precision", dnn.precision, keras.metrics.Precision, lambda y, p: Fraction(count(y & p), count(p))),
        ("recall", dnn.recall, keras.metrics.Recall, lambda y, p: Fraction(count(y & p), count(y))),
    ):
        yield _comparison(
            name,
            "ordinary",
            DTYPE,
            draw,
            lambda y, p, ours=ours: ours(confusion(y, p)),
            lambda y, p, metric=metric: [_after(metric(class_id=c), np.eye(3)[y], np.eye(3)[p]) for c in range(3)],
            per_class(formula),
        )
    yield _comparison(
        "f1",
        "ordinary",
        DTYPE,
        draw,
        lambda y, p: dnn.f1(confusion(y, p)),
        lambda y, p: _after(keras.metrics.F1Score(), np.eye(3)[y], np.eye(3)[p]),
        per_class(lambda y, p: Fraction(2 * count(y & p), count(y) + count(p))),
    )


def _areas(domain, draw):
    """Exact: every pair of a positive and a negative row; and precision at every distinct score."""

    def roc(positive, scores):
        above, below = scores[positive][:, np.newaxis], scores[~positive]
        wins = 2 * int((above > below).sum()) + int((above == below).sum())
        return EXACT.mpf(wins) / int(2 * positive.sum() * (~positive).sum())

    def average_precision(positive, scores):
        area = Fraction(0)
        for threshold in np.unique(scores):
            taken, gained = scores >= threshold, int((positive & (scores == threshold)).sum())
            area += Fraction(gained * int((positive & taken).sum()), int(taken.sum()) * int(positive.sum()))
        return EXACT.mpf(area.numerator) / area.denominator

    def keras_s(curve):
        return lambda positive, scores: _after(keras.metrics.AUC(curve=curve), positive, scores)

    by_order = [Reason("stricter", "is exact, from the order of the rows: Keras sums over 200 thresholds, in float32")]
    distinct = [Reason("stricter", "is exact, of the distinct scores: Keras interpolates between 200 thresholds")]
    yield _comparison("roc_auc", domain, DTYPE, draw, dnn.roc_auc, keras_s("ROC"), roc, by_order)
    yield _comparison(
        "average_precision", domain, DTYPE, draw, dnn.average_precision, keras_s("PR"), average_precision, distinct
    )


def _scores(random, chunk):
    """Probabilities of a middling classifier, rounded to hundredths, so that some tie."""
    positive = random.random(200) < 0.3
    z = random.normal(size=200) + positive
    return positive, (np.round(100 / (1 + np.exp(-z))) / 100).astype(np.float32)


def _crowded_scores(random, chunk):
    """Of a rare class: all scores below 1 %."""
    positive = random.random(200) < 0.1
    positive[:2] = True, False
    return positive, (0.01 / (1 + np.exp(-random.normal(size=200) - positive))).astype(np.float32)


def _labels_and_logits(random, chunk):
    z = array_of(logits.ordinary(random, DTYPE), DTYPE)
    return random.integers(0, z.shape[1], len(z)), z


def _after(metric, labels, predictions):
    metric.update_state(labels, predictions)
    return np.array(metric.result())


def _keras_confusion(labels, predictions):
    metric = keras.metrics.MeanIoU(num_classes=3)
    metric.update_state(labels, predictions)
    return np.ravel(metric.total_cm)
