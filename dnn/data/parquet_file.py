"""A Parquet file as an Arrow table. The types of its columns say which are numeric, pandas' metadata what they mean."""

import io
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.arrow_schema import Columns, columns_of
from dnn.data.options import ReadOptions
from dnn.data.size_limit import IN_BLOCKS, refuse_beyond
from dnn.data.sources import Contents

CELL = 8  # bytes of a number, of a date, of the place of a text
BUFFER = 2**20  # bytes of a column that are read at once in blocks; else all of a row group are in memory


@dataclass(frozen=True)
class ParquetFile:
    """A Parquet file, and what its schema says of its columns.

    max_bytes: of memory that it may take; None: 16 GB. rows: how many. takes: the bytes of memory that they take.
    """

    path: str | Path
    columns: Columns
    schema: pa.Schema
    max_bytes: int | None = None
    rows: int = 0
    takes: int = 0

    @property
    def texts(self) -> list[str]:
        """The columns whose cells have any length."""
        return [field.name for field in self.schema if _is_text(field.type)]

    @property
    def title(self) -> str:
        return str(self.path)

    @property
    def names(self) -> list[str]:
        return self.columns.names

    def read(self, keep: Collection[str] = ()) -> Contents:
        """Return the columns as they are stored. Raises: ValueError if it is damaged or too large."""
        from pyarrow import parquet  # here, since it takes 40 ms that a CSV file need not wait for

        refuse_beyond(self.path, self.takes, self.max_bytes, remedy=IN_BLOCKS)
        with open(self.path, "rb") as file, _damage_told(self.path):
            # as dictionaries: a text that is there a million times stands in the file once
            read = parquet.ParquetFile(file, read_dictionary=list(self.texts))
            flat = [field.name for field in self.schema if not pa.types.is_nested(field.type)]
            return self.contents(self._plain(read.read(flat if len(flat) < len(self.schema) else None)), keep)

    def blocks(self, rows: int) -> Iterator[pa.Table]:
        """Yield the columns as they are stored, so many rows at a time, in bounded memory. Raises: As `read`."""
        from pyarrow import parquet  # here, as in `read`

        flat = [field.name for field in self.schema if not pa.types.is_nested(field.type)]
        with open(self.path, "rb") as file, _damage_told(self.path):
            read = parquet.ParquetFile(file, pre_buffer=False, buffer_size=BUFFER)
            for batch in read.iter_batches(rows, columns=flat if len(flat) < len(self.schema) else None):
                if batch.num_rows:
                    yield pa.Table.from_batches([batch])

    def contents(self, stored: pa.Table, keep: Collection[str] = (), first: int = 0) -> Contents:
        """Return what columns as they are stored hold, of rows from `first` on."""
        return self.columns.contents(self._with_nested(stored, stored.num_rows), Path(self.path).name, keep)

    def location(self, row: int) -> str:
        """Return "row 17" for data row 16, counted from 0."""
        return f"row {row + 1}"

    def _plain(self, stored: pa.Table) -> pa.Table:
        """Return the texts as plain columns. Raises: ValueError if they would take too much memory."""
        dictionaries = [number for number, column in enumerate(stored.columns) if pa.types.is_dictionary(column.type)]
        takes = stored.nbytes + sum(_text_bytes(stored.column(number)) for number in dictionaries)
        refuse_beyond(self.path, takes, self.max_bytes)
        for number in dictionaries:
            wanted = self.schema.field(stored.field(number).name)
            if not pa.types.is_dictionary(wanted.type):
                stored = stored.set_column(number, wanted, pc.cast(stored.column(number), wanted.type))
        return stored

    def _with_nested(self, stored: pa.Table, rows: int) -> pa.Table:
        """Return lists and structs as empty: they are refused by their type, unless they are dropped."""
        arrays = [
            stored.column(field.name) if field.name in stored.column_names else pa.nulls(rows, field.type)
            for field in self.schema
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)


def sniff_parquet(file: io.BufferedReader, path: str | Path, options: ReadOptions) -> ParquetFile:
    """Read the schema of an open file.

    Raises:
        ValueError: If the file is damaged, or two columns have one name.
    """
    from pyarrow import parquet  # here, as in `read`

    with _damage_told(path):
        metadata = parquet.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        takes = sum(metadata.row_group(number).total_byte_size for number in range(metadata.num_row_groups))
        takes += CELL * metadata.num_rows * metadata.num_columns
        return ParquetFile(path, columns_of(schema, str(path)), schema, options.max_bytes, metadata.num_rows, takes)


def _is_text(stored: pa.DataType) -> bool:
    kinds = pa.types.is_string, pa.types.is_binary, pa.types.is_large_string, pa.types.is_large_binary
    return any(is_kind(stored) for is_kind in kinds)


def _text_bytes(column: pa.ChunkedArray) -> int:
    """Return what the texts of a column take once each row has its own."""
    if not _is_text(column.type.value_type):
        return CELL * len(column)
    lengths = [pc.sum(pc.binary_length(chunk.dictionary).take(chunk.indices)).as_py() or 0 for chunk in column.chunks]
    return sum(lengths) + CELL * len(column)


@contextmanager
def _damage_told(path: str | Path) -> Iterator[None]:
    try:
        yield
    except MemoryError:  # Arrow's is one of its exceptions too
        raise MemoryError(f"{path} takes more than there is") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is damaged, or no Parquet file: {_first_line(error)}") from None


def _first_line(error: Any) -> str:
    return str(error).splitlines()[0] if str(error) else type(error).__name__
