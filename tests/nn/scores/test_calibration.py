"""Calibration: scikit-learn's answers, against a loop over bins, and figures worked by hand."""

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from score_rows import assert_same_answer, classes, rows_of, weights

from dnn.nn.scores.calibration import brier_score_loss, expected_calibration_error, log_loss

MANY = settings(max_examples=settings().max_examples * 2)  # milliseconds each
SCORES = (log_loss, brier_score_loss, expected_calibration_error)
each_score = pytest.mark.parametrize("score", SCORES)


@st.composite
def labels_and_probabilities(draw, dtype=np.float64):
    """(labels, probabilities, weights, all classes): a class may have no row, and a probability be 0 or 1."""
    names, rows = draw(classes(2)), draw(st.integers(1, 12))
    shape = (rows, len(names))
    logits = draw(hnp.arrays(np.float64, shape, elements=st.integers(-2, 2) | st.floats(-40, 40)))
    probabilities = scipy.special.softmax(logits, axis=1).astype(dtype)
    return draw(rows_of(names, rows)), probabilities, draw(weights(rows)), np.sort(names)


@MANY
@given(labels_and_probabilities(), st.booleans(), st.booleans(), st.sampled_from(["auto", True, False]))
def test_log_loss_and_brier_score_loss_are_scikit_learn_s(example, all_labels, normalize, scale_by_half):
    """An error where y_true alone does not tell the classes."""
    labels, probabilities, sample_weight, names = example
    options = {"sample_weight": sample_weight, "labels": names if all_labels else None}
    assert_same_answer(log_loss, sklearn.metrics.log_loss, labels, probabilities, normalize=normalize, **options)
    options |= {"scale_by_half": scale_by_half}
    assert_same_answer(brier_score_loss, sklearn.metrics.brier_score_loss, labels, probabilities, **options)


@MANY
@given(st.data(), classes(2, 3), st.integers(1, 12))
def test_probabilities_of_one_class_are_scored_as_by_scikit_learn(data, names, rows):
    labels, sample_weight = data.draw(rows_of(names, rows)), data.draw(weights(rows))
    probabilities = data.draw(hnp.arrays(np.float64, rows, elements=st.sampled_from([0.0, 0.5, 1.0]) | st.floats(0, 1)))
    pos_label = data.draw(st.none() | st.sampled_from(names.tolist()))
    for shaped in (probabilities, probabilities[:, np.newaxis]):
        options = {"sample_weight": sample_weight}
        assert_same_answer(log_loss, sklearn.metrics.log_loss, labels, shaped, **options)
        options |= {"pos_label": pos_label}
        assert_same_answer(brier_score_loss, sklearn.metrics.brier_score_loss, labels, shaped, **options)


@given(labels_and_probabilities(np.float32))
def test_float32_probabilities_are_clipped_as_in_scikit_learn_and_summed_in_float64(example):
    labels, probabilities, _, names = example
    expected = sklearn.metrics.log_loss(labels, probabilities, labels=names)
    assert log_loss(labels, probabilities, labels=names) == pytest.approx(expected, rel=1e-6)


@given(labels_and_probabilities(), st.integers(1, 20))
def test_the_calibration_error_is_the_weighted_gap_of_each_bin(example, n_bins):
    labels, probabilities, _, names = example
    confidence, hits = probabilities.max(axis=1), names[probabilities.argmax(axis=1)] == labels
    error = 0.0
    for b in range(n_bins):
        inside = (confidence > b / n_bins) & (confidence <= (b + 1) / n_bins)
        if inside.any():
            error += inside.mean() * abs(hits[inside].mean() - confidence[inside].mean())
    actual = expected_calibration_error(labels, probabilities, n_bins=n_bins, labels=names)
    assert actual == pytest.approx(error, abs=1e-12)


