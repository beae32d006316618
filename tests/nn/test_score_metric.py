"""A metric of all rows: what the scores get, in fit and evaluate, beside scikit-learn and Keras."""

import functools

import keras
import numpy as np
import pytest
import scipy.special
import sklearn.metrics
import tensorflow as tf

import dnn
from dnn.nn.score_metric import ScoreMetric

RANDOM = np.random.default_rng(0)
X = RANDOM.normal(size=(90, 5)).astype(np.float32)
WEIGHTS = RANDOM.integers(0, 3, 90).astype(np.float32)
OF_TWO, OF_THREE = ((X[:, 0] > X[:, 1]).astype(np.int32), np.digitize(X[:, 0], [-0.5, 0.5]).astype(np.int32))
AMOUNTS = X[:, :2] - 0.1


def fitted(outputs, y, loss, metrics, **options):
    """The last record, the outputs that it was measured on, and the history."""
    model = dnn.mlp([5, 6, outputs], seed=0)
    data, validation = ((X, y), (X[:70], y[:70], WEIGHTS[:70]))
    history = dnn.fit(
        model, data, validation, loss=loss, optimizer=dnn.Adam(model.trainable_variables, 0.01), metrics=metrics,
        batch_size=30, epochs=2, jit_compile=False, **options,
    )  # fmt: skip
    return history.last, dnn.predict(model, X[:70]).astype(np.float64), history


def test_the_figures_of_a_fit_are_scikit_learn_s_of_all_validation_rows():
    metrics = {
        "accuracy": dnn.accuracy,
        "auc": ScoreMetric(dnn.roc_auc_score, of="probabilities"),
        "f1": ScoreMetric(dnn.f1_score, of="classes", weighted=True),
        "theirs": ScoreMetric(sklearn.metrics.log_loss, of="probabilities"),
    }
    rule = dnn.EarlyStopping(monitor="val_auc", restore_best_weights=True)
    record, z, history = fitted(2, OF_TWO, dnn.sparse_softmax_cross_entropy, metrics, early_stopping=rule)
    assert list(record) == ["epoch", "loss", "accuracy", "val_loss", *(f"val_{name}" for name in metrics)]
    y, weights, best = OF_TWO[:70], WEIGHTS[:70], history.best
    assert history.best_epoch == int(np.argmax(history["val_auc"])) + 1
    assert best["val_auc"] == pytest.approx(sklearn.metrics.roc_auc_score(y, z[:, 1] - z[:, 0]), abs=1e-12)
    expected = sklearn.metrics.f1_score(y, z.argmax(axis=1), sample_weight=weights)
    assert best["val_f1"] == pytest.approx(expected, abs=1e-12)
    assert best["val_theirs"] == pytest.approx(sklearn.metrics.log_loss(y, scipy.special.softmax(z, axis=1)), abs=1e-12)
    assert best["val_accuracy"] == sklearn.metrics.accuracy_score(y, z.argmax(axis=1))
    keras_s = keras.metrics.AUC(10_000)
    keras_s.update_state(y, scipy.special.expit(z[:, 1] - z[:, 0]))
    assert best["val_auc"] == pytest.approx(float(keras_s.result()), abs=1e-3)


def test_more_outputs_than_rows_at_once_are_collected_in_their_order(monkeypatch):
    """Three classes, in batches of 16 rows and a rest; and the rows of an ignored class are in no score."""
    monkeypatch.setattr("dnn.train.evaluate.rows_at_once", lambda model, shape: 16)
    seen = []
    metrics = {"seen": ScoreMetric(lambda true, predicted: seen.append((true, predicted)) or 0.5, of="outputs")}
    model = dnn.mlp([5, 6, 3], seed=0)
    evaluated = functools.partial(dnn.evaluate, model, (X, OF_THREE), loss=dnn.sparse_softmax_cross_entropy)
    assert evaluated(metrics=metrics)["seen"] == 0.5
    np.testing.assert_array_equal(seen[-1][0], OF_THREE)
    np.testing.assert_allclose(seen[-1][1], dnn.predict(model, X), atol=1e-6)
    assert evaluated(metrics=metrics)["loss"] == pytest.approx(evaluated(metrics={})["loss"], rel=1e-12)
    evaluated(metrics=metrics, ignore_class=1)
    np.testing.assert_allclose(seen[-1][1], dnn.predict(model, X)[OF_THREE != 1], atol=1e-6)
    proba = ScoreMetric(functools.partial(sklearn.metrics.roc_auc_score, multi_class="ovr"), of="probabilities")
    expected = sklearn.metrics.roc_auc_score(OF_THREE, dnn.softmax(dnn.predict(model, X)), multi_class="ovr")
    assert evaluated(metrics={"auc": proba})["auc"] == pytest.approx(expected, abs=1e-9)


