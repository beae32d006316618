"""A table that is read for its target: labels as a file spells them, and no amounts among classes."""

import numpy as np
import pandas as pd
import pytest

from dnn.data.options import ReadOptions
from dnn.data.target_reading import read_for_task
from dnn.large_preparation import prepare_large
from dnn.settings import PrepareSettings


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
    with pytest.raises(
        ValueError, match=r"if they are classes: --task classification, in .* kinds=\{'y': \"category\"\}"
    ):
        read_target(ratings, kinds={"y": "numeric"})
    assert read_target(ratings, "regression").dtype == np.float64


@pytest.mark.parametrize("decided", [{"sure": True}, {"kinds": {"y": "category"}}])
def test_they_are_if_the_user_says_so(ratings, decided):
    assert len(set(read_target(ratings, **decided))) == 30


def test_a_label_is_what_the_file_says(csv):
    path = csv("x,y\n" + "".join(f"1,{number:02}\n" for number in range(30)))
    assert read_target(path)[7] == "07"
    assert read_target(path, "regression")[7] == 7


def test_a_target_of_text_is_told_as_classes_where_amounts_were_to_be_read(csv):
    told = r"line 2, column 'y': 'yes' is not a number, nor are 29 more cells: the column holds text, which is "
    with pytest.raises(
        ValueError, match=told + r"predicted as classes: leave out --task regression, .*dnn\.Classifier$"
    ):
        read_target(csv("x,y\n" + "1,yes\n2,no\n" * 15), "regression")


def test_a_word_among_amounts_is_told_as_a_word(csv):
    with pytest.raises(ValueError, match="'n/k' is not a number, nor are 5 more cells; --missing \"n/k\" reads it"):
        read_target(csv("x,y\n" + "1,n/k\n" * 6 + "2,12.5\n2,13\n2,14.1\n2,9\n"), "regression")
    with pytest.raises(ValueError, match="'maybe' is not a number, nor is 1 more cell; --missing \"maybe\" reads it"):
        read_target(csv("x,y\n" + "1,5\n2,7\n" * 9 + "2,maybe\n" * 2), "regression")


@pytest.mark.parametrize("target", ["y", "x,y"])
def test_a_file_that_is_cut_at_another_sign_is_told_with_it(csv, target):
    told = "table.csv has one column, 'x,y', so no column besides the target; cut at ';', and --delimiter names another"
    options = ReadOptions(delimiter=";")
    with pytest.raises(ValueError, match=told):
        read_for_task(csv("x,y\n1,2\n"), target, "classification", kinds={}, drop=(), options=options)


def test_files_that_are_read_in_blocks_tell_a_target_of_text_the_same(tmp_path):
    pd.DataFrame({"x": range(9), "y": ["no", "yes", ""] * 3}).to_csv(tmp_path / "part-1.csv", index=False)
    with pytest.raises(ValueError, match="'no' is not a number, nor are 5 more cells: .*leave out --task regression"):
        prepare_large(PrepareSettings(data=tmp_path, target="y", task="regression"), seed=0)
