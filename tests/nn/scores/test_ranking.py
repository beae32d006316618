"""Areas under curves: scikit-learn's answers, against counting pairs and thresholds, and by laws of the order."""

from fractions import Fraction

import keras
import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from score_rows import KINDS, SCORES, assert_same_answer, classes, rows_of, weights

from dnn.nn.scores.areas import area_under_roc_curve
from dnn.nn.scores.ranking import average_precision_score, roc_auc_score
from dnn.nn.scores.score_checks import UndefinedMetricWarning

MANY = settings(max_examples=settings().max_examples * 2)  # milliseconds each
AREAS = (roc_auc_score, average_precision_score)
each_area = pytest.mark.parametrize("area", AREAS)


@st.composite
def ranked(draw, most=2):
    """(labels, scores, weights): a class may have no row, or rows that weigh nothing."""
    names, rows = draw(classes(2, most)), draw(st.integers(1, 20))
    return draw(rows_of(names, rows)), draw(hnp.arrays(np.float64, rows, elements=SCORES)), draw(weights(rows))


@st.composite
def truths_and_scores(draw, scores=SCORES):
    """With a row of each side."""
    rows = draw(st.integers(2, 40))
    positive = draw(hnp.arrays(bool, rows))
    positive[:2] = True, False
    return positive, draw(hnp.arrays(np.float64, rows, elements=scores))


@MANY
@given(ranked(most=3), st.data())
def test_both_areas_are_scikit_learn_s(example, data):
    """NaN or 0 and a warning where they are not defined, and an error for three classes."""
    labels, scores, sample_weight = example
    names = next(names for names in KINDS.values() if names.dtype.kind == labels.dtype.kind)
    pos_label = data.draw(st.sampled_from(names.tolist()))
    assert_same_answer(roc_auc_score, sklearn.metrics.roc_auc_score, labels, scores, sample_weight=sample_weight)
    options = {"pos_label": pos_label, "sample_weight": sample_weight}
    if len(np.unique(labels)) < 3:  # of three, scikit-learn takes scores of each
        expected = sklearn.metrics.average_precision_score
        assert_same_answer(average_precision_score, expected, labels, scores, **options)


@st.composite
def of_several(draw, columns):
    """(scores [rows, columns] that add up to 1, weights), some of which tie."""
    rows = draw(st.integers(1, 12))
    scores = draw(hnp.arrays(np.float64, (rows, columns), elements=st.integers(1, 4).map(float) | st.floats(0.01, 9)))
    return scores / scores.sum(axis=1, keepdims=True), draw(weights(rows))


@MANY
@given(st.data(), st.integers(3, 4), st.sampled_from(["micro", "macro", "weighted", None]))
def test_areas_of_several_classes_are_scikit_learn_s(data, columns, average):
    """A class may have no row: then its area is NaN, and scikit-learn wants to know of it."""
    names = KINDS[data.draw(st.sampled_from(["integers", "strings"]))][:columns]
    scores, sample_weight = data.draw(of_several(columns))
    labels = data.draw(rows_of(names, len(scores)))
    options = {"average": average, "sample_weight": sample_weight}
    known = data.draw(st.sampled_from([None, np.sort(names)]))
    theirs = sklearn.metrics.roc_auc_score
    if len(np.unique(labels)) > 2 or known is not None:
        assert_same_answer(roc_auc_score, theirs, labels, scores, multi_class="ovr", labels=known, **options)
    if len(np.unique(labels)) == columns:  # else scikit-learn before 1.9 finds no column
        assert_same_answer(average_precision_score, sklearn.metrics.average_precision_score, labels, scores, **options)
    if len(np.unique(labels)) > 1 and average in ("macro", "weighted"):
        pairs = {"multi_class": "ovo", "labels": known, "average": average}
        assert_same_answer(roc_auc_score, theirs, labels, scores, **pairs)
        times = np.resize([2, 1, 3], len(labels))  # which scikit-learn refuses here
        if known is not None or len(np.unique(labels)) == columns:
            weighted = roc_auc_score(labels, scores, sample_weight=times, **pairs)
            repeated = theirs(np.repeat(labels, times), np.repeat(scores, times, axis=0), **pairs)
            assert weighted == pytest.approx(repeated, rel=1e-12)


