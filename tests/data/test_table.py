"""Tables: named columns of equal length."""

import pickle
import re

import numpy as np
import pandas as pd
import pytest

from dnn.data.files import read_csv
from dnn.data.table import Table, is_missing, shell_word


def test_unknown_columns_are_refused_with_those_there_are():
    table = Table({"a": np.zeros(2), "b": np.ones(2)}, source="bank.csv")
    for name in (table.column, table.without):
        with pytest.raises(ValueError, match=r"bank\.csv has no column 'c'; its columns are 'a', 'b'"):
            name("c")
    assert list(table.without("a").columns) == ["b"]


def test_a_repr_names_the_rows_the_columns_and_their_kinds_and_is_short():
    table = Table({"age": np.zeros(2), "job": np.array(["cook", ""], object)}, source="bank.csv")
    assert repr(table) == "Table(2 rows, 2 columns: age (numeric), job (category); source='bank.csv')"
    wide = repr(Table({f"x{number}": np.zeros(1) for number in range(1_000)}))
    assert len(wide) < 300
    assert "x11 (numeric), … (1,000 in all); source='table')" in wide
    assert repr(Table({})) == "Table(0 rows, 0 columns: ; source='table')"


@pytest.mark.parametrize(
    "cells",
    [
        np.array([1.0, np.nan]),
        np.array(["x", ""], object),
        np.array(["x", None], object),
        np.array(["x", float("nan")], object),
        np.array([1, pd.NA], object),
        np.array(["x", ""]),
        np.array(["2020-01-01", "NaT"], "datetime64[D]"),
        [1, None],
    ],
)
def test_what_is_missing(cells):
    assert is_missing(cells).tolist() == [False, True]
    assert Table({"a": np.asarray(cells)}).has("a").tolist() == [True, False]


def test_some_rows_of_a_table_keep_their_place_in_the_source():
    table = Table({"a": np.arange(4.0)}, "bank.csv", locate=lambda row: f"line {row + 2}")
    kept = table.where(np.array([False, True, False, True])).where(np.array([False, True]))
    assert kept.columns["a"].tolist() == [3]
    assert kept.location(0) == "line 5"
    assert Table({"a": np.arange(4.0)}).location(2) == "row 3"
    with pytest.raises(ValueError, match=r"bank\.csv has no rows left"):
        table.where(np.zeros(4, bool))


def test_a_name_that_is_nearly_right_is_told():
    table = Table({"Churn?": np.zeros(2), "age": np.ones(2)}, "bank.csv")
    for wrong in ("churn", "Churn", "churn?"):
        with pytest.raises(ValueError, match=rf"has no column '{re.escape(wrong)}'; did you mean 'Churn\?'\?"):
            table.column(wrong)


def test_a_table_is_pickled(csv):
    table = read_csv(csv("a,b\n1,x\nNA,y\n"))
    again = pickle.loads(pickle.dumps(table))
    assert (again.source, again.notes, again.options) == (table.source, table.notes, table.options)
    assert again.location(1) == "line 3"
    np.testing.assert_array_equal(again.columns["a"], table.columns["a"])


def test_a_name_with_a_line_break_stays_on_one_line():
    assert len(repr(Table({"two\nlines": np.array([1.0])})).splitlines()) == 1
    assert shell_word("two\nlines") == r"$'two\nlines'"


def test_a_name_that_only_shares_a_few_letters_is_not_suggested():
    table = Table({"income": np.zeros(1), "age": np.zeros(1)}, "t.csv")
    with pytest.raises(ValueError, match="has no column 'comment'; its columns are 'income', 'age'"):
        table.column("comment")
