"""A small file that would unpack to more than it may is refused, before or while it is unpacked."""

import gzip
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest

from dnn.data import arrays, size_limit
from dnn.data.arrays import load_arrays, load_part, save_part
from dnn.data.csv_file import LONGEST_ROW
from dnn.data.files import read_table
from dnn.data.options import ReadOptions
from dnn.data.size_limit import TooLargeError
from dnn.data.unpacked import Unpacked

LIMIT = 1_000_000
SMALL = ReadOptions(max_bytes=LIMIT)
REFUSED = r"would take (at least )?[\d,]+ bytes of memory, more than the 1,000,000 bytes that it may take; --max-bytes"


@pytest.fixture
def unpacked(monkeypatch):
    """How many bytes were unpacked, each time."""
    places = []
    check = Unpacked.check

    def watched(self, takes):
        places.append(self.packed.tell())
        check(self, takes)

    monkeypatch.setattr(Unpacked, "check", watched)
    return places


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a,b\n" + b"1,2\n" * 5_000_000, REFUSED),
        (b"a\n" + b"\n" * 20_000_000, REFUSED),
        (b"a,b\n" + b"\xe9,2\n" * 5_000_000, REFUSED),
        (b"," * 20_000_000, REFUSED),
        (b"x" * 20_000_000, REFUSED),
        (b'a\n"' + b"x" * 20_000_000, REFUSED),
        (bytes(20_000_000), REFUSED),
    ],
    ids=["numbers", "blank lines", "cp1252", "a header", "a name", "an open quote", "zeros"],
)
def test_a_gzip_bomb_is_refused_while_it_streams(content, message, tmp_path, unpacked):
    path = tmp_path / "bomb.csv.gz"
    path.write_bytes(gzip.compress(content, 1))
    with pytest.raises(ValueError, match=message) as refused:
        read_table(path, options=SMALL)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)
    assert 0 < max(unpacked) <= LONGEST_ROW + LIMIT


def test_an_npz_bomb_is_refused_by_its_headers(tmp_path, monkeypatch):
    path = tmp_path / "bomb.npz"
    np.savez_compressed(path, inputs=np.zeros((10_000_000, 2), np.float32))
    monkeypatch.setattr(arrays, "read_npy", lambda *_: pytest.fail("it was unpacked"))
    with pytest.raises(TooLargeError, match=re.escape(str(path)) + f" {REFUSED}") as refused:
        load_arrays(path, max_bytes=LIMIT)
    assert "80,000,128 bytes" in str(refused.value)
    monkeypatch.undo()
    save_part(path, np.ones((4, 2)), [0, 1, 0, 1])
    assert len(load_part(path, width=2, classes=2, max_bytes=1_000)[0]) == 4


@pytest.mark.parametrize("of_text", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_a_parquet_bomb_is_refused_by_its_metadata_or_its_dictionary(of_text, tmp_path):
    path = tmp_path / "bomb.parquet"
    text = pa.chunked_array([pa.DictionaryArray.from_arrays(pa.array(np.zeros(1000, np.int32)), ["x" * 100_000])])
    pa.parquet.write_table(pa.table({"a": text.cast(of_text), "n": range(1000)}), path)
    allocated = pa.total_allocated_bytes()
    with pytest.raises(TooLargeError, match=re.escape(str(path)) + f" {REFUSED}") as refused:
        read_table(path, options=SMALL)
    assert "would take 100,1" in str(refused.value)  # 1,000 texts of 100,000 bytes
    assert pa.total_allocated_bytes() - allocated < LIMIT
    assert read_table(path).rows == 1000
    pa.parquet.write_table(pa.table({"n": np.zeros(10_000_000, np.int8)}), path)
    with pytest.raises(TooLargeError, match=r"would take 80,\d{3},\d{3} bytes"):
        read_table(path, options=SMALL)


def test_no_file_may_take_more_than_is_free(tmp_path, monkeypatch):
    assert size_limit.free_memory() > 10_000_000
    monkeypatch.setattr(size_limit, "free_memory", lambda: 1_000)
    path = tmp_path / "big.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 100)
    with pytest.raises(TooLargeError, match=r"big\.csv would take at least .* the 1,000 bytes that are free"):
        read_table(path, options=ReadOptions(max_bytes=10**9))


def test_a_file_for_which_memory_does_not_reach_is_not_called_damaged(tmp_path, monkeypatch):
    def full(*_):
        raise MemoryError

    path = tmp_path / "part.npz"
    save_part(path, np.ones((4, 2)), [0, 1, 0, 1])
    monkeypatch.setattr(arrays, "read_npy", full)
    with pytest.raises(MemoryError, match=r"part\.npz takes more than there is"):
        load_arrays(path)
    monkeypatch.setattr(pa.parquet.ParquetFile, "read", full)
    path = tmp_path / "table.parquet"
    pa.parquet.write_table(pa.table({"n": [1, 2]}), path)
    with pytest.raises(MemoryError, match=r"table\.parquet takes more than there is"):
        read_table(path)


def test_the_limit_is_not_kept_with_a_model():
    assert "max_bytes" not in SMALL.state()
    assert ReadOptions.from_state(SMALL.state()) == ReadOptions()
    assert ReadOptions().updated(SMALL).max_bytes == LIMIT
    with pytest.raises(ValueError, match="max_bytes must be 1 or more, got 0"):
        ReadOptions(max_bytes=0)
