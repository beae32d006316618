"""Scores of a test, against scikit-learn's of the same rows."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st

from dnn.report.scores import scores


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


def test_a_class_that_no_row_has_leaves_no_number_where_none_is():
    one_sided = scores(np.zeros(3, np.int32), np.array([[1.0, 0.0]] * 3), ["no", "yes"])
    assert one_sided["roc_auc"] is None
    assert one_sided["recall"] == {"no": 1.0, "yes": None}
    assert one_sided["precision"] == {"no": 1.0, "yes": None}


def test_probabilities_that_round_to_one_still_rank():
    logits = np.array([[0.0, 40.0], [0.0, 41.0], [0.0, 42.0], [0.0, 43.0]], np.float32)
    assert scores(np.array([0, 0, 1, 1]), logits, ["no", "yes"])["roc_auc"] == 1.0
