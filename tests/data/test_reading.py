"""Markers for "missing" among numbers, words among numbers, and all problems of a file in one report."""

import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.files import column_names, read_csv, read_parquet
from dnn.data.frames import as_table
from dnn.data.options import ReadOptions
from dnn.data.table import MARKERS

NAN = float("nan")


@given(st.lists(st.sampled_from(["", *MARKERS]) | st.integers(-99, 99), min_size=1, max_size=8))
def test_markers_among_numbers_are_missing_and_told_with_their_count(folder, cells):
    path = folder / "markers.csv"
    path.write_text("a,b\n" + "".join(f"{cell},x\n" for cell in cells), "utf-8")
    table = read_csv(path)
    if not any(isinstance(cell, int) for cell in cells):
        assert table.columns["a"].tolist() == cells
        return
    np.testing.assert_array_equal(table.columns["a"], [cell if isinstance(cell, int) else NAN for cell in cells])
    told = {
        f"markers.csv, line {cells.index(marker) + 2}, column 'a': {marker!r} is read as missing "
        f"({cells.count(marker)} cell{'' if cells.count(marker) == 1 else 's'})"
        for marker in MARKERS
        if marker in cells
    }
    assert set(table.notes) == told


def test_a_word_among_numbers_is_told_with_its_line_and_the_remedy(csv):
    path = csv("a,b\n1,x\nunknown,y\n2,z\n3,v\nunknown,w\n4,u\nNA,t\n")
    table = read_csv(path)
    assert table.columns["a"].tolist() == ["1", "unknown", "2", "3", "unknown", "4", "NA"]
    assert table.notes[0] == (
        "table.csv, line 3, column 'a': 4 of 7 cells are numbers, but 'unknown' (2 cells) makes it a category; "
        '--missing "unknown" reads that as missing'
    )
    again = read_csv(path, options=ReadOptions(missing=("unknown",)))
    np.testing.assert_array_equal(again.columns["a"], [1, NAN, 2, 3, NAN, 4, NAN])
    with pytest.raises(ValueError, match="line 3, column 'a': 'unknown' is not a number, nor is 1 more cell;"):
        read_csv(path, kinds={"a": "numeric"})


def test_a_date_among_numbers_is_told_as_a_date_and_not_proposed_as_a_marker(csv):
    path = csv("a\n1\n2020-11-02\n2\n3\n")
    told = read_csv(path).notes[0]
    assert "but '2020-11-02' (1 cell) makes it a category; that is a date as text" in told
    with pytest.raises(ValueError, match="'2020-11-02' is not a number; it is a date as text") as refused:
        read_csv(path, kinds={"a": "numeric"})
    assert "--missing" not in told + str(refused.value)


def test_markers_that_are_given_hold_in_every_column(csv):
    path = csv("a,b,c\n-999,unknown,1\n1,x,-999.0\n2,-999,unknown\n")
    columns = read_csv(path, options=ReadOptions(missing=("-999", "unknown"))).columns
    np.testing.assert_array_equal(columns["a"], [NAN, 1, 2])
    assert columns["b"].tolist() == ["", "x", ""]
    np.testing.assert_array_equal(columns["c"], [1, NAN, NAN])


def test_a_marker_that_is_a_value_of_a_category_is_told(csv):
    table = read_csv(csv("a,b\n1,x\n2,NA\n"))
    assert table.columns["b"].tolist() == ["x", "NA"]
    told = "table.csv, line 3, column 'b': 'NA' is a value (1 cell); --missing \"NA\" reads it as missing"
    assert table.notes == (told,)


def test_zeros_in_front_of_numbers_are_told(csv):
    table = read_csv(csv("zip,b\n12345,x\n01234,y\n"))
    assert table.columns["zip"].tolist() == [12345, 1234]
    told = "line 3, column 'zip': '01234' is read as 1234; if it is a code: --kind \"zip=category\""
    assert table.notes == (f"table.csv, {told}",)


