"""How many rows a file has and what they take in memory, told before they are read."""

import gzip
from pathlib import Path
from typing import NamedTuple

from dnn.data.csv_file import CsvFile
from dnn.data.files import TableFile
from dnn.data.size_limit import IN_BLOCKS, MAX_BYTES, TooLargeError, limit_of
from dnn.data.unpacked import CELL

HEAD = 1 << 20  # bytes of a CSV file by which its rows are estimated
CERTAIN = 1.25  # times the limit, from which on an estimate is sure


class ExpectedSize(NamedTuple):
    """Of a file. rows: exact for Parquet. takes: bytes of memory, of the text as it is read."""

    rows: int
    takes: int


def expected_size(file: TableFile) -> ExpectedSize:
    """Return the size of a file: of Parquet as its metadata say, of CSV as the first megabyte lets expect."""
    if not isinstance(file, CsvFile):
        return ExpectedSize(file.rows, file.takes)
    size = Path(file.path).stat().st_size
    with open(file.path, "rb") as packed:
        head = gzip.GzipFile(fileobj=packed).read(HEAD) if file.compression else packed.read(HEAD)
        size = size * len(head) // max(1, min(packed.tell(), size))
    rows = size * max(1, head.count(b"\n")) // max(1, len(head))
    return ExpectedSize(rows, size + CELL * rows * len(file.header))


def is_too_large(files: tuple[TableFile, ...], max_bytes: int | None) -> bool:
    """Whether files may take more memory than they may, so that they are rather read in blocks."""
    return sum(expected_size(file).takes for file in files) > limit_of(max_bytes)


def refuse_too_many_rows(file: TableFile, max_bytes: int | None) -> None:
    """Refuse a file that surely takes more memory than it may, before it is read. Raises: TooLargeError."""
    rows, takes = expected_size(file)
    if takes > CERTAIN * (limit := limit_of(max_bytes)):
        about = "about " if isinstance(file, CsvFile) else ""
        free = "that are free" if limit < (max_bytes or MAX_BYTES) else "that it may take; --max-bytes N allows more"
        told = f"{file.path} has {about}{rows:,} rows × {len(file.names)} columns, which take {takes / 1e9:.1f} GB of"
        raise TooLargeError(f"{told} memory, more than the {limit / 1e9:.1f} GB {free}{IN_BLOCKS}")