@each_score
@settings(max_examples=settings().max_examples // 2)
@given(labels_and_probabilities(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(score, example, random):
    labels, probabilities, _, names = example
    order = random.sample(range(len(labels)), len(labels))
    expected = score(labels, probabilities, labels=names)
    assert score(labels[order], probabilities[order], labels=names) == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_the_scores_of_four_rows_by_hand():
    """Confidences 0.75, 0.75, 0.625, 0.625 for class 0; true are 0, 1, 0, 0. In 4 bins: (0.5, 0.75]."""
    labels, probabilities = [0, 1, 0, 0], [[0.75, 0.25], [0.75, 0.25], [0.625, 0.375], [0.625, 0.375]]
    assert expected_calibration_error(labels, probabilities, n_bins=8) == 0.5 * 0.25 + 0.5 * 0.375
    assert expected_calibration_error(labels, probabilities, n_bins=4) == 0.75 - 0.6875
    assert expected_calibration_error(labels, [0.25, 0.25, 0.375, 0.375], n_bins=4) == 0.75 - 0.6875
    squares = (0.25**2 + 0.75**2 + 2 * 0.375**2) / 4
    assert brier_score_loss(labels, probabilities) == squares
    assert brier_score_loss(labels, probabilities, scale_by_half=False) == 2 * squares
    assert brier_score_loss(["no", "yes", "no", "no"], [0.25, 0.25, 0.375, 0.375], pos_label="yes") == squares
    assert log_loss(labels, probabilities) == pytest.approx(-np.log(0.75 * 0.25 * 0.625 * 0.625) / 4)


def test_a_confidence_on_an_edge_is_in_the_bin_below_it():
    """1/2 is in the first of 2 bins, apart from a certain row, whose error is opposite."""
    probabilities = [[0.5, 0.5], [0.5, 0.5], [0, 1]]
    assert expected_calibration_error([0, 0, 0], probabilities, n_bins=2, labels=[0, 1]) == pytest.approx((1 + 1) / 3)
    assert expected_calibration_error([0, 0, 0], probabilities, n_bins=1, labels=[0, 1]) == 0


def test_certainty_is_scored_at_both_ends():
    """What is certain and wrong costs 36 nats, −ln 2⁻⁵²; the loss of the logits has no such end."""
    assert [score([0, 1], [[1, 0], [0, 1]]) for score in SCORES[1:]] == [0, 0]
    assert [score([1, 0], [[1, 0], [0, 1]]) for score in SCORES[1:]] == [1, 1]
    assert log_loss([1, 0], [[1, 0], [0, 1]]) == pytest.approx(52 * np.log(2))
    assert log_loss([1, 0], np.float32([[1, 0], [0, 1]])) == pytest.approx(23 * np.log(2))
    assert 0 <= log_loss([0, 1], [[1, 0], [0, 1]]) < 1e-15


def test_half_precision_probabilities_are_taken_and_may_be_off_by_their_rounding():
    probabilities = tf.cast([[0.7, 0.2, 0.1], [0.1, 0.3, 0.6]], tf.bfloat16)
    assert log_loss([0, 2], probabilities, labels=[0, 1, 2]) == pytest.approx(-np.log(0.7 * 0.6) / 2, rel=0.01)


@each_score
def test_rows_that_do_not_add_up_to_1_are_warned_of(score):
    """By more than √ε, as rounding may leave them, and as in scikit-learn."""
    score([0, 1], [[0.5, 0.5 + 1e-8], [0.5, 0.5]])
    score([0, 1], np.float32([[0.5, 0.5 + 1e-4], [0.5, 0.5]]))
    with pytest.warns(UserWarning, match="the rows of y_proba do not add up to 1: are they probabilities"):
        score([0, 1], [[0.5, 0.5 + 1e-7], [0.5, 0.5]])


@each_score
def test_labels_in_another_order_than_the_columns_are_warned_of(score):
    probabilities = [[0.9, 0.1], [0.2, 0.8]]
    with pytest.warns(UserWarning, match=r"labels are sorted, as the columns of y_proba must be: \[0, 1\]"):
        actual = score([0, 1], probabilities, labels=[1, 0])
    assert actual == score([0, 1], probabilities)


@each_score
@pytest.mark.parametrize(
    ("y_true", "y_proba", "labels", "message"),
    [
        ([0, 1], [[0.5, 0.5]], None, r"y_proba must be \[rows, classes\], here \[2, classes\], got shape \(1, 2\)"),
        ([0, 1], [[[0.5, 0.5]]] * 2, None, r"y_proba must be \[rows, classes\], here .* got shape \(2, 1, 2\)"),
        ([0, 1], np.zeros((2, 0)), None, r"y_proba must be \[rows, classes\], here .* got shape \(2, 0\)"),
        ([0, 1], [[1.5, -0.5], [0.5, 0.5]], None, r"y_proba must be in \[0, 1\], got values from -0.5 to 1.5"),
        ([0, 1], [[np.nan, 0.5], [0.5, 0.5]], None, r"y_proba must be in \[0, 1\], got values from nan to nan"),
        ([0, 1], [[0.2, 0.3, 0.5]] * 2, None, r"got 3 for the labels \[0, 1\]; give all of them as labels="),
        ([0, 0], [[0.2, 0.8]] * 2, None, r"got 2 for the labels \[0\]; give all of them as labels="),
        ([0, 1], [[0.2, 0.8]] * 2, [0, 1, 2], r"got 2 for the labels \[0, 1, 2\]$"),
        ([0, 7], [[0.2, 0.8]] * 2, [0, 1], r"y_true must be in labels, \[0, 1\], got \[7\]"),
        ([-1, 1], [[0.2, 0.8]] * 2, [0, 1], r"y_true must be in labels, \[0, 1\], got \[-1\]"),
    ],
)
def test_probabilities_that_do_not_pair_with_the_labels_are_refused(score, y_true, y_proba, labels, message):
    with pytest.raises(ValueError, match=message):
        score(y_true, y_proba, labels=labels)


def test_other_wrong_arguments_are_refused():
    for score in SCORES:
        with pytest.raises(TypeError, match="y_proba must be numbers, got <U3"):
            score([0, 1], [["0.5", "0.5"], ["0.5", "0.5"]])
    with pytest.raises(ValueError, match="n_bins must be 1 or more, got 0"):
        expected_calibration_error([0, 1], [0.1, 0.2], n_bins=0)
    with pytest.raises(ValueError, match="pos_label must be given for labels that are strings: one of"):
        brier_score_loss(["no", "yes"], [0.1, 0.2])
    with pytest.raises(ValueError, match=r"there must be two classes, got 3, \[0, 1, 2\]"):
        brier_score_loss([0, 1, 2], [0.1, 0.2, 0.3])


def test_the_default_positive_class_of_brier_score_loss():
    for labels in ([0, 1], [-1, 1], [3, 7], [False, True]):
        assert brier_score_loss(labels, [0.1, 0.8]) == pytest.approx((0.01 + 0.04) / 2)
    assert brier_score_loss([0, 0], [0.1, 0.2]) == pytest.approx((0.01 + 0.04) / 2)
