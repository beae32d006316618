"""coslog: its waves end where they must, each twice as long as the one before."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dnn


@settings(deadline=None, max_examples=20)
@given(st.integers(1, 6), st.integers(1, 10_000))
def test_it_is_0_where_a_wave_ends_and_highest_in_the_middle_of_each(cycles, total):
    schedule = dnn.Coslog(0.04, total, cycles)
    for wave in range(cycles + 1):
        at = total * (2**wave - 1) / (2**cycles - 1)
        assert float(schedule(at)) == pytest.approx(0, abs=1e-15)
        if wave < cycles:
            middle = total * (math.sqrt(2) * 2**wave - 1) / (2**cycles - 1)
            assert float(schedule(middle)) == pytest.approx(0.04, rel=1e-12)
    assert float(schedule(2 * total)) == pytest.approx(0, abs=1e-15)


def test_one_wave_worked_by_hand():
    """log₂(1 + 1/2) = 0.58496, and (1 − cos(2π · 0.58496)) / 2 = 0.93043."""
    np.testing.assert_allclose(dnn.coslog(4, 1.0, 8, cycles=1), 0.93043, atol=5e-6)


def test_numbers_out_of_range_are_refused():
    with pytest.raises(ValueError, match="total_steps must be positive"):
        dnn.Coslog(0.1, 0)
    with pytest.raises(ValueError, match="cycles must be an integer of 1 or more"):
        dnn.Coslog(0.1, 8, 0)
