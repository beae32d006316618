"""Scores of a test, against scikit-learn's of the same rows."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from dnn.nn.scores.thresholds import threshold_of_recall
from dnn.nn.softmax import softmax
from dnn.report.scores import regression_scores, scores


@given(classes=st.integers(2, 5), rows=st.integers(5, 60), seed=st.integers(0, 2**32 - 1))
def test_scores_are_those_of_scikit_learn(classes, rows, seed):
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(0, classes, rows)]).astype(np.int32)
    logits = random.normal(size=(len(labels), classes)).round(1).astype(np.float32)  # rounded: some tie
    names = [f"class {number}" for number in range(classes)]
    ours = scores(labels, logits, names)

    probabilities = np.exp(logits.astype(np.float64))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    predicted = logits.argmax(axis=1)
    assert ours["rows"] == len(labels)
    assert ours["loss"] == pytest.approx(sklearn.metrics.log_loss(labels, probabilities), rel=1e-9)
    assert ours["accuracy"] == pytest.approx(sklearn.metrics.accuracy_score(labels, predicted))
    assert ours["majority_accuracy"] == np.bincount(labels).max() / len(labels)
    assert ours["confusion_matrix"] == sklearn.metrics.confusion_matrix(labels, predicted).tolist()
    recalls = sklearn.metrics.recall_score(labels, predicted, average=None)
    assert list(ours["recall"].values()) == pytest.approx(recalls.tolist())
    precisions = sklearn.metrics.precision_score(labels, predicted, average=None, zero_division=np.nan)
    assert [np.nan if p is None else p for p in ours["precision"].values()] == pytest.approx(precisions, nan_ok=True)
    one_column = probabilities[:, 1].round(12) if classes == 2 else probabilities.round(12)
    auc = sklearn.metrics.roc_auc_score(labels, one_column, multi_class="ovr")
    assert ours["roc_auc"] == pytest.approx(auc, abs=0.02 if classes > 2 else 1e-12)  # near-ties of more than two round

    if classes == 2:
        average_precision = sklearn.metrics.average_precision_score(labels, logits.astype(np.float64) @ [-1, 1])
        assert ours["average_precision"] == pytest.approx(average_precision, rel=1e-9)


@given(rows=st.integers(1, 60), seed=st.integers(0, 2**32 - 1), recall=st.floats(0.01, 1), positive=st.integers(0, 1))
def test_scores_at_a_threshold_are_those_it_was_chosen_for(rows, seed, recall, positive):
    random = np.random.default_rng(seed)
    labels = np.concatenate([[positive], random.integers(0, 2, rows)])
    logits = random.normal(size=(rows + 1, 2)).round(1).astype(np.float32)
    chosen = threshold_of_recall(labels, softmax(logits).numpy()[:, positive], recall, pos_label=positive)
    ours = scores(labels, logits, ["bad", "good"], threshold=chosen.value, positive=positive)
    name = ["bad", "good"][positive]
    assert (ours["threshold"], ours["positive"]) == (chosen.value, name)
    assert ours["recall"][name] == pytest.approx(chosen.recall)
    assert ours["precision"][name] == pytest.approx(chosen.precision)
    assert 1 - ours["accuracy"] == pytest.approx(chosen.cost)
    score = logits.astype(np.float64)[:, positive] - logits.astype(np.float64)[:, 1 - positive]
    average_precision = sklearn.metrics.average_precision_score(labels == positive, score)
    assert ours["average_precision"] == pytest.approx(average_precision)


def test_a_threshold_is_for_two_classes_and_in_range():
    with pytest.raises(ValueError, match="a threshold is for two classes, got 3"):
        scores(np.array([0]), np.zeros((1, 3)), ["a", "b", "c"], threshold=0.5)
    with pytest.raises(ValueError, match="threshold must be a number of 0 or more, got -1"):
        scores(np.array([0]), np.zeros((1, 2)), ["a", "b"], threshold=-1)
    assert scores(np.array([0]), np.array([[0.0, 99.0]]), ["a", "b"], threshold=1 + 2**-23)["accuracy"] == 1


@given(rows=st.integers(2, 40), seed=st.integers(0, 2**32 - 1))
def test_scores_of_amounts_are_those_of_scikit_learn(rows, seed):
    random = np.random.default_rng(seed)
    target, predicted, training = random.normal(size=rows), random.normal(size=rows), random.normal(size=9)
    ours = regression_scores(target, predicted, mean=training.mean(), median=float(np.median(training)))
    constant = np.ones(rows)
    expected = {
        "rows": rows,
        "r2": sklearn.metrics.r2_score(target, predicted),
        "mae": sklearn.metrics.mean_absolute_error(target, predicted),
        "rmse": sklearn.metrics.root_mean_squared_error(target, predicted),
        "mae_of_median": sklearn.metrics.mean_absolute_error(target, constant * np.median(training)),
        "rmse_of_mean": sklearn.metrics.root_mean_squared_error(target, constant * training.mean()),
    }
    assert ours == pytest.approx(expected)


def test_one_amount_has_no_r2():
    assert regression_scores(np.array([1.0]), np.array([2.0]), mean=0, median=0)["r2"] is None


def test_a_class_that_no_row_has_leaves_no_number_where_none_is():
    one_sided = scores(np.zeros(3, np.int32), np.array([[1.0, 0.0]] * 3), ["no", "yes"])
    assert one_sided["roc_auc"] is None
    assert one_sided["recall"] == {"no": 1.0, "yes": None}
    assert one_sided["precision"] == {"no": 1.0, "yes": None}


def test_probabilities_that_round_to_one_still_rank():
    logits = np.array([[0.0, 40.0], [0.0, 41.0], [0.0, 42.0], [0.0, 43.0]], np.float32)
    assert scores(np.array([0, 0, 1, 1]), logits, ["no", "yes"])["roc_auc"] == 1.0
