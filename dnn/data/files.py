"""A file becomes a table: CSV or Parquet, told by its first bytes, its columns typed and its errors located."""

import io
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from dnn.data import cells
from dnn.data.csv_file import CsvFile, sniff_csv
from dnn.data.parquet_file import ParquetFile, sniff_parquet
from dnn.data.table import Kind, Table

PARQUET = b"PAR1"
NO_KINDS: Mapping[str, Kind] = MappingProxyType({})

TableFile: TypeAlias = CsvFile | ParquetFile


def read_table(path: str | Path, *, kinds: Mapping[str, Kind] = NO_KINDS, drop: Collection[str] = ()) -> Table:
    """Read the table in a CSV or Parquet file; the first bytes of the file tell which of them it is.

    Args:
        path: A regular file, since it is opened more than once; a CSV file may be compressed by gzip.
        kinds: "numeric" or "category" for each column whose kind is known already, say from training; the kinds of
            the others are found as `read_csv` and `read_parquet` say.
        drop: Names of columns to leave out; their cells may hold anything.

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `read_csv` and `read_parquet`.
    """
    return read(sniff(path), kinds=kinds, drop=drop)


def read_csv(path: str | Path, *, kinds: Mapping[str, Kind] = NO_KINDS, drop: Collection[str] = ()) -> Table:
    """Read the table in a CSV file: UTF-8, comma, semicolon or tab, cells quoted or not, gzip or not.

    A column is numeric if at least one cell is a number and the others are numbers or empty.

    Args:
        path: A regular file, since it is opened more than once.
        kinds: "numeric" or "category" for each column whose kind is known already.
        drop: Names of columns to leave out; their cells may hold anything.

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is empty or only a header, a row has too few or too many cells, two columns have one
            name, a number is a NaN or an infinity, a cell of a numeric column is not a number, or `drop` names a
            column that is not there; with the column and the line.

    Example:
        >>> read_csv(sample_path()).rows
        4521
    """
    with _open_regular(path) as file:
        source = sniff_csv(file, path)
    return read(source, kinds=kinds, drop=drop)


def read_parquet(path: str | Path, *, kinds: Mapping[str, Kind] = NO_KINDS, drop: Collection[str] = ()) -> Table:
    """Read the table in a Parquet file, whose own types decide: integers, floats and decimals are numeric.

    All other columns are categories. Strings of digits stay a category unless `kinds` says "numeric".

    Args:
        path: A regular file, since it is opened more than once.
        kinds: "numeric" or "category" for each column that is not to follow its type.
        drop: Names of columns to leave out; their cells may hold anything.

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has no rows, a column holds lists or structs, or as `read_csv`; with the
            column and the row.
    """
    with _open_regular(path) as file:
        source = sniff_parquet(file, path)
    return read(source, kinds=kinds, drop=drop)


def column_names(path: str | Path) -> list[str]:
    """Return the names of the columns in a CSV or Parquet file, without reading its rows.

    Args:
        path: A regular file; a CSV file may be compressed by gzip.

    Returns:
        The names, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the header is empty or has one name twice, or a Parquet file is damaged.
    """
    return sniff(path).names


def sample_path() -> Path:
    """Return the path of the embedded CSV file: 4,521 clients of a bank, with the target `y`.

    Its source and licence stand in bank-sample.md beside it.

    Returns:
        The path of a file in the installed package.
    """
    return Path(str(resources.files("dnn.data") / "bank-sample.csv"))


def sniff(path: str | Path) -> TableFile:
    """Open a file once, and find its format and the names of its columns. Raises: As `column_names`."""
    with _open_regular(path) as file:
        return (sniff_parquet if file.peek(4)[:4] == PARQUET else sniff_csv)(file, path)


def read(source: TableFile, *, kinds: Mapping[str, Kind] = NO_KINDS, drop: Collection[str] = ()) -> Table:
    """Read a file that was sniffed. Raises: As `read_table`."""
    path, stored = source.path, source.read()
    for name in drop:
        if name not in stored.column_names:
            there = ", ".join(stored.column_names)
            raise ValueError(f"{path} has no column {name!r} to drop; its columns are {there}")
    stored = stored.drop_columns(list(drop))
    if not stored.num_columns:
        raise ValueError(f"{path} has no columns" + (" left" if drop else ""))
    if not stored.num_rows:
        raise ValueError(f"{path} has a header but no rows")
    columns, kinds = {}, {**source.kinds, **kinds}
    for name, column in zip(stored.column_names, stored.columns, strict=True):
        try:
            columns[name] = cells.convert(column, kinds.get(name))
        except cells.BadCellError as bad:
            raise ValueError(f"{path}, {source.location(bad.row)}, column {name!r}: {bad}") from None
        except ValueError as bad:
            raise ValueError(f"{path}, column {name!r}: {bad}") from None
    return Table(columns, str(path))


def _open_regular(path: str | Path) -> io.BufferedReader:
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        raise ValueError(f"{path} is not a regular file: it is read more than once, so a pipe will not do")
    return open(path, "rb")