@MANY
@given(st.data(), st.integers(2, 3), st.sampled_from(["micro", "macro", "weighted", "samples", None]))
def test_areas_of_several_labels_are_scikit_learn_s(data, columns, average):
    scores, sample_weight = data.draw(of_several(columns))
    truths = data.draw(hnp.arrays(np.int64, scores.shape, elements=st.integers(0, 1)))
    options = {"average": average, "sample_weight": sample_weight}
    max_fpr = data.draw(st.sampled_from([None, 1.0, 0.3]))
    if truths.any():  # where none is positive scikit-learn does not warn that a weighted average is 0
        theirs = sklearn.metrics
        assert_same_answer(roc_auc_score, theirs.roc_auc_score, truths, scores, max_fpr=max_fpr, **options)
        assert_same_answer(average_precision_score, theirs.average_precision_score, truths, scores, **options)


@given(ranked(), st.floats(0.05, 1))
def test_a_partial_area_is_scikit_learn_s(example, max_fpr):
    labels, scores, sample_weight = example
    options = {"max_fpr": max_fpr, "sample_weight": sample_weight}
    assert_same_answer(roc_auc_score, sklearn.metrics.roc_auc_score, labels, scores, **options)


@pytest.mark.parametrize(
    ("labels", "options", "message"),
    [
        ([0, 1, 2], {"multi_class": "all"}, """multi_class must be "raise", "ovr" or "ovo", got 'all'"""),
        (
            [0, 1, 2],
            {"multi_class": "ovo", "average": None},
            'average of "ovo" must be "macro" or "weighted", got None',
        ),
        ([0, 1, 2], {"multi_class": "ovr", "labels": [2, 1, 0]}, r"labels must be sorted, .*, got \[2, 1, 0\]"),
        ([0, 1, 1], {"multi_class": "ovr"}, r"of the labels \[0, 1\], got shape \(3, 3\); give all of them as labels="),
        ([0, 1, 7], {"multi_class": "ovr", "labels": [0, 1, 2]}, r"y_true must be in labels, \[0, 1, 2\], got \[7\]"),
        ([0, 1, 2], {"multi_class": "ovr", "max_fpr": 0.5}, "max_fpr is of two classes, got 0.5 beside more"),
        ([0, 1, 2], {"multi_class": "ovr", "average": "mean"}, """average of "ovr" must be "micro", .*, got 'mean'"""),
        ([0, 1, 1], {"max_fpr": 0}, r"max_fpr must be in \(0, 1\], got 0"),
    ],
)
def test_options_of_several_classes_that_do_not_fit_are_refused(labels, options, message):
    with pytest.raises(ValueError, match=message):
        roc_auc_score(labels, np.full((3, 3), 1 / 3), **options)


def test_scores_of_several_classes_are_probabilities():
    with pytest.raises(ValueError, match="must be probabilities, which add up to 1 in each row"):
        roc_auc_score([0, 1, 2], np.eye(3) * 2, multi_class="ovr")
    with pytest.raises(ValueError, match=r"\[rows\], got \(2,\) and \(2, 2\): of two classes give the scores of one"):
        roc_auc_score([0, 1], np.eye(2))
    with pytest.raises(ValueError, match="pos_label is of two classes"):
        average_precision_score([0, 1, 2], np.eye(3), pos_label=2)


@given(truths_and_scores(SCORES | st.sampled_from([np.inf, -np.inf])))
def test_roc_auc_counts_the_pairs_in_which_the_positive_row_scores_higher(example):
    positive, scores = example
    wins = np.greater.outer(scores[positive], scores[~positive])
    ties = np.equal.outer(scores[positive], scores[~positive])
    assert area_under_roc_curve(positive, scores) == pytest.approx(np.mean(wins + ties / 2), abs=1e-15)


@given(truths_and_scores())
def test_scores_turned_round_give_the_area_above_the_curve(example):
    positive, scores = example
    assert roc_auc_score(positive, -scores) == pytest.approx(1 - roc_auc_score(positive, scores), abs=1e-15)


@each_area
@given(truths_and_scores(st.integers(-50, 50)))
def test_only_the_order_of_scores_counts(area, example):
    positive, scores = example
    np.testing.assert_equal(area(positive, np.exp(scores)), area(positive, scores))


