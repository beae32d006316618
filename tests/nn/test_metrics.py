"""Metrics: against scikit-learn, and by hand where a ratio has no rows."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from modes import MODES

from dnn.nn.metrics import accuracy, confusion_matrix, precision, recall, roc_auc

CLASSES = 4


@st.composite
def labels_and_logits(draw):
    """Logits are small integers, so that ties are many."""
    rows = draw(st.integers(1, 30))
    labels = draw(hnp.arrays(np.int32, rows, elements=st.integers(0, CLASSES - 1)))
    return labels, draw(hnp.arrays(np.float32, (rows, CLASSES), elements=st.integers(-3, 3)))


SCORES = st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)  # ties, and any order at all


@st.composite
def truths_and_scores(draw, scores=SCORES):
    rows = draw(st.integers(1, 40))
    return draw(hnp.arrays(bool, rows)), draw(hnp.arrays(np.float64, rows, elements=scores))


@given(labels_and_logits())
def test_accuracy_is_scikit_learn_s(example):
    labels, logits = example
    np.testing.assert_array_equal(accuracy(labels, logits), logits.argmax(axis=1) == labels)
    expected = sklearn.metrics.accuracy_score(labels, logits.argmax(axis=1))
    assert np.mean(accuracy(labels, logits)) == pytest.approx(expected)


@given(labels_and_logits())
def test_accuracy_of_one_hot_labels_is_that_of_their_class_numbers(example):
    labels, logits = example
    np.testing.assert_array_equal(accuracy(np.eye(CLASSES)[labels], logits), accuracy(labels, logits))


@pytest.mark.parametrize("mode", MODES)
def test_of_equal_logits_the_first_is_taken(mode):
    hits = MODES[mode](accuracy)(np.array([0, 1, 1, 0]), np.array([[2, 2], [2, 2], [1, 2], [1, 2]], np.float32))
    np.testing.assert_array_equal(hits, [True, False, True, False])


@given(labels_and_logits())
def test_confusion_precision_and_recall_are_scikit_learn_s(example):
    labels, predictions = example[0], example[1].argmax(axis=1)
    names = range(CLASSES)
    confusion = confusion_matrix(labels, predictions, CLASSES)
    np.testing.assert_array_equal(confusion, sklearn.metrics.confusion_matrix(labels, predictions, labels=names))
    for ours, theirs in ((precision, sklearn.metrics.precision_score), (recall, sklearn.metrics.recall_score)):
        expected = theirs(labels, predictions, labels=names, average=None, zero_division=np.nan)
        np.testing.assert_allclose(ours(confusion), expected, rtol=1e-15)


def test_a_confusion_matrix_has_true_classes_down_and_predictions_across():
    np.testing.assert_array_equal(confusion_matrix([0, 0, 0, 1], [0, 1, 1, 0], 2), [[1, 2], [1, 0]])


def test_small_integer_dtypes_do_not_overflow_in_a_confusion_matrix():
    labels = np.array([99, 99, 3], np.uint8)
    confusion = confusion_matrix(labels, labels, 100)
    assert (confusion[99, 99], confusion[3, 3], confusion.sum()) == (2, 1, 3)


@pytest.mark.parametrize(("labels", "predictions"), [([2], [0]), ([0], [2]), ([-1], [1])])
def test_a_class_number_out_of_range_is_no_cell_of_a_confusion_matrix(labels, predictions):
    with pytest.raises(ValueError, match="invalid entry"):
        confusion_matrix(labels, predictions, 2)


def test_ratios_without_rows_are_nan():
    confusion = np.array([[2, 0], [0, 0]])
    np.testing.assert_array_equal(precision(confusion), [1, np.nan])
    np.testing.assert_array_equal(recall(confusion), [1, np.nan])


@given(truths_and_scores())
def test_roc_auc_is_scikit_learn_s_or_nan_for_one_class(example):
    positive, scores = example
    if positive.all() or not positive.any():
        assert np.isnan(roc_auc(positive, scores))
    else:
        assert roc_auc(positive, scores) == pytest.approx(sklearn.metrics.roc_auc_score(positive, scores), abs=1e-12)


@given(truths_and_scores())
def test_roc_auc_counts_the_pairs_in_which_the_positive_row_scores_higher(example):
    positive, scores = example
    wins = np.greater.outer(scores[positive], scores[~positive])
    ties = np.equal.outer(scores[positive], scores[~positive])
    if wins.size:
        assert roc_auc(positive, scores) == pytest.approx(np.mean(wins + ties / 2), abs=1e-15)


@given(truths_and_scores())
def test_scores_turned_round_give_the_area_above_the_curve(example):
    positive, scores = example
    if positive.any() and not positive.all():
        assert roc_auc(positive, -scores) == pytest.approx(1 - roc_auc(positive, scores), abs=1e-15)


@given(truths_and_scores(st.integers(-50, 50)))
def test_only_the_order_of_scores_counts(example):
    positive, scores = example
    np.testing.assert_equal(roc_auc(positive, np.exp(scores)), roc_auc(positive, scores))


def test_roc_auc_takes_infinite_scores_and_integers():
    assert roc_auc([False, True, True], [-np.inf, 0, np.inf]) == 1
    assert roc_auc([False, True, True], [1, 1, 2]) == 0.75


def test_a_nan_score_has_no_rank():
    assert np.isnan(roc_auc([True, False], [np.nan, 0.0]))


def test_roc_auc_of_many_rows_does_not_overflow():
    """3 million rows: 9e12 pairs, far beyond int32."""
    rows = np.arange(3_000_000)
    assert roc_auc(rows % 2 == 1, rows // 2) == 0.5
