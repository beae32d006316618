"""A frame, a mapping or a matrix becomes the table that its Parquet file becomes."""

import datetime
import re
from decimal import Decimal

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnn.data.files import read_csv, read_parquet, sample_path
from dnn.data.frames import as_table
from dnn.data.options import ReadOptions
from dnn.data.table import Table

NAN = float("nan")
DAY = datetime.date(1970, 1, 2)
NOON = datetime.datetime(1970, 1, 2, 12)
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=4)
few = settings(max_examples=settings().max_examples // 2)


def same(first: Table, second: Table) -> bool:
    return list(first.columns) == list(second.columns) and all(
        one.dtype == other.dtype and (one == other).all() if one.dtype == object else np.array_equal(one, other, True)
        for one, other in zip(first.columns.values(), second.columns.values(), strict=True)
    )


@st.composite
def frames(draw):
    """A pandas frame with a column of each of some types, and an index that a filter left."""
    rows = draw(st.integers(1, 5))
    integers = st.integers(-(2**31), 2**31)
    cells = {
        "int8": (st.integers(-128, 127), "int8"),
        "Int64": (st.none() | integers, "Int64"),
        "float32": (st.floats(width=32, allow_infinity=False), "float32"),
        "float64": (st.floats(allow_infinity=False), "float64"),
        "bool": (st.booleans(), "bool"),
        "boolean": (st.none() | st.booleans(), "boolean"),
        "string": (st.none() | TEXT, "string"),
        "object": (st.none() | TEXT, "object"),
        "category": (st.none() | st.sampled_from(["a", "b"]), "category"),
        "codes": (st.sampled_from([3, 14]), "category"),
        "datetime": (st.none() | st.datetimes(datetime.datetime(1800, 1, 1)), "datetime64[us]"),
        "timedelta": (st.none() | st.timedeltas(datetime.timedelta(-999), datetime.timedelta(999)), "timedelta64[us]"),
    }
    names = draw(st.lists(st.sampled_from(list(cells)), min_size=1, unique=True))
    columns = {
        name: pd.Series(draw(st.lists(cells[name][0], min_size=rows, max_size=rows)), dtype=cells[name][1])
        for name in names
    }
    frame = pd.DataFrame(columns)
    frame.index = draw(st.sampled_from([frame.index, frame.index + 7]))
    return frame


@few
@given(frames())
def test_a_frame_is_what_its_parquet_file_is(folder, frame):
    path = folder / "frame.parquet"
    frame.to_parquet(path)
    table = as_table(frame)
    assert list(table.columns) == list(frame.columns)
    assert same(table, read_parquet(path))


@few
@given(frames())
def test_a_frame_is_what_its_columns_are_one_by_one(frame):
    assert same(as_table(frame), as_table({name: frame[name] for name in frame.columns}))


@few
@given(frames())
def test_no_cell_is_lost_and_missing_ones_are_those_of_pandas(frame):
    table = as_table(frame)
    for name in frame.columns:
        cells = frame[name]
        empty = cells.isna() | (cells.astype("string").str.strip() == "").fillna(True).astype(bool)
        found = np.isnan(table.columns[name]) if table.columns[name].dtype != object else table.columns[name] == ""
        blank = {"object", "string"}  # where white space of other scripts counts too
        assert found[empty].all() if name in blank else (found == empty.to_numpy()).all()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([1, None, 3], [1, NAN, 3]),
        ([1.5, NAN, None], [1.5, NAN, NAN]),
        ([Decimal("1.10"), None], [1.1, NAN]),
        ([DAY, None], [1, NAN]),
        ([NOON, None], [1.5, NAN]),
        (np.array(["1970-01-02T12", "NaT"], "datetime64[h]"), [1.5, NAN]),
        (np.array([36, "NaT"], "timedelta64[h]"), [1.5, NAN]),
        ([datetime.time(13, 30), None], [13.5, NAN]),
        (pd.Series(pd.to_datetime(["1970-01-02 09:00"])).dt.tz_localize("Asia/Tokyo"), [1.0]),
        (pd.array([1, None], dtype="Int8"), [1, NAN]),
        (pl.Series([1, None]), [1, NAN]),
        (pl.Series([1.5, NAN]), [1.5, NAN]),
        (pa.array([1, None]), [1, NAN]),
        (np.float32([0.1]), [float(np.float32(0.1))]),
        (np.array([1, 2.5, None], object), [1, 2.5, NAN]),
        ([1, "NA", " 2.5 ", None], [1, NAN, 2.5, NAN]),
        ([pd.NA, 1], [NAN, 1]),
    ],
)
def test_what_is_a_number(column, expected):
    found = as_table({"a": column}).columns["a"]
    assert found.dtype == np.float64
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        ([True, None, False], ["true", "", "false"]),
        (np.array([True, False]), ["true", "false"]),
        (["x ", None, ""], ["x", "", ""]),
        (["True", "FALSE", "true"], ["true", "false", "true"]),
        (["1", "2"], ["1", "2"]),
        ([1, "x"], ["1", "x"]),
        ([True, "x"], ["true", "x"]),
        (np.array(["a", "b"]), ["a", "b"]),
        (pd.Categorical([3, None, 14]), ["3", "", "14"]),
        (pd.Series(pd.Categorical([3, 14])), ["3", "14"]),
        (pl.Series(["u", None, "v"], dtype=pl.Categorical), ["u", "", "v"]),
        (pl.Series(["u", "v"], dtype=pl.Enum(["u", "v"])), ["u", "v"]),
        (pa.array([3, None, 3]).dictionary_encode(), ["3", "", "3"]),
        (pa.array(["x", None], pa.string_view()), ["x", ""]),
        ([None, None], ["", ""]),
        (pd.cut(pd.Series([0.5, NAN, 1.5]), [0, 1, 2]), ["(0, 1]", "", "(1, 2]"]),
        (pd.arrays.IntervalArray.from_tuples([(0.5, 1.0), None], closed="left"), ["[0.5, 1.0)", ""]),
        (pd.period_range("2024-01", periods=2, freq="M").to_series(), ["2024-01", "2024-02"]),
        (pd.Categorical([1.0, None, 2.5]), ["1.0", "", "2.5"]),
        (pd.Categorical(np.float32([0.1, 1e20])), ["0.1", "1e+20"]),
    ],
)
def test_what_is_a_category(column, expected):
    found = as_table({"a": column}).columns["a"]
    assert found.dtype == object
    assert found.tolist() == expected


