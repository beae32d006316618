"""No column is in memory twice where a table is read, and where features are learnt: bytes are counted."""

import time
import tracemalloc

import numpy as np
import pyarrow as pa

import dnn
from dnn.data import cells, csv_file

ROWS, COLUMNS = 20_000, 12


def columns_of_numbers():
    random = np.random.default_rng(0)
    return {f"n{number}": random.normal(size=ROWS) for number in range(COLUMNS)}


def test_a_column_of_a_large_csv_file_is_freed_once_it_is_converted(tmp_path, monkeypatch):
    path, alive, convert = tmp_path / "large.csv", [], cells.convert
    pa.csv.write_csv(pa.table(columns_of_numbers()), path)
    monkeypatch.setattr(csv_file, "LARGE", 1 << 16)
    monkeypatch.setattr(csv_file, "LONGEST_ROW", 1 << 16)  # several chunks, which NumPy cannot share
    before, most = pa.total_allocated_bytes(), 2 * ROWS * 8

    def counted(*args, **options):
        ends = time.monotonic() + 2
        while alive and pa.total_allocated_bytes() - before > alive[0] + most and time.monotonic() < ends:
            time.sleep(0.001)  # a thread of Arrow's may not have let go of what it has read
        alive.append(pa.total_allocated_bytes() - before)
        return convert(*args, **options)

    monkeypatch.setattr(cells, "convert", counted)
    table = dnn.read_csv(path)
    takes = sum(each.nbytes for each in table.columns.values())
    assert len(alive) == COLUMNS
    assert alive[0] > takes
    assert max(alive) <= alive[0] + most


def test_features_are_learnt_with_one_copy_of_the_numbers():
    columns = columns_of_numbers()
    columns["n0"][::7] = np.nan
    takes = COLUMNS * ROWS * 8
    dnn.Features({name: cells[:9] for name, cells in columns.items()})  # what is allocated once
    tracemalloc.start()
    try:
        dnn.Features(columns)
        assert tracemalloc.get_traced_memory()[1] < 1.5 * takes
    finally:
        tracemalloc.stop()
