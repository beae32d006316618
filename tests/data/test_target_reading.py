"""A table that is read for its target: labels as a file spells them, and no amounts among classes."""

import numpy as np
import pandas as pd
import pytest

from dnn.data.options import ReadOptions
from dnn.data.target_reading import read_for_task


def read_target(path, task="classification", kinds=None, **sure):
    return read_for_task(path, "y", task, kinds=kinds or {}, drop=(), options=ReadOptions(), **sure).columns["y"]


@pytest.fixture(params=["csv", "parquet"])
def ratings(tmp_path, request):
    """30 different numbers with fractions, each in 40 rows: a split would find enough of each."""
    frame = pd.DataFrame({"x": range(1200), "y": [(row % 30) / 4 for row in range(1200)]})
    path = tmp_path / f"ratings.{request.param}"
    frame.to_csv(path, index=False) if request.param == "csv" else frame.to_parquet(path)
    return path


def test_numbers_with_fractions_are_no_classes(ratings):
    with pytest.raises(ValueError, match=r"^'y' has 30 different numbers in 1,200 rows: it looks like an amount, not"):
        read_target(ratings)
    assert read_target(ratings, "regression").dtype == np.float64


@pytest.mark.parametrize("decided", [{"sure": True}, {"kinds": {"y": "category"}}])
def test_they_are_if_the_user_says_so(ratings, decided):
    assert len(set(read_target(ratings, **decided))) == 30


def test_a_label_is_what_the_file_says(csv):
    path = csv("x,y\n" + "".join(f"1,{number:02}\n" for number in range(30)))
    assert read_target(path)[7] == "07"
    assert read_target(path, "regression")[7] == 7
