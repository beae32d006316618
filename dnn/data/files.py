"""A file becomes a table: CSV or Parquet, told by its first bytes, its columns typed and its errors located."""

import io
from collections.abc import Collection, Mapping
from importlib import resources
from pathlib import Path
from typing import TypeAlias

from dnn.data.csv_dialect import sniff_csv
from dnn.data.csv_file import CsvFile
from dnn.data.options import ReadOptions
from dnn.data.parquet_file import ParquetFile, sniff_parquet
from dnn.data.reading import NO_KINDS, NO_OPTIONS
from dnn.data.reading import read as read
from dnn.data.table import Kind, Table

PARQUET = b"PAR1"

TableFile: TypeAlias = CsvFile | ParquetFile


def read_table(
    path: str | Path,
    *,
    kinds: Mapping[str, Kind] = NO_KINDS,
    drop: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
) -> Table:
    """Read the table in a CSV or Parquet file; the first bytes of the file tell which of them it is.

    Args:
        path: A regular file, since it is opened more than once; a CSV file may be compressed by gzip.
        kinds: "numeric" or "category" for each column whose kind is known already, say from training; the kinds of
            the others are found as `read_csv` and `read_parquet` say.
        drop: Names of columns to leave out; their cells may hold anything.
        options: What the reader is not to find out by itself: the delimiter, the encoding, …

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: As `read_csv` and `read_parquet`.
    """
    return read(sniff(path, options), kinds=kinds, drop=drop, options=options)


def read_csv(
    path: str | Path,
    *,
    kinds: Mapping[str, Kind] = NO_KINDS,
    drop: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
) -> Table:
    """Read the table in a CSV file: comma, semicolon, tab or bar, cells quoted or not, gzip or not.

    A column is numeric if at least one cell is a number and the others are numbers, empty, or a usual marker for
    "missing" (NA, N/A, NaN, null, None, ?, -, …). Numbers may have a decimal comma, thousands separators or a per cent
    sign, in one notation for the column. White space around names and cells does not count; True and TRUE are true.
    What was decided stands in the table's `notes`.

    Args:
        path: A regular file, since it is opened more than once.
        kinds: "numeric" or "category" for each column whose kind is known already.
        drop: Names of columns to leave out; their cells may hold anything.
        options: What the reader is not to find out by itself: the delimiter, the encoding, …

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is empty or only a header, the header looks like data, a row has too few or too many
            cells, two columns have one name, a number is an infinity, a cell of a numeric column is not a number, or
            `drop` names a column that is not there; with the column and the line, one line for each problem.

    Example:
        >>> read_csv(sample_path()).rows
        4521
    """
    with _open_regular(path) as file:
        source = sniff_csv(file, path, options)
    return read(source, kinds=kinds, drop=drop, options=options)


def read_parquet(
    path: str | Path,
    *,
    kinds: Mapping[str, Kind] = NO_KINDS,
    drop: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
) -> Table:
    """Read the table in a Parquet file, whose own types decide, as `as_table` says.

    Strings of digits stay a category unless `kinds` says "numeric". An index that pandas wrote is left out.

    Args:
        path: A regular file, since it is opened more than once.
        kinds: "numeric" or "category" for each column that is not to follow its type.
        drop: Names of columns to leave out; their cells may hold anything.
        options: What the reader is not to find out by itself: the delimiter, the encoding, …

    Returns:
        The table, its columns in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged or has no rows, a column holds lists or structs, or as `read_csv`; with the
            column and the row.
    """
    with _open_regular(path) as file:
        source = sniff_parquet(file, path, options)
    return read(source, kinds=kinds, drop=drop, options=options)


def column_names(path: str | Path, *, options: ReadOptions = NO_OPTIONS) -> list[str]:
    """Return the names of the columns in a CSV or Parquet file, without reading its rows.

    Args:
        path: A regular file; a CSV file may be compressed by gzip.
        options: As for `read_table`.

    Returns:
        The names, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the header is empty or has one name twice, or a Parquet file is damaged.
    """
    return sniff(path, options).names


def sample_path() -> Path:
    """Return the path of the embedded CSV file: 4,521 clients of a bank, with the target `y`.

    Its source and licence stand in bank-sample.md beside it.

    Returns:
        The path of a file in the installed package.
    """
    return Path(str(resources.files("dnn.data") / "bank-sample.csv"))


def sniff(path: str | Path, options: ReadOptions = NO_OPTIONS) -> TableFile:
    """Open a file once, and find its format and the names of its columns. Raises: As `column_names`."""
    with _open_regular(path) as file:
        sniff_format = sniff_parquet if file.peek(4)[:4] == PARQUET else sniff_csv
        return sniff_format(file, path, options)


def _open_regular(path: str | Path) -> io.BufferedReader:
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        raise ValueError(f"{path} is not a regular file: it is read more than once, so a pipe will not do")
    return open(path, "rb")
