"""The piecewise-linear encoding: its laws, its edges, and what its users stumble on."""

import copy
import pickle

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from dnn.data.bin_edges import quantile_edges, short_numbers, tree_edges
from dnn.data.piecewise_linear import PiecewiseLinear, piecewise_linear

NUMBERS = st.floats(-1e150, 1e150) | st.integers(-3, 3).map(float) | st.floats(-1, 1)  # what Features lets through
COLUMNS = st.lists(NUMBERS, min_size=1, max_size=30).map(lambda cells: np.array(cells, np.float64))
few = settings(max_examples=settings().max_examples // 2)


def encoded(column, bins, x, **options):
    return PiecewiseLinear([quantile_edges(column, bins)], **options)(x.reshape(-1, 1)).numpy()


@few
@given(COLUMNS, st.integers(1, 9))
def test_edges_are_the_different_quantiles_of_the_training_rows(column, bins):
    edges = quantile_edges(column, bins)
    assert edges.dtype == np.float64
    assert 1 <= len(edges) <= bins + 1
    assert (np.diff(edges) > 0).all()
    assert (edges[0], edges[-1]) == (column.min(), column.max()) or len(edges) == 1
    quantiles = np.quantile(column, np.arange(bins + 1) / bins)
    scale = np.abs(column).max()
    assert np.abs(quantiles[:, None] - edges).min(axis=1).max() <= 1e-15 * scale + 1e-300  # each is there, or nearly


@few
@given(COLUMNS, COLUMNS, st.integers(1, 9))
def test_each_number_fills_its_bins_from_the_left(column, x, bins):
    """So it lies in [0, 1], and before a bin that is not full all later ones are empty."""
    e = encoded(column, bins, x)
    assert e.shape == (len(x), len(quantile_edges(column, bins)) - 1)
    assert ((e >= 0) & (e <= 1)).all()
    assert ((e[:, :-1] == 1) | (e[:, 1:] == 0)).all()


@few
@given(COLUMNS, COLUMNS, st.integers(1, 9), st.booleans())
def test_a_greater_number_has_no_smaller_code(column, x, bins, extrapolate):
    e = encoded(column, bins, np.sort(x), extrapolate=extrapolate)
    assert (np.diff(e, axis=0) >= 0).all()


@few
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), st.integers(1, 9), st.booleans())
def test_the_bins_sum_up_to_the_number(cells, bins, extrapolate):
    """Σ e_t (b_t − b_{t−1}) = x − b₀ within the edges, and beyond them too where it extrapolates."""
    column = np.array(cells)
    edges = quantile_edges(column, bins)
    x = np.append(column, [column.min() - 1, column.max() + 1])
    if len(edges) > 1:
        total = encoded(column, bins, x, extrapolate=extrapolate) @ np.diff(edges)
        expected = (x if extrapolate else np.clip(x, edges[0], edges[-1])) - edges[0]
        np.testing.assert_allclose(total, expected, rtol=1e-12, atol=1e-9)


@few
@given(COLUMNS, COLUMNS, st.integers(2, 9))
def test_it_is_the_papers_equation_one_by_one(column, x, bins):
    """In Python's float64, with a branch for each case, as the paper writes it."""
    edges = quantile_edges(column, bins)
    last = len(edges) - 1

    def component(number, t):
        if number < edges[t - 1] and t > 1:
            return 0.0
        if number >= edges[t] and t < last:
            return 1.0
        return (number - edges[t - 1]) / (edges[t] - edges[t - 1])

    expected = [[component(number, t) for t in range(1, last + 1)] for number in x.tolist()]
    found = encoded(column, bins, x, extrapolate=True)
    np.testing.assert_allclose(found, np.reshape(expected, found.shape), rtol=1e-14, atol=1e-300)


def test_a_column_without_two_values_has_no_bin_and_others_keep_their_names():
    scale = PiecewiseLinear.learner(4)(np.array([[5.0, 0.0], [5.0, 8.0], [5.0, 4.0]]))
    assert scale.edges == [[], [0, 2, 4, 6, 8]]
    assert scale.names(["same", "age"]) == ["age[0, 2)", "age[2, 4)", "age[4, 6)", "age[6, 8]"]
    assert scale(np.array([[7.0, 3.0]])).numpy().tolist() == [[1, 0.5, 0, 0]]


@pytest.mark.parametrize("extrapolate", [False, True])
def test_one_row_or_constant_columns_alone_give_no_column(extrapolate):
    for rows in ([[1.0, 2.0]], [[1.0, 2.0]] * 3, np.zeros([3, 0])):
        scale = PiecewiseLinear.learner(extrapolate=extrapolate)(np.array(rows))
        assert scale(np.array(rows)).shape == (len(rows), 0)
        assert scale.names(["a", "b"][: np.shape(rows)[1]]) == []


