"""The four scales, against scikit-learn and by the laws that define them.

Powers of two scale a float64 without rounding, so a law that holds for numbers of everyday size and for their
products with 2**k holds for huge and tiny ones too; scikit-learn itself takes any range below 2e-15 for none.
"""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from sklearn.preprocessing import Binarizer, MinMaxScaler, Normalizer, StandardScaler
from tolerance import assert_near

from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize, binarize, normalize

EVERYDAY = st.sampled_from([0.0, 1.0, -1.0]) | st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3)
MATRICES = arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=8), elements=EVERYDAY)  # also constant ones
EPSILON = np.finfo(np.float64).eps
SCALES = pytest.mark.parametrize("scale", [Standardize, Rescale, Normalize, Binarize])


def spread(x):
    """By how much a rounding error grows: |largest| / deviation; undivided in a column without deviation."""
    deviation = np.where(x.min(axis=0) == x.max(axis=0), 1, x.std(axis=0))
    return np.maximum(np.abs(x).max(axis=0) / deviation, 1)


@given(MATRICES, MATRICES)
def test_standardize_is_sklearns(x, later):
    assume((spread(x) <= 1e6).all())  # sklearn takes a column that varies by less than its rounding for constant
    later = np.resize(later, (len(later), x.shape[1]))
    module, theirs = Standardize.learn(x), StandardScaler().fit(x)
    np.testing.assert_allclose(module(x), theirs.transform(x), rtol=0, atol=64 * EPSILON * spread(x).max())
    varies = x.min(axis=0) < x.max(axis=0)
    error = 64 * EPSILON * spread(x).max() * (1 + np.abs(theirs.transform(later)).max())
    np.testing.assert_allclose(module(later).numpy()[:, varies], theirs.transform(later)[:, varies], rtol=0, atol=error)


@given(MATRICES, MATRICES)
@example(np.array([[1e-3], [np.nextafter(1e-3, 1)]]), np.array([[1.0]]))  # scikit-learn gives 0 to both rows
def test_rescale_is_sklearns(x, later):
    extent = x.max(axis=0) - x.min(axis=0)
    assume(((extent == 0) | (extent >= 10 * EPSILON)).all())  # scikit-learn takes a smaller range for none
    later = np.resize(later, (len(later), x.shape[1]))
    module, theirs = Rescale.learn(x), MinMaxScaler().fit(x)
    np.testing.assert_allclose(module(x), theirs.transform(x), rtol=0, atol=8 * EPSILON * spread(x).max())
    varies = x.min(axis=0) < x.max(axis=0)
    error = 8 * EPSILON * spread(x).max() * (1 + np.abs(theirs.transform(later)).max())
    np.testing.assert_allclose(module(later).numpy()[:, varies], theirs.transform(later)[:, varies], rtol=0, atol=error)


@given(MATRICES)
def test_normalize_is_sklearns(x):
    assert_near(Normalize.learn(x)(x), Normalizer().fit_transform(x), dtype=np.float64)


@given(MATRICES, EVERYDAY)
def test_binarize_is_sklearns(x, threshold):
    np.testing.assert_array_equal(Binarize(threshold)(x), Binarizer(threshold=threshold).fit_transform(x))


@given(MATRICES)
def test_standardized_training_rows_have_mean_0_and_variance_1_or_are_0(x):
    found = Standardize.learn(x)(x).numpy()
    varies = x.min(axis=0) < x.max(axis=0)
    error = 64 * EPSILON * spread(x)
    assert (np.abs(found.mean(axis=0)) <= error).all()
    assert (np.abs(found.var(axis=0) - varies) <= error).all()
    assert (found[:, ~varies] == 0).all()


@given(MATRICES)
def test_rescaled_training_rows_fill_0_to_1_or_are_0(x):
    found = Rescale.learn(x)(x).numpy()
    varies = x.min(axis=0) < x.max(axis=0)
    assert (found.min(axis=0) == 0).all()
    assert (found.max(axis=0) == varies).all()
    for before, after in zip(x.T, found.T, strict=True):
        assert (np.diff(after[np.argsort(before)]) >= 0).all()  # the order is kept


@given(MATRICES)
def test_normalized_rows_have_length_1_and_their_direction_or_are_0(x):
    found = normalize(x).numpy()
    zero = (x == 0).all(axis=1)
    assert_near(np.sqrt((found**2).sum(axis=1)), np.where(zero, 0, 1), dtype=np.float64)
    assert_near(found * np.sqrt((x**2).sum(axis=1, keepdims=True)), x, dtype=np.float64)
    assert_near(normalize(found), found, dtype=np.float64)


@given(MATRICES)
def test_binarized_rows_say_what_is_above_the_mean(x):
    found = Binarize.learn(x)(x).numpy()
    np.testing.assert_array_equal(found, np.where(x > x.mean(axis=0), 1, 0))
    np.testing.assert_array_equal(binarize(tf.constant(found), 0.5), found)


@SCALES
@given(MATRICES, st.integers(-400, 400))
def test_a_power_of_two_changes_nothing(scale, x, power):
    """Other units, huge or tiny; up to the sizes whose square is no longer a float64."""
    unit = 2.0**power
    np.testing.assert_array_equal(scale.learn(x * unit)(x * unit), scale.learn(x)(x))


@pytest.mark.parametrize("scale", [Standardize, Rescale, Normalize])  # the mean that Binarize cuts at may be a cell
@given(MATRICES, st.permutations(range(8)))
def test_the_order_of_the_training_rows_matters_only_to_rounding(scale, x, order):
    order = [row for row in order if row < len(x)]
    np.testing.assert_allclose(scale.learn(x[order])(x), scale.learn(x)(x), atol=64 * EPSILON * spread(x).max())


@SCALES
@settings(max_examples=settings().max_examples // 5)  # each example traces
@given(MATRICES)
def test_a_traced_function_gives_the_same(scale, x):
    module = scale.learn(x)
    traced = tf.function(module, input_signature=[tf.TensorSpec([None, None], tf.float64)])
    np.testing.assert_allclose(traced(x), module(x), rtol=0, atol=8 * EPSILON * spread(x).max())


def test_normalize_takes_numbers_whose_squares_overflow():
    x = np.array([[3e300, 4e300], [3e-300, -4e-300], [0, 0]])
    np.testing.assert_allclose(normalize(x), [[0.6, 0.8], [0.6, -0.8], [0, 0]], rtol=1e-15)


@pytest.mark.parametrize("rows", [1, 3, 10, 100])  # the mean of ten times 0.1 is not 0.1, nor is its deviation 0
def test_a_constant_column_stays_0_in_later_rows(rows):
    """On purpose, where scikit-learn gives x − mean: a column that taught nothing decides nothing."""
    for scale in (Standardize, Rescale):
        assert scale.learn(np.full((rows, 1), 0.1))(np.array([[0.1], [7.0]])).numpy().tolist() == [[0], [0]]
