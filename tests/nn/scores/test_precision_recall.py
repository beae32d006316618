"""Precision, recall and F1: scikit-learn's answers, and by hand."""

import functools

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from score_rows import KINDS, assert_same_answer, classes, rows_of, weights

from dnn.nn.scores.precision_recall import f1_score, fbeta_score, precision_score, recall_score
from dnn.nn.scores.score_checks import UndefinedMetricWarning

PAIRS = (
    (precision_score, sklearn.metrics.precision_score),
    (recall_score, sklearn.metrics.recall_score),
    (f1_score, sklearn.metrics.f1_score),
)
each_score = pytest.mark.parametrize("score", [ours for ours, _ in PAIRS])
MANY = settings(max_examples=settings().max_examples * 2)  # milliseconds each
ZERO_DIVISIONS = st.sampled_from(["warn", 0, 1.0, np.nan])


@st.composite
def predictions(draw, least, most):
    """(true labels, predicted labels, weights); of few rows, so that classes often have none."""
    names, rows = draw(classes(least, most)), draw(st.integers(1, 8))
    return draw(rows_of(names, rows)), draw(rows_of(names, rows)), draw(weights(rows))


@MANY
@given(predictions(1, 5), st.sampled_from([None, "macro", "micro", "weighted"]), ZERO_DIVISIONS, st.data())
def test_the_scores_of_all_classes_are_scikit_learn_s(example, average, zero_division, data):
    true, predicted, sample_weight = example
    names = next(names for names in KINDS.values() if names.dtype.kind == true.dtype.kind)
    labels = data.draw(st.none() | st.permutations(names).map(lambda order: np.array(order[1:], names.dtype)))
    options = {"labels": labels, "average": average, "sample_weight": sample_weight, "zero_division": zero_division}
    for ours, theirs in PAIRS:
        assert_same_answer(ours, theirs, true, predicted, **options)


@MANY
@given(predictions(2, 3), ZERO_DIVISIONS, st.data())
def test_the_scores_of_two_classes_are_scikit_learn_s_which_refuses_a_third(example, zero_division, data):
    """And a pos_label that is none of the two; where there is one class alone, any pos_label will do."""
    true, predicted, sample_weight = example
    names = next(names for names in KINDS.values() if names.dtype.kind == true.dtype.kind)
    options = {"sample_weight": sample_weight, "zero_division": zero_division}
    pos_label = data.draw(st.sampled_from(names.tolist()))
    for ours, theirs in PAIRS:
        assert_same_answer(ours, theirs, true, predicted, pos_label=pos_label, **options)


@MANY
@given(st.data(), st.sampled_from([None, "macro", "micro", "weighted", "samples"]), ZERO_DIVISIONS)
def test_the_scores_of_several_labels_are_scikit_learn_s(data, average, zero_division):
    """0 and 1 for each label; a row or a label may have none."""
    shape = data.draw(st.tuples(st.integers(1, 6), st.integers(2, 4)))
    true, predicted = (data.draw(hnp.arrays(np.int64, shape, elements=st.integers(0, 1))) for _ in range(2))
    labels = data.draw(st.none() | st.permutations(range(shape[1])).map(lambda order: order[1:]))
    options = {"labels": labels, "average": average, "sample_weight": data.draw(weights(shape[0]))}
    for ours, theirs in PAIRS:
        assert_same_answer(ours, theirs, true, predicted, zero_division=zero_division, **options)


@given(predictions(1, 5), st.sampled_from([None, "macro", "micro", "weighted"]), st.floats(0.01, 100), st.data())
def test_f_beta_is_scikit_learn_s(example, average, beta, data):
    true, predicted, sample_weight = example
    options = {"average": average, "sample_weight": sample_weight, "zero_division": data.draw(ZERO_DIVISIONS)}
    assert_same_answer(fbeta_score, sklearn.metrics.fbeta_score, true, predicted, beta=beta, **options)
    each = functools.partial(fbeta_score, true, predicted, average=average, zero_division=0)
    of_each = {"average": average, "zero_division": 0}
    np.testing.assert_array_equal(each(beta=0), precision_score(true, predicted, **of_each))
    np.testing.assert_array_equal(each(beta=np.inf), recall_score(true, predicted, **of_each))
    np.testing.assert_allclose(each(beta=1e200), recall_score(true, predicted, **of_each), rtol=1e-15)


