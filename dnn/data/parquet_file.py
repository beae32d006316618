"""A Parquet file as an Arrow table."""

from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet


def read(path: str | Path) -> pa.Table:
    """Its columns as they are stored. Raises: ValueError for a file that is damaged, or two columns of one name."""
    for name, columns in Counter(names(path)).items():
        if columns > 1:
            raise ValueError(f"{path}: two columns are named {name!r}")
    return _readable(path, pa.parquet.read_table)


def names(path: str | Path) -> list[str]:
    """The names of its columns. Raises: ValueError for a file that is damaged."""
    return _readable(path, pa.parquet.read_schema).names


def _readable(path: str | Path, read):
    with open(path, "rb") as file:  # which tells a missing file and a folder from a damaged file
        try:
            return read(file)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{path} is damaged, or no Parquet file: {str(error).splitlines()[0]}") from None
