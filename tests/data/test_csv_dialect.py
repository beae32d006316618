"""The delimiter, the encoding and the header of a CSV file are found as a person would find them."""

import codecs
import gzip
import io
import re

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dnn.data.files import column_names, read_csv
from dnn.data.frames import as_table
from dnn.data.options import ReadOptions

NAN = float("nan")
few = settings(max_examples=settings().max_examples // 2)


def cells_of(table):
    return {name: cells.tolist() for name, cells in table.columns.items()}


@pytest.mark.parametrize(
    ("content", "names"),
    [
        ("y;Age, years;Income, EUR\nno;45,0;900,5\n", ["y", "Age, years", "Income, EUR"]),
        ("y;Age;Income, EUR, net\nno;45;900\n", ["y", "Age", "Income, EUR, net"]),
        ("a,b;c,d\n1,5;2,5\n", ["a,b", "c,d"]),
        ("id,x;y,z\n1,a;b,3\n", ["id", "x;y", "z"]),
        ("id,tags\n1,a;b\n2,c;d\n", ["id", "tags"]),
        ("a|b\n1|x\n", ["a", "b"]),
        ("a,b\n1|2,x|y\n", ["a", "b"]),
        ("Age, in years\n45\n46\n", ["Age, in years"]),
        ("text\nhello; world\nyes\n", ["text"]),
        ("a,b,c\n1,2,3\n4,5\n6,7,8\n", ["a", "b", "c"]),
    ],
)
def test_the_delimiter_is_the_one_by_which_header_and_rows_agree(csv, content, names):
    assert column_names(csv(content)) == names


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "sep=;\r\n\n"])
def test_excels_first_line_names_the_delimiter_and_lines_are_counted_with_it(csv, first):
    path = csv(first + "a,b;c\n1;x\ninf;y\n")
    assert column_names(path) == ["a,b", "c"]
    with pytest.raises(ValueError, match=f"line {(first + 'abc').count(chr(10)) + 3}, column 'a,b': inf"):
        read_csv(path)


def test_a_delimiter_that_is_asked_for_is_taken(csv):
    path = csv("a:b;c\n1:2;3\n")
    assert column_names(path) == ["a:b", "c"]
    assert column_names(path, options=ReadOptions(delimiter=":")) == ["a", "b;c"]


@few
@given(st.lists(st.none() | st.integers(-9, 9), min_size=1, max_size=6), st.sampled_from(["pandas", "polars", "arrow"]))
def test_a_file_of_one_column_has_as_many_rows_as_its_writer_wrote(folder, cells, writer):
    path = folder / "one.csv"
    if writer == "pandas":
        pd.DataFrame({"a": pd.array(cells, dtype="Int64")}).to_csv(path, index=False)
    elif writer == "polars":
        pl.DataFrame({"a": pl.Series(cells, dtype=pl.Int64)}).write_csv(path)
    else:
        pa.csv.write_csv(pa.table({"a": pa.array(cells, pa.int64())}), path)
    table = read_csv(path, kinds={"a": "numeric"})
    np.testing.assert_array_equal(table.columns["a"], [NAN if cell is None else cell for cell in cells])


def as_pandas(columns):
    return pd.DataFrame({**columns, "integer": pd.array(columns["integer"], dtype="Int64")})


@few
@given(st.data())
def test_a_csv_file_by_pandas_polars_or_arrow_is_the_frame(folder, data):
    rows = data.draw(st.integers(1, 4))
    columns = {
        "number": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "integer": st.none() | st.integers(-99, 99),
        "truth": st.booleans(),
        "text": st.sampled_from(["a", "b, c", 'say "d"', "ü\nv", "w;x|y"]),
    }
    drawn = {name: data.draw(st.lists(cells, min_size=rows, max_size=rows)) for name, cells in columns.items()}
    types = {"number": pl.Float64, "integer": pl.Int64}
    frame = pl.DataFrame({name: pl.Series(cells, dtype=types.get(name)) for name, cells in drawn.items()})
    write = {
        "pandas": lambda path: as_pandas(drawn).to_csv(path, index=False),
        "polars": frame.write_csv,
        "arrow": lambda path: pa.csv.write_csv(frame.to_arrow(), path),
        "excel": lambda path: path.write_text("sep=,\n" + frame.write_csv(), "utf-16"),
    }
    path = folder / "frame.csv"
    write[data.draw(st.sampled_from(list(write)))](path)
    kinds = {"number": "numeric", "integer": "numeric"}
    found, expected = read_csv(path, kinds=kinds), as_table(frame)
    assert list(found.columns) == list(columns)
    for name, cells in expected.columns.items():
        np.testing.assert_array_equal(found.columns[name], cells)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_usual_encodings_are_read_and_cp1252_is_told(csv, encoding, compress):
    table = read_csv(csv(compress("größe;stadt\n1;Köln\n2;Bonn\n".encode(encoding))))
    assert cells_of(table) == {"größe": [1, 2], "stadt": ["Köln", "Bonn"]}
    told = "table.csv: not UTF-8 (line 1); read as cp1252; --encoding names another"
    assert list(table.notes) == ([told] if encoding == "cp1252" else [])