def test_beta_is_not_negative_and_two_classes_are_not_several_labels():
    with pytest.raises(ValueError, match="beta must be a number of 0 or more, got -1"):
        fbeta_score([0, 1], [0, 1], beta=-1)
    with pytest.raises(ValueError, match='average="binary" is of one label for each row, got 2: give another'):
        f1_score([[0, 1]], [[0, 1]])
    with pytest.raises(ValueError, match=r"y_true of several labels, \[rows, labels\], must be 0 and 1, got \[0, 2\]"):
        f1_score([[0, 2]], [[0, 1]], average=None)
    with pytest.raises(ValueError, match=r"labels must be columns in \[0, 2\), got \[2\]"):
        f1_score([[0, 1]], [[0, 1]], average=None, labels=[2])


@pytest.mark.parametrize(("ours", "theirs"), PAIRS)
def test_a_mean_weighted_by_true_rows_where_there_are_none_is_not_weighted(ours, theirs):
    options = {"labels": [1, 2], "average": "weighted", "zero_division": 1.0}
    assert_same_answer(ours, theirs, [0, 0, 0], [1, 1, 0], **options)


@each_score
def test_the_default_positive_class_is_1(score):
    assert score([0, 1, 1, 1, 0], [0, 1, 1, 1, 0]) == 1
    with pytest.raises(ValueError, match=r"pos_label must be one of the labels \['no', 'yes'\], got 1"):
        score(["no", "yes"], ["no", "yes"])
    with pytest.raises(ValueError, match=r"must be two classes, got 3, \[0, 1, 2\]: for more give average=None"):
        score([0, 1, 2], [0, 1, 2])


def test_scores_worked_by_hand():
    """Class 1: 2 of 3 predictions are right, and 2 of 4 rows are found."""
    true, predicted = [1, 1, 1, 1, 0, 0], [1, 1, 0, 0, 1, 0]
    assert precision_score(true, predicted) == 2 / 3
    assert recall_score(true, predicted) == 1 / 2
    assert f1_score(true, predicted) == pytest.approx(4 / 7, rel=1e-15)
    assert precision_score(true, predicted, average=None).tolist() == [1 / 3, 2 / 3]
    assert precision_score(true, predicted, average="weighted") == pytest.approx((2 / 3 + 4 * 2 / 3) / 6, rel=1e-15)
    assert precision_score(true, predicted, average="micro") == 1 / 2


@given(predictions(2, 5))
def test_f1_is_the_harmonic_mean_of_precision_and_recall(example):
    precision, recall, f1 = (
        score(*example[:2], average=None, zero_division=np.nan) for score in (precision_score, recall_score, f1_score)
    )
    both = (precision > 0) & (recall > 0)
    np.testing.assert_allclose(f1[both], 2 / (1 / precision[both] + 1 / recall[both]), rtol=1e-15)


@pytest.mark.parametrize(
    ("score", "true", "predicted", "first", "missing"),
    [
        (precision_score, [0, 1], [0, 0], 1 / 2, "predicted"),
        (recall_score, [0, 0], [0, 1], 1 / 2, "true"),
        (f1_score, [0, 2], [0, 0], 2 / 3, "true nor predicted"),
    ],
)
def test_a_class_without_rows_scores_0_with_a_warning_or_what_zero_division_says(
    score, true, predicted, first, missing
):
    of_each = functools.partial(score, true, predicted, labels=[0, 1], average=None)
    with pytest.warns(UndefinedMetricWarning, match=f"not defined for a class without {missing} rows"):
        assert of_each().tolist() == [first, 0]
    assert of_each(zero_division=1).tolist() == [first, 1]
    assert of_each(average="macro", zero_division=np.nan) == first
    assert np.isnan(of_each(labels=[1], average="macro", zero_division=np.nan))


@each_score
def test_a_pos_label_beside_an_average_is_warned_of(score):
    with pytest.warns(UserWarning, match=r"""pos_label='b' is used by average="binary" only, not by 'macro'"""):
        score(["a", "b"], ["a", "b"], average="macro", pos_label="b")


@each_score
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"average": "mean"}, '"macro", "weighted", "samples" or None, got \'mean\''),
        ({"average": "samples"}, 'average="samples" is of several labels, .*, got a label for each row'),
        ({"zero_division": 2}, 'zero_division must be 0, 1, NaN or "warn", got 2'),
        ({"zero_division": "zero"}, "zero_division must be 0, 1, NaN or \"warn\", got 'zero'"),
    ],
)
def test_an_option_that_is_none_of_the_choices_is_refused(score, options, message):
    with pytest.raises(ValueError, match=message):
        score([0, 1], [1, 0], **options)
