"""Rows: inputs, targets and weights stay together, whichever rows are taken."""

import numpy as np
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

from dnn.train.rows import Rows


@given(st.integers(1, 20), st.integers(0, 1000))
def test_rows_keep_their_parts_together(count, seed):
    x, order = np.arange(2 * count).reshape(count, 2), np.random.default_rng(seed).permutation(count)
    rows = Rows(*map(tf.constant, (x, 10 * x[:, 0], -x[:, 0])))
    first, size = seed % count, count - seed % count
    for batch, expected in ((rows.at(order), x[order]), (rows.between(first, size), x[first:])):
        np.testing.assert_array_equal(batch.x, expected)
        np.testing.assert_array_equal(batch.y, 10 * expected[:, 0])
        np.testing.assert_array_equal(batch.weights, -expected[:, 0])
        assert batch.counted is None


def test_means_are_over_the_rows_that_count():
    x = tf.zeros((3, 2))
    assert Rows(x, x).counted_rows == 3
    assert Rows(x, x, counted=tf.constant([True, False, True])).counted_rows == 2
