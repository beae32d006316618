"""The quantile transform is scikit-learn's."""

import copy
import pickle

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri
from sklearn.preprocessing import QuantileTransformer

from dnn.data.normal_quantile import normal_quantile
from dnn.data.quantiles import Quantile

# hundredths: scikit-learn compares with the least value to within 1e-7, which is its own rule
CELLS = st.integers(-300, 300).map(lambda hundredths: hundredths / 100) | st.sampled_from([0.0, 1.0])
few = settings(max_examples=settings().max_examples // 2)


def test_the_normal_quantile_is_scipys_to_the_last_places():
    p = np.concatenate([np.logspace(-10.5, -1, 500), np.linspace(0.001, 0.999, 999), 1 - np.logspace(-7, -1, 300)])
    np.testing.assert_allclose(normal_quantile(tf.constant(p)), ndtri(p), rtol=1e-14, atol=1e-15)


@few
@given(st.lists(CELLS, min_size=2, max_size=40), st.lists(CELLS, min_size=1, max_size=20), st.integers(2, 50))
def test_shares_and_their_normal_quantiles_are_sklearns(training, new, count):
    """But of a constant column, whose share is 0 there, and its normal quantile −5.2."""
    x, later = np.array(training)[:, None], np.array(new)[:, None]
    count = min(count, len(x))
    if x.min() == x.max():
        assert (Quantile.learner(count)(x)(later).numpy() == 0).all()
        return
    for normal, name in ((False, "uniform"), (True, "normal")):
        theirs = QuantileTransformer(n_quantiles=count, output_distribution=name, subsample=None).fit(x)
        ours = Quantile.learner(count, normal=normal)(x)
        rows = np.concatenate([x, later])
        # where the share leaps, at a number that many rows have, a last place of it may decide which side counts
        np.testing.assert_allclose(ours(rows), theirs.transform(rows), atol=1e-9 if normal else 1e-12)


@few
@given(st.lists(CELLS, min_size=1, max_size=30), st.lists(st.floats(-1e150, 1e150), min_size=2, max_size=20))
def test_a_greater_number_has_no_smaller_place_and_all_are_within_5_2(training, new):
    scale = Quantile.learn(np.array(training)[:, None])
    z = scale(np.sort(new)[:, None]).numpy()[:, 0]
    assert (np.diff(z) >= 0).all()
    assert np.abs(z).max() < 5.2


def test_nan_stays_nan_and_infinities_are_the_ends():
    scale = Quantile([[0.0, 1.0, 2.0], [3.0, 3.0, 3.0]], normal=False)
    found = scale(np.array([[np.nan, np.nan], [-np.inf, 0.0], [np.inf, 9.0]])).numpy()
    np.testing.assert_array_equal(found, [[np.nan, np.nan], [0, 0], [1, 0]])


def test_one_row_becomes_zero():
    assert Quantile.learn(np.array([[4.0]]))(np.array([[3.0], [4.0], [5.0]])).numpy().tolist() == [[0], [0], [0]]


def test_its_state_pickle_and_copy_are_the_same_bit_for_bit():
    x = np.random.default_rng(0).normal(size=[50, 3])
    scale = Quantile.learner(20, normal=False)(x)
    for again in (Quantile(**scale.state()), pickle.loads(pickle.dumps(scale)), copy.copy(scale)):
        assert again(x).numpy().tobytes() == scale(x).numpy().tobytes()
        assert again.state() == scale.state()


@pytest.mark.parametrize("quantiles", [[[1.0, 0.0]], [[0.0]], [0.0, 1.0], [[0.0, np.nan]], [[0.0, np.inf]]])
def test_quantiles_that_decrease_or_are_none_are_refused(quantiles):
    with pytest.raises(ValueError, match="not decreasing, got"):
        Quantile(quantiles)


@pytest.mark.parametrize("count", [1, 2.0, True])
def test_a_count_below_two_is_refused(count):
    with pytest.raises(ValueError, match="count must be an integer of 2 or more"):
        Quantile.learner(count)
