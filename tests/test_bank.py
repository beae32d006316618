"""The article's job on the article's data, where it is there: it may not be copied into the project."""

from pathlib import Path

import numpy as np
import pytest

import dnn
from benchmarks.accuracy import accuracies

BANK = Path(__file__).parent.parent.parent / "shared" / "data" / "bank.csv"


@pytest.mark.skipif(not BANK.exists(), reason=f"the article's data is not there: {BANK}")
@pytest.mark.filterwarnings("default")  # Keras's own
def test_over_ten_seeds_the_mean_test_accuracy_is_within_half_a_point_of_keras():
    table = dnn.read_table(BANK)
    rows = [accuracies(table, "deposit", seed, ("dnn", "Keras as it comes")) for seed in range(10)]
    ours, theirs = np.mean(rows, axis=0)[:, 0]
    assert ours > 0.83
    assert abs(ours - theirs) < 0.005
