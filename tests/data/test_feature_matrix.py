"""The features of many rows, made some rows at a time, are those of a call."""

import numpy as np
import pytest

from dnn.data import feature_matrix as module
from dnn.data.feature_matrix import feature_matrix
from dnn.data.features import Features
from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Normalize

RANDOM = np.random.default_rng(0)
ROWS = 53


def columns(rows):
    numbers = {f"n{i}": np.where(RANDOM.random(rows) < i / 9, np.nan, RANDOM.normal(size=rows)) for i in range(3)}
    words = {f"w{i}": RANDOM.choice(["a", "b", "", "名", "\x00"][: i + 2], rows).astype(object) for i in range(3)}
    return {
        "w": np.array(["low", "high"], object)[RANDOM.integers(0, 2, rows)],
        **numbers,
        **words,
        "t": words["w0"] == "a",
    }


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"scale": PiecewiseLinear.learner(3), "missing_indicator": True, "min_count": 12},
        {"scale": lambda x: Normalize(), "ordinal": {"w": ("low", "high")}},
    ],
)
def test_it_is_what_a_call_returns_to_the_last_bit(options, monkeypatch):
    monkeypatch.setattr(module, "ROWS", 16)
    features = Features(columns(ROWS), **options)
    others = columns(ROWS) | {"w1": np.array(["never seen", "a", "b"], object)[RANDOM.integers(0, 3, ROWS)]}
    for rows in (columns(ROWS), others, {name: cells[:1] for name, cells in others.items()}):
        made = feature_matrix(features, rows)
        assert made.dtype == np.float32
        np.testing.assert_array_equal(made.view(np.int32), features(rows).numpy().view(np.int32))


def test_other_columns_are_refused_as_by_a_call():
    features = Features(columns(ROWS))
    with pytest.raises(ValueError, match="missing 'n0'"):
        feature_matrix(features, {name: cells for name, cells in columns(3).items() if name != "n0"})


def test_each_category_is_counted_once(monkeypatch):
    """It is what takes longest of large tables."""
    counted = []

    class Counting(module.np.ndarray):
        def tolist(self):
            counted.append(len(self))
            return super().tolist()

    Features({"w": np.array(["a", "b"] * 20, object).view(Counting)})
    assert counted == [40]
