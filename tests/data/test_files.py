"""A file is read by its content, and what is read of it is what it holds."""

import gzip
import os

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from opens import opens_of

from dnn.data.files import column_names, read_csv, read_parquet, read_table, sample_path
from dnn.data.table import kinds_of


def test_the_embedded_sample_is_the_one_described_beside_it():
    table = read_csv(sample_path())
    assert table.rows == 4_521
    numeric = [name for name, kind in kinds_of(table.columns).items() if kind == "numeric"]
    assert numeric == ["age", "balance", "day", "duration", "campaign", "pdays", "previous"]
    assert list(table.columns)[-1] == "y"
    assert np.count_nonzero(table.columns["y"] == "yes") == 521


def test_a_file_is_read_by_its_content_not_by_its_name(tmp_path):
    expected = read_csv(sample_path()).columns
    content = sample_path().read_bytes()
    arrow = pa.table({name: pa.array(cells.tolist()) for name, cells in expected.items()})
    for name, write in [
        ("plain.parquet", lambda path: path.write_bytes(content)),
        ("zipped.txt", lambda path: path.write_bytes(gzip.compress(content))),
        ("stored.csv", lambda path: pa.parquet.write_table(arrow, path)),
    ]:
        write(tmp_path / name)
        found = read_table(tmp_path / name).columns
        assert column_names(tmp_path / name) == list(expected) == list(found)
        assert all(np.array_equal(found[column], expected[column]) for column in expected)


def test_a_column_to_drop_must_be_there_and_one_must_be_left(csv):
    path = csv("a,b\n1,2\n")
    with pytest.raises(ValueError, match=r"table\.csv has no column 'c'; its columns are 'a', 'b'"):
        read_csv(path, drop=["c"])
    with pytest.raises(ValueError, match=r"table\.csv has no columns left"):
        read_csv(path, drop=["a", "b"])


@pytest.fixture
def files(tmp_path):
    """The embedded sample as CSV and as a CSV file compressed by gzip, and a Parquet file."""
    paths = [tmp_path / name for name in ("sample.csv", "sample.csv.gz", "small.parquet")]
    paths[0].write_bytes(sample_path().read_bytes())
    paths[1].write_bytes(gzip.compress(sample_path().read_bytes()))
    pa.parquet.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), paths[2])
    return paths


def test_one_open_finds_the_names_and_one_more_reads_the_rows(files, monkeypatch):
    for path in files:
        with opens_of(path, monkeypatch) as openers:
            column_names(path)
        assert openers == ["python"]
        read_as = read_parquet if path.suffix == ".parquet" else read_csv
        for read in (read_table, read_as):
            with opens_of(path, monkeypatch) as openers:
                read(path)
            assert openers == ["python", "python" if read_as is read_parquet else "arrow"]


def test_one_more_open_finds_the_line_of_an_error(csv, monkeypatch):
    for content in ("a;b\n1;2\ninf;3\n", "a;b\n1;2\n3\n"):
        path = csv(content)
        with opens_of(path, monkeypatch) as openers, pytest.raises(ValueError, match="line 3"):
            read_csv(path)
        assert openers == ["python", "arrow", "python"]


def test_a_pipe_is_refused_before_it_is_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for read in (read_csv, read_parquet, read_table, column_names):
        with pytest.raises(ValueError, match=r"pipe is not a regular file: .* a pipe will not do"):
            read(tmp_path / "pipe")
