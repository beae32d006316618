"""A file is read by its content, and what is read of it is what it holds."""

import gzip

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from dnn.data.files import column_names, read_csv, read_table, sample_path
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
    with pytest.raises(ValueError, match=r"table\.csv has no column 'c' to drop; its columns are a, b"):
        read_csv(path, drop=["c"])
    with pytest.raises(ValueError, match=r"table\.csv has no columns left"):
        read_csv(path, drop=["a", "b"])