@pytest.mark.parametrize(
    "cells",
    [
        pd.cut(pd.Series([0.5, NAN, 1.5]), [0, 1, 2]),
        pd.cut(pd.Series([0.1, 0.25, 9.0]), 3),
        pd.Categorical([1.0, None, 2.5, 1e16, 1e-7]),
        pd.Categorical([3, None, 14]),
    ],
)
def test_pandas_categories_are_spelt_as_in_its_csv_and_parquet_files(tmp_path, cells):
    frame = pd.DataFrame({"a": cells, "b": "x"})
    frame.to_csv(tmp_path / "frame.csv", index=False)
    written = read_csv(tmp_path / "frame.csv", kinds={"a": "category"})
    assert same(as_table(frame), written)
    if not isinstance(frame["a"].cat.categories, pd.IntervalIndex):  # which Parquet cannot hold
        frame.to_parquet(tmp_path / "frame.parquet")
        assert same(read_parquet(tmp_path / "frame.parquet", kinds={"a": "category"}), written)


def test_a_list_of_rows_is_its_frame_and_what_a_row_lacks_is_missing():
    frame = pd.DataFrame({"age": [31.0, NAN], "job": ["cook", None], "member": [True, False]})
    assert same(as_table(frame.to_dict("records")), as_table(frame))
    table = as_table([{"age": 31}, {"job": "cook", "age": None}])
    np.testing.assert_array_equal(table.columns["age"], [31, NAN])
    assert table.columns["job"].tolist() == ["", "cook"]


