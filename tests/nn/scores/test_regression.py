"""Scores of amounts: scikit-learn's answers, and by hand."""

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from score_rows import assert_same_answer, weights

from dnn.nn.scores.regression import (
    mean_absolute_error,
    mean_absolute_percentage_error,
    r2_score,
    root_mean_squared_error,
)
from dnn.nn.scores.score_checks import UndefinedMetricWarning

AMOUNTS = st.integers(-3, 3).map(float) | st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda value: round(value, 3))
ERRORS = (mean_absolute_error, root_mean_squared_error)
SCORES = (r2_score, mean_absolute_percentage_error, *ERRORS)
each_score = pytest.mark.parametrize("score", SCORES, ids=lambda score: score.__name__)


@st.composite
def amounts(draw, least=1):
    """(true, predicted, weights) of some rows, of one output or of two."""
    rows = draw(st.integers(least, 12))
    shape = draw(st.sampled_from([(rows,), (rows, 1), (rows, 2)]))
    true, predicted = (draw(hnp.arrays(np.float64, shape, elements=AMOUNTS)) for _ in range(2))
    return true, draw(st.sampled_from([predicted, true])), draw(weights(rows))


@each_score
@given(amounts(), st.sampled_from(["uniform_average", "raw_values"]))
def test_a_score_is_scikit_learn_s(score, example, multioutput):
    true, predicted, sample_weight = example
    theirs = getattr(sklearn.metrics, score.__name__)
    options = {"multioutput": multioutput, "sample_weight": sample_weight}
    assert_same_answer(score, theirs, true, predicted, **options)


@each_score
@given(amounts(least=2), st.data())
def test_outputs_may_have_weights(score, example, data):
    true, predicted, sample_weight = example
    outputs = true.size // len(true)
    elements = st.floats(2**-9, 9)
    output_weights = data.draw(hnp.arrays(np.float64, outputs, elements=elements))
    options = {"multioutput": output_weights if outputs > 1 else "raw_values", "sample_weight": sample_weight}
    assert_same_answer(score, getattr(sklearn.metrics, score.__name__), true, predicted, **options)


@given(amounts(least=2), st.booleans())
def test_r2_may_be_weighted_by_variance_and_infinite(example, force_finite):
    true, predicted, sample_weight = example
    options = {"force_finite": force_finite, "sample_weight": sample_weight, "multioutput": "raw_values"}
    assert_same_answer(r2_score, sklearn.metrics.r2_score, true, predicted, **options)
    options = {"sample_weight": sample_weight, "multioutput": "variance_weighted"}
    assert_same_answer(r2_score, sklearn.metrics.r2_score, true, predicted, **options)


@given(amounts(least=2))
def test_r2_of_the_mean_is_0_and_of_the_truth_1(example):
    true, _, sample_weight = example
    mean = np.broadcast_to(np.average(true, axis=0, weights=sample_weight), true.shape)
    assert r2_score(true, true, sample_weight=sample_weight) == 1
    if np.ptp(true, axis=0).min() > 1 and sample_weight is None:
        assert r2_score(true, mean) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize("score", ERRORS, ids=lambda score: score.__name__)
@given(amounts(), st.floats(2**-9, 2**9))
def test_an_error_has_the_unit_of_the_amounts(score, example, unit):
    true, predicted, sample_weight = example
    scaled = score(true * unit, predicted * unit, sample_weight=sample_weight)
    assert scaled == pytest.approx(unit * score(true, predicted, sample_weight=sample_weight), rel=1e-9)


def test_scores_worked_by_hand():
    assert mean_absolute_error([1, 2], [2, 4]) == 1.5
    assert mean_absolute_error([1, 2], [2, 4], sample_weight=[3, 1]) == 1.25
    assert root_mean_squared_error([0, 0], [1, 7]) == 5
    assert mean_absolute_percentage_error([1, -2], [2, -4]) == 1
    assert mean_absolute_percentage_error([0], [1]) == 2.0**52
    assert r2_score([0, 2], [0, 1]) == 0.5


def test_r2_of_one_row_is_not_a_number():
    with pytest.warns(UndefinedMetricWarning, match="R² is NaN: it needs two rows"):
        assert np.isnan(r2_score([1.0], [1.0]))


@each_score
@pytest.mark.parametrize(
    ("true", "predicted", "error", "message"),
    [
        ([1.0, np.nan], [1.0, 2.0], ValueError, "y_true must be finite, got NaN or infinity"),
        ([1.0, 2.0], [1.0, np.inf], ValueError, "y_pred must be finite, got NaN or infinity"),
        (["1", "2"], [1.0, 2.0], TypeError, "y_true must be numbers, got <U1"),
        ([1.0, 2.0], [1.0], ValueError, r"y_true and y_pred must have the same shape, got \(2,\) and \(1,\)"),
        (1.0, [1.0], ValueError, r"y_true must be \[rows\] or \[rows, outputs\], got shape \(\)"),
        ([], [], ValueError, r"y_true must be \[rows\] or \[rows, outputs\], got shape \(0,\)"),
    ],
)
def test_what_is_no_amount_is_refused(score, true, predicted, error, message):
    with pytest.raises(error, match=message):
        score(true, predicted)


@each_score
def test_outputs_are_combined_in_a_known_way(score):
    with pytest.raises(ValueError, match='multioutput must be "raw_values", "uniform_average".* or weights of the out'):
        score([1.0, 2.0], [1.0, 2.0], multioutput="mean")
    with pytest.raises(ValueError, match=r"multioutput must be a weight for each of 1 outputs, got shape \(2,\)"):
        score([1.0, 2.0], [1.0, 2.0], multioutput=[1, 2])
    with pytest.raises(ValueError, match="sample_weight must be"):
        score([1.0, 2.0], [1.0, 2.0], sample_weight=[1, -1])
