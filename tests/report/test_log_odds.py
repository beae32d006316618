"""The log-odds of all classes at once: the ROC areas are those of one class after the other, to the bit."""

from unittest.mock import patch

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import dnn.report.log_odds
from dnn.nn.scores.areas import area_under_roc_curve
from dnn.report.log_odds import log_odds

DRAWS = {
    "normal": lambda random, shape: random.normal(size=shape),
    "few values": lambda random, shape: random.integers(-2, 3, shape).astype(np.float64),
    "a digit": lambda random, shape: random.normal(size=shape).round(1),
    "large": lambda random, shape: random.normal(size=shape) * 10.0 ** random.integers(-3, 30, (shape[0], 1)),
    "permuted": lambda random, shape: random.permuted(np.tile(random.normal(size=shape[1]), (shape[0], 1)), axis=1),
    "a class that cannot be": lambda random, shape: np.where(random.random(shape) < 0.2, -np.inf, 1.5),
}


def plain(logits, label):
    """The formula, class by class."""
    others = np.delete(logits, label, axis=1)
    return logits[:, label] - np.logaddexp.reduce(others, axis=1)


SHAPES = st.tuples(st.integers(1, 60), st.integers(1, 9))  # rows, classes


def places(values):
    """The place of each among them; equal ones share it."""
    return np.unique(values, return_inverse=True)[1].tolist()


@given(draw=st.sampled_from(list(DRAWS)), shape=SHAPES, seed=st.integers(0, 2**32 - 1))
def test_areas_with_ties_and_weights_are_those_of_one_class_after_the_other(draw, shape, seed):
    random, (rows, classes) = np.random.default_rng(seed), shape
    logits = DRAWS[draw](random, shape)
    logits[:, 0] = np.where(np.isfinite(logits[:, 0]), logits[:, 0], 0)
    logits = logits[random.integers(0, rows, rows)]  # some rows are equal
    labels, weights = random.integers(0, classes, rows), random.random(rows)
    with patch("dnn.report.log_odds.FEW", random.choice([0, 8])):
        odds = log_odds(logits)
    assert odds.shape == (classes, rows)
    for label in range(classes):
        expected = plain(logits, label)
        assert places(odds[label]) == places(expected)
        np.testing.assert_allclose(odds[label], expected, rtol=1e-12, atol=1e-12)
        for weight in (None, weights):
            areas = [area_under_roc_curve(labels == label, each, weight) for each in (odds[label], expected)]
            assert np.array_equal(*areas, equal_nan=True)


@pytest.mark.parametrize("draw", ["normal", "a digit", "equal"])
def test_a_class_is_not_summed_over_all_others_for_each_row(draw, monkeypatch):
    """So that the time is in proportion to rows · classes: no more than a few rows have a neighbour too near."""
    random = np.random.default_rng(0)
    logits = np.tile(random.normal(size=300), (200, 1)) if draw == "equal" else DRAWS[draw](random, (200, 300))
    summed = []

    def counted(label, some):
        summed.append(len(some))
        return plain(some, label)

    monkeypatch.setattr(dnn.report.log_odds, "log_odds_of", counted)
    log_odds(logits)
    assert sum(summed) <= 300 * 2