def test_all_problems_of_a_file_are_told_at_once_each_in_a_line(csv):
    names = [f"c{number}" for number in range(14)]
    path = csv(",".join(names) + "\n" + ",".join(["inf"] * 7 + ["x"] * 7) + "\n")
    with pytest.raises(ValueError, match="c0") as raised:
        read_csv(path, kinds=dict.fromkeys(names, "numeric"))
    lines = str(raised.value).splitlines()
    assert len(lines) == 13
    assert lines[0].endswith("line 2, column 'c0': inf is not a finite number; leave the cell empty if it is unknown")
    assert lines[11].endswith("line 2, column 'c11': 'x' is not a number; --missing \"x\" reads it as missing")
    assert lines[12] == "… and 2 more"


def test_an_index_of_pandas_is_no_column_unless_it_is_asked_for(tmp_path):
    path = tmp_path / "frame.parquet"
    metadata = {b"pandas": b'{"index_columns": ["__index_level_0__", "day"], "columns": []}'}
    stored = pa.table({"a": [1, 2], "__index_level_0__": [7, 9], "day": ["x", "y"]})
    pa.parquet.write_table(stored.replace_schema_metadata(metadata), path)
    table = read_parquet(path)
    assert list(table.columns) == column_names(path) == ["a"]
    assert table.notes == (
        "frame.parquet: pandas' index without a name is left out (write with index=False)",
        "frame.parquet: pandas' index 'day' is left out (write with index=False)",
    )
    assert list(read_parquet(path, kinds={"day": "category"}).columns) == ["a", "day"]
    assert list(read_parquet(path, drop=["day"]).columns) == ["a"]


def test_pandas_says_which_numbers_are_codes(tmp_path):
    path = tmp_path / "codes.parquet"
    metadata = {b"pandas": b'{"columns": [{"name": "a", "field_name": "a", "pandas_type": "categorical"}]}'}
    pa.parquet.write_table(pa.table({"a": [3, 14], "b": [3, 14]}).replace_schema_metadata(metadata), path)
    table = read_parquet(path)
    assert table.columns["a"].tolist() == ["3", "14"]
    assert table.columns["b"].tolist() == [3, 14]
    pa.parquet.write_table(pa.table({"a": [3, 14]}).replace_schema_metadata({b"pandas": b"[7]"}), path)
    assert read_parquet(path).columns["a"].tolist() == [3, 14]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"delimiter": ";;"}, "a delimiter must be one ASCII character"),
        ({"decimal": ";"}, "decimal must be '.' or ',', got ';'"),
        ({"encoding": "none"}, "Python knows no encoding 'none'"),
        ({"missing": "NA"}, "missing must be several strings, got 'NA'"),
        ({"notations": {"a": "1"}}, "a notation must be one of"),
    ],
)
def test_options_that_mean_nothing_are_refused(options, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        ReadOptions(**options)


def test_options_come_back_from_their_state_and_what_is_said_goes_before():
    options = ReadOptions(";", ",", "cp1252", ("NA ", "?"), {"a": "plain"})
    assert options.missing == ("NA", "?")
    assert ReadOptions.from_state(options.state()) == options
    assert options.updated(ReadOptions(delimiter="|")) == ReadOptions("|", ",", "cp1252", ("NA", "?"), {"a": "plain"})
    assert options.updated(None) == options
    for junk in ({"x": 1}, {**options.state(), "missing": ["NA "]}, {"delimiter": None}):
        with pytest.raises(ValueError, match="not the state of options"):
            ReadOptions.from_state(junk)


def test_a_kind_of_a_column_that_is_not_there_is_refused(tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("age,job\n31,cook\n45,pilot\n", "utf-8")
    with pytest.raises(ValueError, match="people.csv has no column 'agee'; did you mean 'age'"):
        read_csv(path, kinds={"agee": "category"})
    with pytest.raises(ValueError, match="has no column 'agee'; did you mean 'age'"):
        as_table({"age": [31, 45]}, kinds={"agee": "category"})
    assert list(read_csv(path, kinds={"age": "category"}, drop=["age"]).columns) == ["job"]


def test_a_column_that_is_known_to_be_a_category_is_not_searched_for_numbers(csv, monkeypatch):
    """The search was more than half of what one row took, from a dict to probabilities."""
    monkeypatch.setattr("dnn.data.text_cells.notations_of", lambda strings: pytest.fail("it is searched"))
    assert as_table({"a": ["1,5", "x"]}, kinds={"a": "category"}).columns["a"].tolist() == ["1,5", "x"]
