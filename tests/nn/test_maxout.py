"""Maxout: the largest of each group, and the gradient that reaches it."""

import functools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keras_peer import value_and_gradient
from modes import MODES

from dnn.nn.maxout import maxout

INF = math.inf


@given(data=st.data(), pieces=st.integers(1, 4))
def test_maxout_is_the_largest_of_its_neighbours_and_passes_the_gradient_to_it(data, pieces):
    rows, units = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 4))
    numbers = st.lists(st.integers(-1000, 1000), min_size=rows * units * pieces, max_size=rows * units * pieces)
    x = np.array(data.draw(numbers), np.float32).reshape(rows, units * pieces)
    value, gradient = value_and_gradient(functools.partial(maxout, pieces=pieces), x)
    expected = [[max(row[j * pieces : (j + 1) * pieces]) for j in range(units)] for row in x.tolist()]
    np.testing.assert_array_equal(value, expected)
    largest = x == np.repeat(value, pieces, axis=1)
    shares = np.repeat(largest.reshape(rows, units, pieces).sum(axis=2), pieces, axis=1)
    np.testing.assert_array_equal(gradient, np.where(largest, np.float32(1) / shares.astype(np.float32), 0))


@pytest.mark.parametrize("mode", MODES)
def test_maxout_takes_infinities_and_passes_on_nan(mode):
    x = np.array([[-INF, -1e38, INF, 1e38, math.nan, 1]], np.float32)
    np.testing.assert_array_equal(MODES[mode](maxout)(x), np.array([[-1e38, INF, math.nan]], np.float32))


@pytest.mark.parametrize("pieces", [0, 4])
def test_the_pieces_of_maxout_divide_the_last_axis(pieces):
    with pytest.raises(ValueError, match=f"pieces must divide the 6 numbers of the last axis, got {pieces}"):
        maxout(np.ones((2, 6), np.float32), pieces)
