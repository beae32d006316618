"""A Parquet file as an Arrow table. The types of its columns say which are numeric, pandas' metadata what they mean."""

import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dnn.data.arrow_schema import Columns, columns_of
from dnn.data.reading import Contents


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file, and what its schema says of its columns."""

    path: str | Path
    columns: Columns

    @property
    def title(self) -> str:
        return str(self.path)

    @property
    def names(self) -> list[str]:
        return self.columns.names

    def read(self, keep: Collection[str] = ()) -> Contents:
        """Return the columns as they are stored. Raises: ValueError for a damaged file."""
        from pyarrow import parquet  # here, since it takes 40 ms that a CSV file need not wait for

        with open(self.path, "rb") as file, _damage_told(self.path):
            return self.columns.contents(parquet.read_table(file), Path(self.path).name, keep)

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
    return ParquetFile(path, columns_of(schema, str(path)))


@contextmanager
def _damage_told(path: str | Path) -> Iterator[None]:
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        raise ValueError(f"{path} is damaged, or no Parquet file: {str(error).splitlines()[0]}") from None
