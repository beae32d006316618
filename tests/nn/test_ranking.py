"""Areas under curves: against scikit-learn, against counting pairs and thresholds, and by laws of the order."""

from fractions import Fraction

import keras
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dnn.nn.ranking import average_precision, roc_auc

SCORES = st.integers(-3, 3) | st.floats(allow_nan=False, allow_infinity=False)  # ties, and any order at all


@st.composite
def truths_and_scores(draw, scores=SCORES):
    rows = draw(st.integers(1, 40))
    return draw(hnp.arrays(bool, rows)), draw(hnp.arrays(np.float64, rows, elements=scores))


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
    assert np.isnan(average_precision([True, False], [np.nan, 0.0]))


def test_roc_auc_of_many_rows_does_not_overflow():
    """3 million rows: 9e12 pairs, far beyond int32."""
    rows = np.arange(3_000_000)
    assert roc_auc(rows % 2 == 1, rows // 2) == 0.5
    assert average_precision(rows % 2 == 1, rows // 2) == pytest.approx(0.5)


@given(truths_and_scores())
def test_average_precision_is_scikit_learn_s_or_nan_for_no_positive_row(example):
    positive, scores = example
    if positive.any():
        expected = sklearn.metrics.average_precision_score(positive, scores)
        assert average_precision(positive, scores) == pytest.approx(expected, abs=1e-12)
    else:
        assert np.isnan(average_precision(positive, scores))


@given(truths_and_scores())
def test_average_precision_is_the_sum_over_thresholds_in_fractions(example):
    positive, scores = example
    if positive.any():
        area, recall_before = Fraction(0), Fraction(0)
        for threshold in sorted(set(scores.tolist()), reverse=True):
            taken = scores >= threshold
            found = int((positive & taken).sum())
            recall = Fraction(found, int(positive.sum()))
            area += (recall - recall_before) * Fraction(found, int(taken.sum()))
            recall_before = recall
        assert average_precision(positive, scores) == pytest.approx(float(area), abs=1e-15)


@given(truths_and_scores(st.integers(-50, 50)))
def test_only_the_order_of_scores_counts_for_average_precision(example):
    positive, scores = example
    np.testing.assert_equal(average_precision(positive, np.exp(scores)), average_precision(positive, scores))


@given(hnp.arrays(bool, st.integers(1, 40)))
def test_equal_scores_have_the_share_of_positive_rows_and_perfect_ones_1(positive):
    if positive.any():
        assert average_precision(positive, np.zeros(len(positive))) == pytest.approx(positive.mean())
        assert average_precision(positive, positive) == 1


@pytest.mark.parametrize("area", [roc_auc, average_precision])
def test_small_scores_have_the_area_of_large_ones(area):
    """Keras's 200 thresholds from 0 to 1 take all of these for equal."""
    positive = np.array([False, True, False, True, True])
    scores = np.array([1, 2, 3, 4, 5]) * 1e-4
    assert area(positive, scores) == area(positive, scores * 1e3)
    keras_s = keras.metrics.AUC()
    keras_s.update_state(positive, scores)
    assert float(keras_s.result()) == pytest.approx(0.5)
    assert roc_auc(positive, scores) == pytest.approx(5 / 6)


@pytest.mark.parametrize("area", [roc_auc, average_precision])
def test_truths_and_scores_that_do_not_pair_are_refused(area):
    with pytest.raises(ValueError, match=r"positive and scores must be \[rows\], got \(2,\) and \(2, 1\)"):
        area([True, False], [[1.0], [2.0]])


@pytest.mark.parametrize("area", [roc_auc, average_precision])
@pytest.mark.parametrize(
    ("positive", "scores", "message"),
    [
        (["no", "yes"], [1.0, 2.0], "positive must be truth values, got <U3"),
        ([0.2, 0.9], [1.0, 2.0], "positive must be truth values, got float64"),
        ([False, True], ["1", "2"], "scores must be numbers, got <U1"),
    ],
)
def test_what_is_no_truth_value_or_no_number_is_refused(area, positive, scores, message):
    with pytest.raises(TypeError, match=message):
        area(positive, scores)
