"""Calibration: against scikit-learn, against a loop over bins, and figures worked by hand."""

import numpy as np
import pytest
import scipy.special
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dnn.nn.calibration import brier_score, expected_calibration_error, log_loss

SCORES = (log_loss, brier_score, expected_calibration_error)


@st.composite
def labels_and_logits(draw, least=2):
    rows, classes = draw(st.integers(1, 30)), draw(st.integers(least, 5))
    labels = draw(hnp.arrays(np.int32, rows, elements=st.integers(0, max(classes, 2) - 1)))
    elements = st.integers(-2, 2) | st.floats(-12, 12)
    return labels, draw(hnp.arrays(np.float64, (rows, classes), elements=elements))


@given(labels_and_logits())
def test_log_loss_and_brier_score_are_scikit_learn_s(example):
    labels, logits = example
    probabilities, names = scipy.special.softmax(logits, axis=1), range(logits.shape[1])
    assert log_loss(labels, logits) == pytest.approx(
        sklearn.metrics.log_loss(labels, probabilities, labels=names), rel=1e-12
    )
    expected = sklearn.metrics.brier_score_loss(labels, probabilities, labels=names, scale_by_half=False)
    assert brier_score(labels, logits) == pytest.approx(expected, rel=1e-12, abs=1e-15)


@given(labels_and_logits(), st.integers(1, 20))
def test_the_calibration_error_is_the_weighted_gap_of_each_bin(example, bins):
    labels, logits = example
    probabilities = scipy.special.softmax(logits, axis=1)
    error = 0.0
    for b in range(bins):
        inside = (probabilities.max(axis=1) > b / bins) & (probabilities.max(axis=1) <= (b + 1) / bins)
        if inside.any():
            accuracy = (probabilities.argmax(axis=1) == labels)[inside].mean()
            error += inside.mean() * abs(accuracy - probabilities.max(axis=1)[inside].mean())
    edges = np.abs(probabilities.max(axis=1) * bins - np.rint(probabilities.max(axis=1) * bins))
    if (edges > 1e-9).all():  # else another softmax may round across an edge
        assert expected_calibration_error(labels, logits, bins=bins) == pytest.approx(error, abs=1e-12)


@pytest.mark.parametrize("score", SCORES)
@given(labels_and_logits(), st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_count(score, example, random):
    labels, logits = example
    order = random.sample(range(len(labels)), len(labels))
    assert score(labels[order], logits[order]) == pytest.approx(score(labels, logits), abs=1e-13)


@pytest.mark.parametrize("score", SCORES)
@given(labels_and_logits(), st.integers(-9, 9))
def test_no_score_changes_when_all_logits_move(score, example, shift):
    labels, logits = example
    assert score(labels, np.rint(logits) + shift) == score(labels, np.rint(logits))


@pytest.mark.parametrize("score", SCORES)
@given(labels_and_logits())
def test_one_logit_is_two_with_the_first_0(score, example):
    labels, z = np.minimum(example[0], 1), example[1][:, :1]
    assert score(labels, z) == score(labels, np.hstack([np.zeros_like(z), z]))


def test_the_scores_of_four_rows_by_hand():
    """Confidences 0.8, 0.8, 0.6, 0.6 for class 0; true are 0, 1, 0, 0. In 5 bins: (0.6, 0.8] and (0.4, 0.6]."""
    logits = np.log([[0.8, 0.2], [0.8, 0.2], [0.6, 0.4], [0.6, 0.4]])
    logits[:2, 0] -= 1e-12  # clear of the edge
    logits[2:, 0] -= 1e-12
    labels = [0, 1, 0, 0]
    assert expected_calibration_error(labels, logits, bins=5) == pytest.approx(0.5 * 0.3 + 0.5 * 0.4)
    assert expected_calibration_error(labels, logits, bins=1) == pytest.approx(0.75 - 0.7)
    assert brier_score(labels, logits) == pytest.approx(2 * (0.04 + 0.64 + 0.16 + 0.16) / 4)
    assert log_loss(labels, logits) == pytest.approx(-np.log(0.8 * 0.2 * 0.6 * 0.6) / 4)


def test_a_confidence_on_an_edge_is_in_the_bin_below_it():
    """Two classes that tie have 1/2 exactly: of 2 bins the first, apart from a certain row, whose error is opposite."""
    logits = [[0, 0], [0, 0], [0, 1e3]]
    assert expected_calibration_error([0, 0, 0], logits, bins=2) == pytest.approx((2 * 0.5 + 1) / 3)
    assert expected_calibration_error([0, 0, 0], logits, bins=1) == 0


def test_certainty_is_scored_at_both_ends():
    sure = np.array([[1e300, -1e300]])
    assert [score([0], sure) for score in SCORES] == [0, 0, 0]
    assert [score([1], sure) for score in SCORES[1:]] == [2, 1]
    assert log_loss([1], np.array([[1e3, 0]])) == 1000  # a clipped probability would say 36


@pytest.mark.parametrize("score", SCORES)
def test_bad_labels_are_refused(score):
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\), got values from -1 to 1"):
        score([-1, 1], np.zeros((2, 2)))
    with pytest.raises(ValueError, match=r"labels must be in \[0, 2\), got values from 1 to 2"):
        score([1, 2], np.zeros((2, 1)))
    with pytest.raises(TypeError, match="labels must be integers, got float64"):
        score([0.0, 1.0], np.zeros((2, 2)))
    with pytest.raises(TypeError, match="logits must be numbers, got <U3"):
        score([0, 1], np.full((2, 2), "1.5"))
    for labels, shape in (([0], (2, 2)), ([[0], [1]], (2, 2)), ([0, 1], (2,)), ([], (0, 2))):
        with pytest.raises(ValueError, match=r"labels must be \[rows\] and logits \[rows, classes\], got"):
            score(np.array(labels, np.int32), np.zeros(shape))


def test_there_is_at_least_one_bin():
    with pytest.raises(ValueError, match="bins must be 1 or more, got 0"):
        expected_calibration_error([0], [[0.0, 1.0]], bins=0)
