"""Amounts are standardised by what the training rows teach, and come back in their unit."""

import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.preprocessing import StandardScaler

from dnn.data.amounts import Amounts, look_like_amounts

NUMBERS = st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=9).filter(lambda numbers: np.ptp(numbers) > 1e-3)


@given(NUMBERS, NUMBERS)
def test_amounts_are_sklearns_standard_scores_and_come_back(training, later):
    amounts = Amounts(np.array(training))
    theirs = StandardScaler().fit(np.array(training)[:, None])
    expected = theirs.transform(np.array(later)[:, None])[:, 0]
    found = amounts(later)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(amounts.restore(expected), later, rtol=1e-9, atol=1e-9 * np.max(np.abs(training)))


@given(NUMBERS)
def test_amounts_come_back_from_their_state_and_from_pickle(training):
    amounts = Amounts(training)
    for again in (Amounts.from_state(amounts.state()), pickle.loads(pickle.dumps(amounts))):
        assert again(training).tobytes() == amounts(training).tobytes()
        assert again.restore([0.1]).tobytes() == amounts.restore([0.1]).tobytes()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([2.0, 2.0], "the target is 2 in all 2 rows; there is nothing to learn"),
        ([1.0, np.nan, 3.0, np.nan], "2 of 4 rows have no target, the first is row 2"),
        ([1.0, None], "1 of 2 rows have no target, the first is row 2"),
        (np.array(["1", "many"], object), "the target must hold numbers, got 'many'"),
        ([1.0, float("inf")], "the target must hold finite numbers"),
        ([], "the target must hold finite numbers, got no rows"),
        ([1e308, -1e308], "too large, or too near to each other"),
    ],
)
def test_a_target_without_amounts_is_refused(target, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        Amounts(target)


@pytest.mark.parametrize("mean", [1.0, "x", float("nan"), None])
@pytest.mark.parametrize("deviation", [0.0, -1.0, "x", float("nan"), float("inf"), None])
def test_a_damaged_state_is_refused(mean, deviation):
    state = {"mean": mean, "deviation": deviation}
    with pytest.raises(ValueError, match=r"not the state of amounts|could not convert"):
        Amounts.from_state({name: value for name, value in state.items() if value is not None})


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (np.random.default_rng(0).normal(size=300), True),
        (np.arange(300), True),
        (np.array([f"{number}.5" for number in range(100)] * 9, object), True),
        (np.arange(1000) % 10, False),
        (np.arange(3000) % 60, False),
        (np.array([f"c{number}" for number in range(300)], object), False),
        (np.array([0.5, 1.5] * 50), False),
        (np.array([np.nan, 1.0, 2.0]), False),
        (np.array(["1", "x"] * 50, object), False),
    ],
)
def test_what_looks_like_amounts(target, expected):
    assert look_like_amounts(target) is expected
