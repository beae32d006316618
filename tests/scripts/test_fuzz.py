"""Every reader ends in data or in one line of ours: a few inputs of each, and all that ever ended otherwise."""

import io
import json
import math
import zipfile

import pyarrow as pa
import pyarrow.parquet
import pytest

import dnn
from scripts import fuzz, fuzz_corpus

DEEP = b'{"format":' * 3000
NPY = fuzz_corpus.npys()[0]


@pytest.fixture(scope="module")
def readers(tmp_path_factory):
    return fuzz_corpus.data_readers(tmp_path_factory.mktemp("corpus"), fuzz.Reader)


def npz(npy: bytes, compression: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        archive.writestr("inputs.npy", npy)
    return file.getvalue()


def header(old: bytes, new: bytes) -> bytes:
    """An array whose header says something else, at the same length where it can."""
    changed = NPY.replace(old, new)
    return npz(changed[:8] + (len(changed) - 26).to_bytes(2, "little") + changed[10:])


def parquet_of(name: str, bytes_of_name: bytes) -> bytes:
    file = io.BytesIO()
    pa.parquet.write_table(pa.table({name: [1, 2]}), file, store_schema=False)
    return file.getvalue().replace(name.encode(), bytes_of_name)


STATE = json.dumps(dnn.Features({"a": [1.0, 2.0]}).state())
KEPT = {"format": 2, "target": "y", "classes": ["n", "y"], "dropped": [], "options": dnn.ReadOptions().state()}
LARGE_MEAN = json.dumps(KEPT | {"features": json.loads(STATE) | {"means": [10**400]}}).encode()
OTHER_NAME = json.dumps(KEPT | {"options": {"missi\ng": []}, "features": json.loads(STATE)}).encode()
FAILED = {
    "npz": [
        header(b"'descr': '<f4'", b"'descr': ('<f4"),  # TokenError
        header(b"'descr': '<f4'", b"'descr'; '<f4'"),  # SyntaxError
        header(b"{'descr'", b"\n  {'descr'"),  # IndentationError
        header(b"(2, 2)", b"(-2, -2)"),
        header(b"(2, 2)", b"(2, 2, 2j)"),  # TypeError
        header(b"(2, 2)", b"(" + b"9" * 5000 + b",)"),  # SystemError
        header(b"'<f4'", b"[" * 3000),  # RecursionError
        npz(NPY, zipfile.ZIP_LZMA).replace(b"\x5d\0\0", b"\xff\xff\xff"),  # LZMAError
        npz(NPY, zipfile.ZIP_BZIP2),
    ],
    "features.json": [
        DEEP,
        b"[" * 3000,
        b'{"format": ' + b"9" * 5000 + b"}",
        OTHER_NAME,
        LARGE_MEAN,
        b"\xff",
        b"[]",
        b"2",
        b'{"format": 2}',
    ],
    "parquet": [parquet_of("abcd", b"\xff\xfe\xfd\xfc"), parquet_of("abcd", b"\xc3\xc3\0\0"), b"PAR1"],
    "frame": [
        b'{"": ["a", 1]}',
        b'{"\\ud800": [1]}',
        b'"absent"',
        b'{"a": [' + b"9" * 400 + b"]}",
        b'{"a": [18446744073709551616, -1]}',
    ],
    "csv": [
        b"",
        b'""\n1\n',
        b",\n1,2\n",
        b"a,b\n" + b"1," + b"9" * 5000,
        b"\xff\xfe",
        "sep=Ã\na\n1\n".encode(),
        b'"' + b"x" * 5_000_000,
    ],
    "rows to predict": [b"age,job,pay,day\n1e300,cook,1,2024-01-31\n"],
    "rows to train on": [(fuzz_corpus.TABLE + fuzz_corpus.ROWS * 3).replace("1.5", "1e300").encode()],
}


@pytest.mark.parametrize("name", FAILED)
def test_what_ever_failed_ends_in_one_line_that_names_the_file(name, readers, tmp_path):
    for content in FAILED[name]:
        tried = fuzz.Tried()
        fuzz.try_input(readers[name], content, tmp_path, tried)
        assert list(tried.finds) == [], content[:200]


def test_every_reader_ends_in_data_or_in_one_line(readers):
    for name, reader in readers.items():
        slow = name.startswith(("csv", "rows"))
        tried = fuzz.under_hypothesis(reader, 30 if slow else 120, math.inf)
        assert list(tried.finds) == [], name
        assert 0 < tried.refused < tried.inputs, name


def test_a_reader_that_fails_is_found(tmp_path):
    def read(path):
        return json.loads(path.read_bytes())["a"] + 1

    tried = fuzz.under_hypothesis(fuzz.Reader(read, [b'{"a": 1}'], "a.json"), 100, math.inf)
    assert {"KeyError ?", "JSONDecodeError ?", "TypeError ?"} <= set(tried.finds)
