"""A CSV file as an Arrow table of texts, exactly as written, and the line of each of its rows.

Arrow reads; the standard library's slower reader only finds the line number for an error message.
"""

import csv
import gzip
import io
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

GZIP = b"\x1f\x8b"


def read(path: str | Path) -> pa.Table:
    """Every column as string. Raises: ValueError for a file that is no table, with the line where it is known."""
    names, delimiter = header(path)
    try:
        return pa.csv.read_csv(
            pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )
    except (pa.ArrowInvalid, OSError) as error:
        _raise_ragged(path, len(names), delimiter)
        raise ValueError(f"{path}: {_first_line(error)}") from None


def header(path: str | Path) -> tuple[list[str], str]:
    """The names of the columns, and the delimiter: of comma, semicolon and tab, the one that cuts most."""
    candidates = {delimiter: next((cells for _, cells in _rows(path, delimiter)), None) for delimiter in ",;\t"}
    delimiter = max(candidates, key=lambda delimiter: len(candidates[delimiter] or []))
    names = candidates[delimiter]
    if names is None:
        raise ValueError(f"{path} is empty")
    for number, name in enumerate(names, start=1):
        if not name:
            raise ValueError(f"{path}, line 1: column {number} has no name")
        if names.count(name) > 1:
            raise ValueError(f"{path}, line 1: two columns are named {name!r}")
    return names, delimiter


def place(path: str | Path, row: int) -> str:
    """ "line 17": where the data row `row` (from 0) begins; quoted line breaks and blank lines count as lines."""
    for number, (line, _) in enumerate(_rows(path, header(path)[1])):
        if number == row + 1:  # the header is row 0 of the file
            return f"line {line}"
    raise IndexError(f"{path} has no data row {row}")


def _rows(path: str | Path, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each row that is not blank."""
    with open(path, "rb") as raw, gzip.open(raw) if _is_gzip(path) else raw as plain:
        reader = csv.reader(io.TextIOWrapper(plain, encoding="utf-8-sig", newline=""), delimiter=delimiter)
        begins = 1
        try:
            for cells in reader:
                if cells:
                    yield begins, cells
                begins = reader.line_num + 1
        except UnicodeDecodeError:
            raise ValueError(f"{path} is not UTF-8 text (near line {begins})") from None
        except (csv.Error, EOFError, OSError) as error:
            raise ValueError(f"{path}, line {begins}: {error}") from None


def _raise_ragged(path: str | Path, width: int, delimiter: str) -> None:
    for line, cells in _rows(path, delimiter):
        if len(cells) != width:
            raise ValueError(f"{path}, line {line}: {len(cells)} cells, but the header has {width}")


def _is_gzip(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == GZIP


def _first_line(error: Exception) -> str:
    return str(error).splitlines()[0]