def test_a_first_byte_that_is_not_utf_8_may_come_late(csv):
    table = read_csv(csv(b"a,city\n" + b"1,Bonn\n" * 50_000 + "2,Köln\n".encode("cp1252")))
    assert table.columns["city"][-1] == "Köln"
    assert table.notes == ("table.csv: not UTF-8 (line 50002); read as cp1252; --encoding names another",)


def test_an_encoding_that_is_asked_for_is_taken(csv):
    path = csv("a,city\n1,Łódź\n".encode("cp1250"))
    assert read_csv(path, options=ReadOptions(encoding="cp1250")).columns["city"].tolist() == ["Łódź"]
    with pytest.raises(ValueError, match=r"table.csv: not utf-8 text; --encoding"):
        read_csv(path, options=ReadOptions(encoding="utf-8"))
    marked = csv(codecs.BOM_UTF16_LE + "a,b\n1,2\n".encode("utf-16-le"))
    assert cells_of(read_csv(marked, options=ReadOptions(encoding="utf-16-le"))) == {"a": [1], "b": [2]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("6,80,20.5,0\n7,81,21.5,1\n", "line 1 looks like data ('6', '80', '20.5', '0'): a header line with the"),
        ("5.1,3.5,setosa\n4.9,3.0,setosa\n", "line 1 looks like data ('5.1', '3.5', 'setosa'): a header line"),
        ("39, Private, <=50K\n50, Private, <=50K\n", "line 1 looks like data"),
        ("x,x,5\n1,2,3\n", "line 1: two columns are named 'x'; a header line with the columns' names is needed"),
        ("x,x,y\n1,2,3\n", "line 1: two columns are named 'x'"),
        ("a, a\n1,2\n", "line 1: two columns are named 'a'"),
        ("a,,c\n1,2,3\n", "line 1: column 2 has no name; name it there"),
        ('""\n1\n', "line 1: column 1 has no name; name it there"),
        ("a,b\n1,2,\n", "line 2: 3 cells, but the header has 2; is there a delimiter at the end of the line?"),
        ("a,b\n1,2,3\n", "line 2: 3 cells, but the header has 2; is the first column's name missing, as R"),
    ],
)
def test_a_header_that_is_none_is_refused(csv, content, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        read_csv(csv(content))


@pytest.mark.parametrize(
    ("content", "names", "note"),
    [
        (",age,y\n0,1,a\n1,2,b\n", "age y", "column 1 has no name (pandas' index; write with index=False): left out"),
        ("a;b;\n1;2;\n3;4;\n", "a b", "column 3 at the end without a name and without cells: left out"),
        ("a;b;;\n1;2;;\n3;4;;\n", "a b", "columns 3 to 4 at the end without a name and without cells: left out"),
        (
            "land,2019,2020\nA,1,2\n",
            "land 2019 2020",
            "columns are named '2019', '2020': if that is data, a header line",
        ),
        ("0,1,2\n1.5,2,x\n", "0 1 2", "columns are named '0', '1', '2': if that is data, a header line"),
        ("red,cat\nblue,dog\nred,cat\n", "red cat", "line 3, column 'red': a cell is the column's name; is a header"),
        (" age , job\n1,x\n", "age job", ""),
    ],
)
def test_what_was_made_of_a_header_is_told(csv, content, names, note):
    table = read_csv(csv(content))
    assert list(table.columns) == column_names(csv(content)) == names.split()
    assert note in " ".join(table.notes)


def test_cells_are_trimmed_and_truth_values_have_one_spelling(csv):
    table = read_csv(csv("a, b\n yes , TRUE\nyes,True\n, false \n"))
    assert cells_of(table) == {"a": ["yes", "yes", ""], "b": ["true", "true", "false"]}


def test_a_stream_of_a_million_lines_is_not_needed_to_find_a_line(csv, monkeypatch):
    """Where rows are lines, the slow reader of the standard library is not asked."""
    path = csv("a,b\n" + "1,x\n" * 300_000 + "inf,y\n")
    monkeypatch.setattr("dnn.data.csv_file.CsvFile._rows", lambda self: io.StringIO("none"))
    with pytest.raises(ValueError, match="line 300002, column 'a': inf"):
        read_csv(path)


def test_a_header_without_a_delimiter_is_a_file_of_one_column(tmp_path):
    path = tmp_path / "one.csv"
    path.write_text(":\n|\n|\nx\n", "utf-8")
    assert read_csv(path).columns[":"].tolist() == ["|", "|", "x"]
