"""The rule stops where the package's stops."""

import numpy as np
import pytest

import dnn
from dnn.train.early_stopping import Progress, observe, over


def by_dnn(losses, patience):
    rule, progress = dnn.EarlyStopping(patience=patience), Progress()
    for loss in losses:
        progress = observe(progress, loss, rule)
        if over(progress, rule):
            break
    return progress.best_epoch, progress.epochs


@pytest.mark.parametrize(
    ("losses", "patience", "expected"),
    [([3, 2, 1], 2, (3, 3)), ([3, 1, 2, 2, 0], 2, (2, 4)), ([1, 1, 1, 1], 3, (1, 4)), ([5], 1, (1, 1))],
)
def test_worked_by_hand(answer, losses, patience, expected):
    assert answer.best_and_last(losses, patience) == expected == by_dnn(losses, patience)


def test_it_stops_where_dnn_stops(answer):
    random = np.random.default_rng(0)
    for _ in range(200):
        losses, patience = random.integers(0, 12, random.integers(1, 30)).tolist(), int(random.integers(1, 6))
        assert answer.best_and_last(losses, patience) == by_dnn(losses, patience), (
            f"losses {losses}, patience {patience}"
        )