def test_the_rows_of_a_dataset_are_scored_all_together_too(monkeypatch):
    monkeypatch.setattr("dnn.train.stream.CHUNK_NUMBERS", 150)  # of x in a chunk: 30 rows
    metrics = {
        "auc": ScoreMetric(dnn.roc_auc_score, of="probabilities"),
        "accuracy": dnn.accuracy,
        "weighted": ScoreMetric(dnn.accuracy_score, of="classes", weighted=True),
    }
    model = dnn.mlp([5, 6, 2], seed=0)
    evaluated = functools.partial(dnn.evaluate, model, loss=dnn.sparse_softmax_cross_entropy, metrics=metrics)
    found = evaluated(tf.data.Dataset.from_tensor_slices((X, OF_TWO, WEIGHTS)).batch(20))
    assert list(found) == ["loss", *metrics]
    assert found == pytest.approx(evaluated((X, OF_TWO, WEIGHTS)), rel=1e-6)


def test_targets_of_several_outputs_have_scores_of_amounts_and_of_labels():
    metrics = {"r2": ScoreMetric(dnn.r2_score), "rmse": ScoreMetric(dnn.root_mean_squared_error, weighted=True)}
    record, z, _ = fitted(2, AMOUNTS, dnn.mean_squared_error, metrics)
    assert record["val_r2"] == pytest.approx(sklearn.metrics.r2_score(AMOUNTS[:70], z), abs=1e-6)
    expected = sklearn.metrics.root_mean_squared_error(AMOUNTS[:70], z, sample_weight=WEIGHTS[:70])
    assert record["val_rmse"] == pytest.approx(expected, abs=1e-6)
    bits = np.stack([OF_TWO, OF_THREE > 0], axis=1).astype(np.int32)
    f1 = ScoreMetric(functools.partial(sklearn.metrics.f1_score, average="macro"), of="classes")
    record, z, _ = fitted(2, bits, dnn.binary_cross_entropy, {"f1": f1})
    assert record["val_f1"] == pytest.approx(sklearn.metrics.f1_score(bits[:70], z > 0, average="macro"), abs=1e-12)
    one = ScoreMetric(dnn.roc_auc_score, of="probabilities")
    assert one(OF_TWO[:, np.newaxis], X[:, :1]) == pytest.approx(sklearn.metrics.roc_auc_score(OF_TWO, X[:, 0]), 1e-12)
    assert np.isnan(one(OF_TWO, np.where(X > 2, np.nan, X)[:, :1]))


@pytest.mark.parametrize(("outputs", "classes"), [([[0.5], [-1.0]], [1, 0]), ([[1, 2, 0], [1.0, 0, 3]], [1, 2])])
def test_classes_are_whole_numbers_and_a_nan_is_none(outputs, classes):
    seen = []
    metric = ScoreMetric(lambda true, predicted: seen.append(predicted) or 0.5, of="classes")
    assert metric([0, 1], outputs) == 0.5
    assert seen[0].dtype == np.int64
    np.testing.assert_array_equal(seen[0], classes)
    assert np.isnan(metric([0, 1], np.where(np.equal(outputs, outputs[1]), np.nan, outputs)))
    assert len(seen) == 1, "the score is not asked about a NaN"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"validation": None}, "the metric 'auc' is of all rows, and measured on validation rows: there are none"),
        (
            {"of": "classes", "score": sklearn.metrics.confusion_matrix},
            r"'auc' rejects y: score must give one number, g",
        ),
        ({"score": dnn.r2_score}, "the metric 'auc' rejects y: y_true and y_pred must have the same shape"),
        (
            {"of": "probabilities", "early_stopping": dnn.EarlyStopping(monitor="auc", mode="max")},
            "monitors 'auc', but a record has loss, val_l",
        ),
    ],
)
def test_what_cannot_be_measured_is_told_before_the_first_epoch(options, message):
    model = dnn.mlp([5, 2], seed=0)
    before = [v.numpy() for v in model.variables]
    metric = ScoreMetric(options.pop("score", dnn.roc_auc_score), of=options.pop("of", "outputs"))
    options = {"validation": (X, OF_TWO)} | options
    with pytest.raises(ValueError, match=message):
        dnn.fit(
            model, (X, OF_TWO), loss=dnn.sparse_softmax_cross_entropy, metrics={"auc": metric},
            optimizer=dnn.SGD(model.trainable_variables), **options,
        )  # fmt: skip
    for v, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(v, value)
    with pytest.raises(ValueError, match="of must be one of 'outputs', 'probabilities', 'classes', got 'labels'"):
        ScoreMetric(dnn.roc_auc_score, of="labels")
    assert tf.executing_eagerly()