@each_area
@given(truths_and_scores(), st.data())
def test_a_whole_weight_is_a_row_repeated(area, example, data):
    positive, scores = example
    times = data.draw(hnp.arrays(np.int64, len(scores), elements=st.integers(0, 3)))
    times[:2] = 1
    repeated = area(np.repeat(positive, times), np.repeat(scores, times))
    assert area(positive, scores, sample_weight=times) == pytest.approx(repeated, rel=1e-14)


@given(truths_and_scores())
def test_average_precision_is_the_sum_over_thresholds_in_fractions(example):
    positive, scores = example
    area, recall_before = Fraction(0), Fraction(0)
    for threshold in sorted(set(scores.tolist()), reverse=True):
        taken = scores >= threshold
        found = int((positive & taken).sum())
        recall = Fraction(found, int(positive.sum()))
        area += (recall - recall_before) * Fraction(found, int(taken.sum()))
        recall_before = recall
    assert average_precision_score(positive, scores) == pytest.approx(float(area), abs=1e-14)  # 40 roundings


@given(hnp.arrays(bool, st.integers(1, 40)).filter(np.any))
def test_equal_scores_have_the_share_of_positive_rows_and_perfect_ones_1(positive):
    assert average_precision_score(positive, np.zeros(len(positive))) == pytest.approx(positive.mean())
    assert average_precision_score(positive, positive) == 1


def test_areas_worked_by_hand():
    assert roc_auc_score([False, True, True], [1, 1, 2]) == 0.75
    assert roc_auc_score(["no", "yes", "yes"], [1, 1, 2], sample_weight=[2, 3, 1]) == (3 / 2 + 1) / 4
    assert average_precision_score(["no", "yes", "no"], [1, 2, 3], pos_label="no") == (1 + 2 / 3) / 2


def test_the_areas_of_many_rows_do_not_overflow():
    """200,000 rows: 1e10 pairs, beyond int32."""
    rows = np.arange(200_000)
    assert roc_auc_score(rows % 2, rows // 2) == 0.5
    assert average_precision_score(rows % 2, rows // 2) == pytest.approx(0.5)


@each_area
def test_small_scores_have_the_area_of_large_ones(area):
    """Keras's 200 thresholds from 0 to 1 take all of these for equal."""
    positive = np.array([False, True, False, True, True])
    scores = np.array([1, 2, 3, 4, 5]) * 1e-4
    assert area(positive, scores) == area(positive, scores * 1e3)
    keras_s = keras.metrics.AUC()
    keras_s.update_state(positive, scores)
    assert float(keras_s.result()) == pytest.approx(0.5)
    assert roc_auc_score(positive, scores) == pytest.approx(5 / 6)


def test_an_area_that_is_not_defined_has_scikit_learn_s_value_and_a_warning():
    with pytest.warns(UndefinedMetricWarning, match="ROC AUC is NaN where there is a single class"):
        assert np.isnan(roc_auc_score([1, 1], [0.1, 0.2]))
    with pytest.warns(UndefinedMetricWarning, match="average precision is 0 where no row is positive"):
        assert average_precision_score([0, 0], [0.1, 0.2]) == 0


def test_more_classes_than_two_need_scores_of_each():
    with pytest.raises(ValueError, match=r"must have two classes, got \[0, 1, 2\]: give multi_class="):
        roc_auc_score([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"a column for each of 3 classes \[0, 1, 2\], got shape \(3,\)"):
        average_precision_score([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match=r"pos_label must be one of the labels \['no', 'yes'\], got 1"):
        average_precision_score(["no", "yes"], [0.1, 0.2])


@each_area
@pytest.mark.parametrize(
    ("scores", "error", "message"),
    [
        ([[1.0], [2.0]], ValueError, r"y_true and y_score must be \[rows\], got \(2,\) and \(2, 1\)"),
        ([1.0, np.nan], ValueError, "y_score must be finite, got NaN or infinity"),
        ([1.0, np.inf], ValueError, "y_score must be finite, got NaN or infinity"),
        (["1", "2"], TypeError, "y_score must be numbers, got <U1"),
    ],
)
def test_what_is_not_a_score_for_each_row_is_refused(area, scores, error, message):
    with pytest.raises(error, match=message):
        area([False, True], scores)
