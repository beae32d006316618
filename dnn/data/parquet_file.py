"""A Parquet file as an Arrow table of plain columns."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet


def read(path: str | Path) -> pa.Table:
    """Raises: ValueError for a file that is damaged, or a column whose cells are lists or structs."""
    try:
        table = pa.parquet.read_table(str(path), partitioning=None)
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
    for field in table.schema:
        if pa.types.is_nested(field.type):
            raise ValueError(f"{path}: column {field.name!r} holds {field.type}, not one value in a cell")
        if table.column_names.count(field.name) > 1:
            raise ValueError(f"{path}: two columns are named {field.name!r}")
    return table


def names(path: str | Path) -> list[str]:
    """The names of its columns. Raises: ValueError for a file that is damaged."""
    try:
        return pa.parquet.read_schema(str(path)).names
    except (pa.ArrowInvalid, OSError) as error:
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None
