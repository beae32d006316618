"""Means, paired differences and ranks are those of SciPy, and of a sum on paper."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from benchmarks.accuracy.statistics import difference, mean, mean_ranks, ranks

VALUES = st.lists(st.integers(-1000, 1000).map(float), min_size=2, max_size=12)


@given(VALUES)
def test_the_standard_error_of_a_mean_is_scipy_s(values):
    found = mean(values)
    assert found.mean == pytest.approx(np.mean(values))
    assert found.error == pytest.approx(stats.sem(values))
    assert found.count == len(values)


def test_one_value_has_no_standard_error():
    assert mean([3.0]).mean == 3
    assert np.isnan(mean([3.0]).error)


def test_a_difference_is_paired_over_the_seeds_that_both_have():
    ours, theirs = {0: 5.0, 1: 7.0, 2: 1.0, 9: 100.0}, {2: 3.0, 1: 6.0, 0: 1.0, 5: -100.0}
    found = difference(ours, theirs)  # 4, 1 and -2
    assert (found.mean, found.count) == (1, 3)
    assert found.error == pytest.approx(np.sqrt(9 / 3))
    paired = stats.ttest_rel([5, 7, 1], [1, 6, 3])
    assert found.mean / found.error == pytest.approx(paired.statistic)
    assert difference(ours, {7: 1.0}) is None


@given(VALUES)
def test_ranks_are_scipy_s_and_equal_values_share_theirs(values):
    assert ranks(values, descending=False).tolist() == stats.rankdata(values).tolist()
    assert ranks(values, descending=True).tolist() == stats.rankdata(-np.array(values)).tolist()


def test_mean_ranks_are_over_tables():
    found = mean_ranks([[0.9, 0.8, 0.7], [0.5, 0.6, 0.5]], descending=True)  # ranks 1 2 3 and 2.5 1 2.5
    assert [each.mean for each in found] == [1.75, 1.5, 2.75]
    assert [each.count for each in found] == [2, 2, 2]
    assert found[1].error == pytest.approx(0.5)
