"""Parquet says what its columns hold, and that decides their kind."""

import datetime
import re
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dnn.data.files import column_names, read_parquet, read_table

NAN, INF = float("nan"), float("inf")


@pytest.fixture
def parquet(tmp_path):
    """A Parquet file with these columns: name -> list or Arrow array."""

    def write(columns: dict):
        path = tmp_path / "table.parquet"
        pa.parquet.write_table(pa.table(columns), path)
        return path

    return write


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array([1, None, -3], pa.int8()), [1, NAN, -3]),
        (pa.array([2**53 + 1, -(2**60)], pa.int64()), [2.0**53, -(2.0**60)]),
        (pa.array([2**64 - 1, 0], pa.uint64()), [2.0**64, 0]),
        (pa.array([1.5, None], pa.float16()), [1.5, NAN]),
        (pa.array([1.5, 0.1], pa.float32()), [1.5, float(np.float32(0.1))]),
        (pa.array([-0.0, 5e-324], pa.float64()), [-0.0, 5e-324]),
        (pa.array([Decimal("1.10"), None]), [1.1, NAN]),
        (pa.array([1.0, None, NAN]), [1, NAN, NAN]),
        (pa.array([NAN, 1], pa.float16()), [NAN, 1]),
        ([datetime.date(1970, 1, 2), datetime.date(1969, 12, 31), None], [1, -1, NAN]),
        (pa.array([datetime.datetime(1970, 1, 2, 12)], pa.timestamp("ms")), [1.5]),
        (pa.array([datetime.datetime(1970, 1, 2, 12)], pa.timestamp("ns", "Asia/Tokyo")), [1.5]),
        (pa.array([datetime.timedelta(days=2, hours=6), None]), [2.25, NAN]),
        ([datetime.time(13, 30), None], [13.5, NAN]),
        (pa.array([datetime.time(0, 0, 36)], pa.time32("s")), [0.01]),
    ],
)
def test_numbers_of_every_type_are_numeric_and_null_is_nan(parquet, column, expected):
    found = read_parquet(parquet({"a": column})).columns["a"]
    assert found.dtype == np.float64
    assert found.tobytes() == np.array(expected, np.float64).tobytes()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (["x", None, ""], ["x", "", ""]),
        (["01234", "7"], ["01234", "7"]),
        (pa.array(["x", "y"], pa.large_string()), ["x", "y"]),
        (pa.array(["x", None, "x"]).dictionary_encode(), ["x", "", "x"]),
        ([True, None, False], ["true", "", "false"]),
        ([b"bytes", None], ["bytes", ""]),
        (pa.nulls(2), ["", ""]),
    ],
)
def test_all_else_is_a_category_and_null_is_an_empty_string(parquet, column, expected):
    found = read_parquet(parquet({"a": column})).columns["a"]
    assert found.dtype == object
    assert found.tolist() == expected


def test_kinds_overrule_the_types_of_the_file(parquet):
    path = parquet(
        {
            "text": ["1", " 2.5", None],
            "number": [1.0, 2.5, NAN],
            "truth": [True, False, None],
            "day": [datetime.date(2020, 1, 31), None, None],
        }
    )
    kinds = {"text": "numeric", "number": "category", "truth": "numeric", "day": "category"}
    columns = read_parquet(path, kinds=kinds).columns
    np.testing.assert_array_equal(columns["truth"], [1, 0, NAN])
    assert columns["day"].tolist() == ["2020-01-31", "", ""]
    np.testing.assert_array_equal(columns["text"], [1, 2.5, NAN])
    assert columns["number"].tolist() == ["1", "2.5", ""]


@pytest.mark.parametrize(
    ("column", "kinds", "message"),
    [
        (pa.array([1.0, -INF]), {}, "row 2, column 'a': -inf is not a finite number"),
        (pa.array([1.0, INF], pa.float16()), {}, "row 2, column 'a': inf is not a finite number"),
        (["1", "x"], {"a": "numeric"}, "row 2, column 'a': 'x' is not a number"),
        ([[1], [2]], {}, "column 'a': each cell must be one value, got list<element: int64>"),
        ([{"x": 1}], {}, "column 'a': each cell must be one value, got struct<x: int64>"),
        ([b"\xff"], {}, "column 'a': its binary cannot be converted to strings"),
        (pa.array([], pa.int64()), {}, "has a header but no rows"),
    ],
)
def test_what_a_column_may_not_hold_is_refused_with_its_row(parquet, column, kinds, message):
    path = parquet({"a": column})
    with pytest.raises(ValueError, match=re.escape(str(path)) + "(, | )" + re.escape(message)):
        read_parquet(path, kinds=kinds)


def test_a_dropped_column_may_hold_anything(parquet):
    path = parquet({"nested": [[1], [2]], "nan": pa.array([NAN, 1.0]), "left": [1, 2]})
    assert list(read_parquet(path, drop=["nested", "nan"]).columns) == ["left"]


def test_two_columns_of_one_name_are_refused(tmp_path):
    path = tmp_path / "twice.parquet"
    pa.parquet.write_table(pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"]), path)
    for read in (read_parquet, column_names):
        with pytest.raises(ValueError, match="two columns are named 'a'"):
            read(path)


def test_a_file_cut_anywhere_is_refused(parquet):
    path = parquet({"a": list(range(1000)), "b": ["x"] * 1000})
    whole = path.read_bytes()
    for end in range(4, len(whole), 13):
        path.write_bytes(whole[:end])
        for read in (read_table, column_names):
            with pytest.raises(ValueError, match=r"table.parquet is damaged, or no Parquet file: "):
                read(path)


@given(data=st.data())
def test_a_damaged_file_ends_in_a_value_error_if_in_any(folder, data):
    """A changed number cannot be noticed: Parquet files have no checksums unless their writer asked for them."""
    path = folder / "damaged.parquet"
    pa.parquet.write_table(pa.table({"a": list(range(100)), "b": ["x"] * 100}), path)
    damaged = bytearray(path.read_bytes())
    for index in data.draw(st.lists(st.integers(4, len(damaged) - 1), min_size=1, max_size=4)):
        damaged[index] = data.draw(st.integers(0, 255))
    path.write_bytes(damaged)
    try:
        assert read_table(path).rows
    except ValueError as error:
        assert str(path) in str(error)  # noqa: PT017


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"absent\.parquet"):
        read_parquet(tmp_path / "absent.parquet")
    with pytest.raises(IsADirectoryError, match=re.escape(str(tmp_path))):
        read_parquet(tmp_path)