@pytest.mark.parametrize("extrapolate", [False, True])
@pytest.mark.parametrize("run", [lambda f: f, tf.function, lambda f: tf.function(f, jit_compile=True)])
def test_nan_stays_nan_and_infinities_are_the_ends(run, extrapolate):
    scale = PiecewiseLinear([[0.0, 1.0, 2.0]], extrapolate=extrapolate)
    e = run(lambda x: scale(x))(tf.constant([[np.nan], [-np.inf], [np.inf]], tf.float64)).numpy()
    assert np.isnan(e[0]).all()
    assert e[1:].tolist() == ([[-np.inf, 0], [1, np.inf]] if extrapolate else [[0, 0], [1, 1]])


def test_huge_numbers_and_tiny_differences_are_no_trouble():
    edges = quantile_edges(np.array([-1e150, 0.0, 1e150]), 2)
    assert PiecewiseLinear([edges])(np.array([[1.7e308], [5e149]])).numpy().tolist() == [[1, 1], [1, 0.5]]
    assert quantile_edges(np.array([0.0, 5e-324, 1.0]), 2).tolist() == [0, 1]  # TensorFlow takes 5e-324 for 0
    near = [1.0, np.nextafter(1.0, 2.0)]
    assert PiecewiseLinear([near])(np.array([[1.0], [near[1]]])).numpy().tolist() == [[0], [1]]
    assert short_numbers(near) == ["1", "1.0000000000000002"]


@pytest.mark.parametrize(
    ("edges", "message"),
    [
        ([[0, 2, 1]], r"edges\[0\] must be increasing, each edge once, got 1.0 after 2.0"),
        ([[0, 1], [0, 1, 1]], r"edges\[1\] must be increasing, each edge once, got 1.0 after 1.0"),
        ([[0, np.nan]], r"edges\[0\] must be a list of numbers within"),
        ([[0, np.inf]], r"edges\[0\] must be a list of numbers within"),
        ([1.0, 2.0], r"edges\[0\] must be a list of numbers within"),
    ],
)
def test_edges_that_are_unsorted_equal_or_no_numbers_are_refused(edges, message):
    with pytest.raises(ValueError, match=message):
        PiecewiseLinear(edges)


@pytest.mark.parametrize("bins", [0, -1, 2.5, True, "8"])
def test_a_number_of_bins_that_is_none_is_refused_before_there_are_data(bins):
    with pytest.raises(ValueError, match="bins must be an integer of 1 or more, got"):
        PiecewiseLinear.learner(bins)


@few
@given(st.lists(COLUMNS, min_size=1, max_size=3), st.integers(1, 9), st.booleans())
def test_its_state_pickle_and_copy_are_the_same_bit_for_bit(columns, bins, extrapolate):
    scale = PiecewiseLinear([quantile_edges(column, bins) for column in columns], extrapolate=extrapolate)
    x = np.resize(np.concatenate(columns), [5, len(columns)])
    for again in (PiecewiseLinear(**scale.state()), pickle.loads(pickle.dumps(scale)), copy.deepcopy(scale)):
        assert again.state() == scale.state()
        assert again(x).numpy().tobytes() == scale(x).numpy().tobytes()


def test_the_formula_takes_any_shape():
    e = piecewise_linear(tf.constant([[1.0], [3.0]]), tf.constant([0.0, 2.0]), tf.constant([2.0, 4.0]))
    assert e.numpy().tolist() == [[0.5, 0], [1, 0.5]]


def test_a_tree_puts_the_edges_where_the_target_changes():
    x = np.linspace(0, 1, 1_000)
    classes, amounts = (x > 0.3).astype(int) + (x > 0.8), np.where(x > 0.3, 7.0, 2.0)
    np.testing.assert_allclose(tree_edges(x, classes, 8, regression=False), [0, 0.3, 0.8, 1], atol=1e-3)
    np.testing.assert_allclose(tree_edges(x, amounts, 8, regression=True), [0, 0.3, 1], atol=1e-3)
    assert len(tree_edges(x, classes, 2, regression=False)) == 3
    assert tree_edges(x, classes, 1, regression=False).tolist() == [0, 1]
    assert tree_edges(x[:100], classes[:100], 8, regression=False).tolist() == [0, x[99]]  # no leaf has under 64 rows


def test_a_tree_splits_between_numbers_that_float32_cannot_tell_apart():
    x = 1e9 + np.arange(200.0)
    edges = tree_edges(x, np.arange(200) >= 100, 4, regression=False)
    assert edges.tolist() == [1e9, 1e9 + 99.5, 1e9 + 199]
    assert tree_edges(np.repeat([-1e150, 1e150], 100), np.arange(200) >= 100, 4, regression=False).tolist() == [
        -1e150,
        0,
        1e150,
    ]


def test_a_tree_wants_a_target_for_each_row():
    with pytest.raises(ValueError, match=r"a value for each of the 3 rows, got shape \(2,\)"):
        tree_edges(np.arange(3.0), [0, 1], 4, regression=False)
