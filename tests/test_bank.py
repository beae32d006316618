"""The article's job on the article's data, where it is there: it may not be copied into the project."""

from pathlib import Path

import numpy as np
import pytest
from modes import THOROUGH

import dnn
from benchmarks.accuracy import accuracies

BANK = Path(__file__).parent.parent.parent / "shared" / "data" / "bank.csv"
pytestmark = [
    pytest.mark.skipif(not BANK.exists(), reason=f"the article's data is not there: {BANK}"),
    pytest.mark.filterwarnings("default"),  # Keras's own
]


def test_with_keras_rows_in_the_same_orders_the_test_accuracy_is_keras():
    """From the same weights through the same batches nothing but rounding differs: a few of 1,117 rows may flip."""
    (ours, _), (theirs, _) = accuracies(dnn.read_table(BANK), "deposit", 0, ("dnn", "Keras, same orders"))
    assert ours > 0.8
    assert abs(ours - theirs) < 0.01


@pytest.mark.skipif(not THOROUGH, reason="trains twenty networks")
def test_over_ten_seeds_the_mean_test_accuracy_is_within_a_point_of_keras():
    """Each draws its own orders: the difference of one seed deviates by 1 point, the mean of ten by 0.3; 3 of these."""
    table = dnn.read_table(BANK)
    rows = [accuracies(table, "deposit", seed, ("dnn", "Keras defaults")) for seed in range(10)]
    ours, theirs = np.mean(rows, axis=0)[:, 0]
    assert ours > 0.83
    assert abs(ours - theirs) < 0.01
