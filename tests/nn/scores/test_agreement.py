"""Agreement beyond chance: scikit-learn's answers, laws of chance, and by hand."""

import warnings

import numpy as np
import pytest
import sklearn.metrics
from hypothesis import given, settings
from hypothesis import strategies as st
from score_rows import KINDS, assert_same_answer, classes, rows_of, weights

from dnn.nn.scores.agreement import balanced_accuracy_score, cohen_kappa_score, matthews_corrcoef
from dnn.nn.scores.score_checks import UndefinedMetricWarning

MANY = settings(max_examples=settings().max_examples * 2)  # milliseconds each


@st.composite
def predictions(draw, least=1):
    """(true labels, predicted labels, weights); of few rows, so that classes often have none."""
    names, rows = draw(classes(least)), draw(st.integers(1, 8))
    return draw(rows_of(names, rows)), draw(rows_of(names, rows)), draw(weights(rows))


@MANY
@given(predictions(), st.booleans())
def test_balanced_accuracy_and_matthews_correlation_are_scikit_learn_s(example, adjusted):
    true, predicted, sample_weight = example
    theirs, ours = sklearn.metrics, (matthews_corrcoef, balanced_accuracy_score)
    assert_same_answer(ours[0], theirs.matthews_corrcoef, true, predicted, sample_weight=sample_weight)
    counted = true if sample_weight is None else true[sample_weight > 0]
    options = {"sample_weight": sample_weight, "adjusted": adjusted and len(np.unique(counted)) > 1}  # else ±∞ or NaN
    assert_same_answer(ours[1], theirs.balanced_accuracy_score, true, predicted, **options)


@MANY
@given(predictions(2), st.sampled_from([None, "linear", "quadratic"]), st.data())
def test_kappa_is_scikit_learn_s_where_it_is_defined(example, costs, data):
    """Before 1.9, scikit-learn has NaN and another warning where it is not."""
    true, predicted, sample_weight = example
    names = next(names for names in KINDS.values() if names.dtype.kind == true.dtype.kind)
    labels = data.draw(st.none() | st.permutations(names).map(lambda order: np.array(order[1:], names.dtype)))
    options = {"labels": labels, "weights": costs, "sample_weight": sample_weight}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        kappa = (
            np.nan
            if labels is not None and not np.isin(labels, true).any()
            else cohen_kappa_score(true, predicted, **options)
        )
    if not np.isnan(kappa):
        assert_same_answer(cohen_kappa_score, sklearn.metrics.cohen_kappa_score, true, predicted, **options)


@given(predictions(2))
def test_two_raters_may_change_places(example):
    first, second, sample_weight = example
    for score in (cohen_kappa_score, matthews_corrcoef):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, other = (score(*pair, sample_weight=sample_weight) for pair in ((first, second), (second, first)))
        assert one == pytest.approx(other, abs=1e-14, nan_ok=True)


@pytest.mark.parametrize("weights", [None, "linear", "quadratic"])
def test_perfect_predictions_have_1_and_independent_ones_0(weights):
    true, predicted = np.divmod(np.arange(9), 3)
    assert cohen_kappa_score(true, true, weights=weights) == matthews_corrcoef(true, true) == 1
    assert cohen_kappa_score(true, predicted, weights=weights) == pytest.approx(0, abs=1e-15)
    assert matthews_corrcoef(true, predicted) == balanced_accuracy_score(true, predicted, adjusted=True) == 0


def test_agreement_worked_by_hand():
    """Agree: 2 of 4. By chance: 1/4 · 3/4 + 3/4 · 1/4 = 3/8."""
    assert cohen_kappa_score([1, 1, 1, 0], [1, 0, 0, 0]) == pytest.approx((1 / 2 - 3 / 8) / (1 - 3 / 8))
    assert balanced_accuracy_score([1, 1, 1, 0], [1, 0, 0, 0]) == (1 / 3 + 1) / 2


def test_what_is_not_defined_is_said():
    with pytest.warns(UndefinedMetricWarning, match="kappa is nan: both have one and the same class"):
        assert np.isnan(cohen_kappa_score([1, 1], [1, 1]))
    with pytest.warns(UndefinedMetricWarning, match="kappa is 0: both"):
        assert cohen_kappa_score([1, 1], [1, 1], replace_undefined_by=0) == 0
    with pytest.warns(UndefinedMetricWarning, match="y_true and y_pred have a single label"):
        assert np.isnan(balanced_accuracy_score([1, 1], [1, 1], adjusted=True))
    with pytest.warns(UndefinedMetricWarning, match="a predicted class has no true rows, and is left out"):
        assert balanced_accuracy_score([1, 1], [1, 0]) == 0.5
    with pytest.raises(ValueError, match=r"""weights must be "linear", "quadratic" or None, got 'cubic'"""):
        cohen_kappa_score([0, 1], [0, 1], weights="cubic")
    with pytest.raises(ValueError, match=r"replace_undefined_by must be in \[-1, 1\] or NaN, got 2"):
        cohen_kappa_score([0, 1], [0, 1], replace_undefined_by=2)
