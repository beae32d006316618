"""A Parquet file as an Arrow table. The types of its columns say which are numeric."""

import io
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dnn.data.cells import kind_of_type
from dnn.data.table import Kind


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file, and the kinds of its columns."""

    path: str | Path
    kinds: dict[str, Kind]

    @property
    def names(self) -> list[str]:
        return list(self.kinds)

    def read(self) -> pa.Table:
        """Return the columns as they are stored. Raises: ValueError for a damaged file."""
        from pyarrow import parquet  # here, since it takes 40 ms that a CSV file need not wait for

        with open(self.path, "rb") as file, _damage_told(self.path):
            return parquet.read_table(file)

    def location(self, row: int) -> str:
        """Return "row 17" for data row 16, counted from 0."""
        return f"row {row + 1}"


def sniff_parquet(file: io.BufferedReader, path: str | Path) -> ParquetFile:
    """Read the schema of an open file.

    Raises:
        ValueError: If the file is damaged, or two columns have one name.
    """
    from pyarrow import parquet  # here, as in `read`

    with _damage_told(path):
        schema = parquet.read_schema(file)
    for name, columns in Counter(schema.names).items():
        if columns > 1:
            raise ValueError(f"{path}: two columns are named {name!r}")
    return ParquetFile(path, {column.name: kind_of_type(column.type) for column in schema})


@contextmanager
def _damage_told(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} is damaged, or no Parquet file: {str(error).splitlines()[0]}") from None
