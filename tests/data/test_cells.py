"""Which columns are numeric, and what a column of strings becomes in NumPy."""

import re

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.arrow_schema import Columns
from dnn.data.files import read_csv
from dnn.data.frames import Frame
from dnn.data.reading import read
from dnn.data.table import Table

MARKERS = ["NA", "null", "-", "."]
NUMBER = re.compile(r"\s*[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?\s*")
EMPTY = st.sampled_from(["", " ", "\t", "  "])
CELLS = (
    EMPTY
    | st.from_regex(NUMBER, fullmatch=True, alphabet=st.sampled_from("0123456789+-.eE "))
    | st.sampled_from(["x", "+", "e5", "1e", "0x10", "1_0", "--1", "1,5x", "1 2", "١", "yes", *MARKERS])
)


def convert(column: pa.ChunkedArray, kinds=()) -> np.ndarray:
    """The column, of strings, as a CSV file's is converted."""
    return read(Frame(pa.table({"a": column}), Columns({"a": None}, {"a": "a"}), Table({})), kinds=dict(kinds)).columns[
        "a"
    ]


@given(st.lists(CELLS, min_size=1, max_size=6))
def test_a_column_is_numeric_when_it_has_a_number_and_nothing_but_numbers_markers_and_empty_cells(strings):
    empty = [not string.strip() or string.strip() in MARKERS for string in strings]
    number = [bool(NUMBER.fullmatch(string)) for string in strings]
    numeric = any(number) and all(np.logical_or(empty, number))
    found = convert(pa.chunked_array([pa.array(strings[:3]), pa.array(strings[3:], pa.string())]))
    if numeric:
        expected = [np.nan if blank else float(string) for string, blank in zip(strings, empty, strict=True)]
        np.testing.assert_array_equal(found, np.array(expected))
    else:
        assert found.tolist() == [string.strip() for string in strings]
    again = convert(pa.chunked_array([strings], pa.string()), {"a": "category"})
    assert again.tolist() == [string.strip() for string in strings]


def test_empty_cells_are_nan_among_numbers_and_empty_strings_among_categories(csv):
    table = read_csv(csv('number,text,both\n1,x,\n,,\n""," ",\n'))
    np.testing.assert_array_equal(table.columns["number"], [1, np.nan, np.nan])
    assert table.columns["text"].tolist() == ["x", "", ""]
    assert table.columns["both"].tolist() == ["", "", ""]


def test_kinds_overrule_what_the_cells_look_like(csv):
    table = read_csv(csv("zip,gone\n01234,\n,\n"), kinds={"zip": "category", "gone": "numeric"})
    assert table.columns["zip"].tolist() == ["01234", ""]
    np.testing.assert_array_equal(table.columns["gone"], [np.nan, np.nan])


def test_a_dropped_column_may_hold_anything(csv):
    assert list(read_csv(csv("a,b\ninf,1\n1e999,2\n"), drop=["a"]).columns) == ["b"]


@given(st.integers(0, 99), st.integers(1, 100))
def test_the_first_cell_that_is_not_a_number_is_found(row, rows_of_a_chunk):
    strings = [str(number) for number in range(100)]
    strings[row:] = ["bad"] + ["worse"] * (99 - row)
    chunks = [strings[first : first + rows_of_a_chunk] for first in range(0, 100, rows_of_a_chunk)]
    with pytest.raises(ValueError, match=f"row {row + 1}, column 'a': 'bad' is not a number"):
        convert(pa.chunked_array(chunks), {"a": "numeric"})


def test_equal_strings_share_one_object():
    first, second, third = convert(pa.chunked_array([["some words"], ["some words", " some words"]]))
    assert first is second is third