def test_a_lazy_frame_is_collected():
    frame = pl.DataFrame({"age": [31, None, 45], "job": ["cook", None, "pilot"]})
    assert same(as_table(frame.lazy().filter(pl.col("age") > 40)), as_table(frame[2:]))


@pytest.mark.parametrize(
    "make", [dict, pd.DataFrame, pl.DataFrame, pa.table, lambda columns: Table(as_table(columns).columns)]
)
def test_a_table_comes_from_all_kinds_of_frames(make):
    table = as_table(make({"age": [31.0, None], " job": ["cook", None], "member": [True, False]}))
    assert list(table.columns) == ["age", "job", "member"]
    np.testing.assert_array_equal(table.columns["age"], [31, NAN])
    assert table.columns["job"].tolist() == ["cook", ""]
    assert table.columns["member"].tolist() == ["true", "false"]


def test_a_path_is_read_by_its_options(csv):
    path = csv("a:b\n1:-999\n2:3\n")
    table = as_table(path, options=ReadOptions(delimiter=":", missing=("-999",)))
    np.testing.assert_array_equal(table.columns["b"], [NAN, 3])
    assert same(as_table(str(path), options=table.options), table)
    assert same(as_table(sample_path()), read_csv(sample_path()))


def test_a_matrix_has_columns_x0_x1_and_so_on():
    assert list(as_table(np.eye(3)).columns) == ["x0", "x1", "x2"]
    table = as_table(np.array([[1, "a"], [None, "b"]], object))
    np.testing.assert_array_equal(table.columns["x0"], [1, NAN])
    assert table.columns["x1"].tolist() == ["a", "b"]
    assert as_table([[1, "a"], [2, "b"]]).columns["x0"].tolist() == [1, 2]


def test_kinds_and_missing_markers_hold_for_frames():
    frame = pd.DataFrame(
        {"code": [1.0, NAN, 12.0], "text": ["1", "?", "2.5"], "flag": [True, False, True], "n": [-9, 1, 2]}
    )
    kinds = {"code": "category", "text": "numeric", "flag": "numeric"}
    table = as_table(frame, kinds=kinds, options=ReadOptions(missing=("-9", "12")))
    assert table.columns["code"].tolist() == ["1", "", ""]
    np.testing.assert_array_equal(table.columns["text"], [1, NAN, 2.5])
    np.testing.assert_array_equal(table.columns["flag"], [1, 0, 1])
    np.testing.assert_array_equal(table.columns["n"], [NAN, 1, 2])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"a": [1, 2], "b": [1]}, "table: columns differ in length: {'a': 2, 'b': 1}"),
        ({"a": np.eye(2)}, "column 'a': a column must have one dimension, got the shape (2, 2)"),
        (pa.table({"a": [[1], [2]]}), "column 'a': each cell must be one value, got list<"),
        ({"a": [1.0, float("-inf")]}, "table, row 2, column 'a': -inf is not a finite number"),
        ({"a": np.array([1j])}, "Complex data not supported"),
        ({"a": []}, "table has a header but no rows"),
        ({}, "table has no columns"),
        (np.zeros(3), "a matrix must be [rows, columns], got the shape (3,)"),
        (pd.DataFrame([[1, 2]], columns=["a", " a"]), "table: two columns are named 'a'"),
        (pd.DataFrame([[1, 2]], columns=["a", "a"]), "two columns are named 'a'"),
        (pl.Series("q", [1, 2]), "or a matrix, got Series; a column alone needs a name: {'x0': column}"),
        (7, "a table must be a path, a frame, a mapping of columns or a matrix, got int"),
    ],
)
def test_what_is_no_table_is_refused(data, message):
    with pytest.raises((ValueError, TypeError), match=re.escape(message)):
        as_table(data)


def test_all_problems_are_told_at_once():
    with pytest.raises(ValueError, match="row 1") as raised:
        as_table({f"c{number}": [float("inf")] for number in range(15)})
    lines = str(raised.value).splitlines()
    assert len(lines) == 13
    assert lines[0] == "table, row 1, column 'c0': inf is not a finite number; leave the cell empty if it is unknown"
    assert lines[-1] == "… and 3 more"
