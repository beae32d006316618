"""The order of an epoch of rows on a disk: complete, drawn, and mixed, whatever the number of rows."""

import numpy as np
import pytest

from dnn.data.row_order import LANES, Turns


def places(rows, window, epoch, share=(0, 1), first=0):
    """The places of an epoch's rows in the drawn order of the shards."""
    order = []
    for spans, taken in Turns(rows, window, share).windows(5, epoch, first):
        order.append(np.concatenate([np.arange(span.first, span.first + span.rows) for span in spans])[taken])
    return np.concatenate(order)


@pytest.mark.parametrize("rows", [1, 47, 48, 49, 1_000, 4_801])
@pytest.mark.parametrize("window", [1, 480, 10_000])
def test_each_row_comes_once_and_shares_take_turns(rows, window):
    whole = places(rows, window, 1)
    np.testing.assert_array_equal(np.sort(whole), np.arange(rows))
    for count in (2, 16, 48):
        for worker in range(min(count, rows)):
            np.testing.assert_array_equal(places(rows, window, 1, (worker, count)), whole[worker::count])
    for first in (rows // 2, rows - 1):
        np.testing.assert_array_equal(places(rows, window, 1, first=first), whole[first:])


@pytest.mark.parametrize("batch_size", [8, 12, 16, 32])
def test_batches_of_sorted_rows_are_mixed_about_as_a_permutation_mixes_them(batch_size):
    rows, shares = 9_600, []
    for epoch in range(1, 21):
        upper = places(rows, rows // 4, epoch) >= rows // 2
        shares.append(upper.reshape(-1, batch_size).mean(axis=1))
    random = np.sqrt(0.25 / batch_size)
    assert 0.5 * random < np.std(shares) < 1.2 * random
    assert np.std([each[0] for each in shares]) > 0.3 * random, "each epoch deals anew"


def test_shards_and_lanes_are_drawn_by_numbers_of_their_own():
    of_lanes = [np.random.default_rng((5, 1, 1, 1 + lane)).integers(0, 2**62) for lane in range(LANES)]
    assert len({np.random.default_rng(by).integers(0, 2**62) for by in ((5, 1), (5, 1, 1))} | set(of_lanes)) == 50
