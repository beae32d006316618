"""The threshold of the positive class: against every threshold tried, and scikit-learn's curve."""

import math

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dnn.nn.scores.thresholds import threshold_of_cost, threshold_of_recall

PROBABILITIES = st.integers(0, 4).map(lambda quarter: quarter / 4) | st.floats(0, 1)
COSTS = st.integers(0, 20).map(float) | st.floats(2**-9, 100)


@st.composite
def rows(draw, dtype=np.float64):
    count = draw(st.integers(1, 15))
    positive = draw(hnp.arrays(bool, count).filter(np.any))
    width = 8 * np.dtype(dtype).itemsize
    values = st.integers(0, 4).map(lambda quarter: quarter / 4) | st.floats(0, 1, width=width, allow_subnormal=False)
    return positive, draw(hnp.arrays(dtype, count, elements=values))


def cost_at(threshold, positive, probabilities, false_positive, false_negative) -> float:
    taken = probabilities.astype(np.float64) >= threshold
    return float(false_positive * (taken & ~positive).sum() + false_negative * (positive & ~taken).sum()) / len(taken)


@given(st.sampled_from([np.float32, np.float64]).flatmap(rows), COSTS, COSTS.filter(bool))
def test_no_threshold_costs_less(example, false_positive, false_negative):
    positive, probabilities = example
    chosen = threshold_of_cost(
        positive, probabilities, pos_label=True, false_positive=false_positive, false_negative=false_negative
    )
    every = [*probabilities.astype(np.float64), 2.0]
    costs = [cost_at(threshold, positive, probabilities, false_positive, false_negative) for threshold in every]
    assert chosen.cost == pytest.approx(min(costs), abs=1e-12)
    at_chosen = cost_at(chosen.value, positive, probabilities, false_positive, false_negative)
    assert chosen.cost == pytest.approx(at_chosen, abs=1e-12)


@given(st.sampled_from([np.float32, np.float64]).flatmap(rows), st.floats(0, 1))
def test_the_highest_threshold_whose_recall_is_enough_is_that_of_scikit_learn_s_curve(example, recall):
    positive, probabilities = example
    chosen = threshold_of_recall(positive, probabilities, recall, pos_label=True)
    precisions, recalls, thresholds = sklearn.metrics.precision_recall_curve(positive, probabilities)
    enough = np.flatnonzero(recalls[:-1] >= recall)
    if recall == 0:
        assert chosen.value > probabilities.max()
        assert (chosen.recall, math.isnan(chosen.precision)) == (0, True)
    else:
        assert chosen.value == thresholds[enough[-1]]
        assert chosen.recall == pytest.approx(recalls[enough[-1]])
        assert chosen.precision == pytest.approx(precisions[enough[-1]])


@given(rows(), st.floats(0, 1))
def test_what_a_threshold_gives_is_what_its_rows_give(example, recall):
    positive, probabilities = example
    chosen = threshold_of_recall(positive, probabilities, recall, pos_label=True)
    taken = probabilities >= chosen.value
    assert chosen.recall == (positive & taken).sum() / positive.sum()
    assert chosen.cost == pytest.approx((taken != positive).mean())
    if taken.any():
        assert chosen.precision == (positive & taken).sum() / taken.sum()


def test_thresholds_worked_by_hand():
    labels, probabilities = ["bad", "good", "bad", "good"], [0.9, 0.6, 0.4, 0.1]
    assert threshold_of_cost(labels, probabilities, pos_label="bad", false_negative=3.0)[:3] == (0.4, 2 / 3, 1.0)
    assert threshold_of_cost(labels, probabilities, pos_label="bad", false_positive=3.0)[:3] == (0.9, 1.0, 0.5)
    assert threshold_of_cost([0, 1], [1.0, 1.0], false_positive=9.0).value > 1


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@given(st.floats(0, 1))
def test_a_threshold_that_takes_no_row_takes_none_in_either_dtype(dtype, probability):
    probabilities = np.array([probability], dtype)
    threshold = threshold_of_recall([1], probabilities, 0).value
    assert not (probabilities >= threshold).any()
    assert not (probabilities.astype(np.float32) >= np.float32(threshold)).any()
    assert threshold <= 1 + 2**-23


def test_of_equal_costs_the_highest_threshold_is_chosen():
    assert threshold_of_cost([0, 1, 0, 1], [0.9, 0.8, 0.7, 0.6]).value > 0.9


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: threshold_of_cost([0, 1], [0.1, 0.2], false_negative=-1), ValueError, "false_negative must be a num"),
        (lambda: threshold_of_cost([0, 1], [0, 1.0], false_negative=0, false_positive=0), ValueError, "are both 0"),
        (lambda: threshold_of_recall([0, 1], [0.1, 0.2], 1.1), ValueError, r"recall must be in \[0, 1\], got 1.1"),
        (lambda: threshold_of_recall([0, 0], [0.1, 0.2], 1.0), ValueError, r"pos_label must be one of .*\[0\], got 1"),
        (lambda: threshold_of_recall([0, 1], [0.1, 1.2], 1.0), ValueError, r"y_proba must be in \[0, 1\], got values"),
        (lambda: threshold_of_recall([0, 1], [0.1, np.nan], 1.0), ValueError, r"y_proba must be in \[0, 1\]"),
        (lambda: threshold_of_recall([0, 1], [[0.1], [0.2]], 1.0), ValueError, r"y_true and y_proba must be \[rows\]"),
    ],
)
def test_what_chooses_no_threshold_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
