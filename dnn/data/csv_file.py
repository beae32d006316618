"""A CSV file as an Arrow table of strings, exactly as written, and the line of each of its rows.

Arrow reads the rows; the standard library's slower reader only reads the header, and finds the line number for an
error message.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.csv

from dnn.data.table import Kind

DELIMITERS = ",;\t"
GZIP = b"\x1f\x8b"
LONGEST_ROW = 1 << 22  # bytes, for Arrow; 4 MB

csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))  # else it refuses at 128 KB what Arrow reads


class BadQuoteError(ValueError):
    """A quote that does not end at a delimiter, or not at all."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file, and what its first bytes and its header say; `read` does not look at them again."""

    path: str | Path
    names: list[str]
    delimiter: str
    compression: Literal["gzip"] | None
    kinds: dict[str, Kind] = field(default_factory=dict)  # a CSV file says nothing of its columns' kinds

    def read(self) -> pa.Table:
        """Return every column as strings. Raises: ValueError for a file that is no table, with the line if known."""
        try:
            return pa.csv.read_csv(
                pa.input_stream(str(self.path), compression=self.compression),
                read_options=pa.csv.ReadOptions(block_size=LONGEST_ROW),
                parse_options=pa.csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=True),
                convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys(self.names, pa.string())),
            )
        except (pa.ArrowException, OSError) as error:
            self._raise_cause()
            if "straddl" in str(error):
                limit = f"longer than {LONGEST_ROW >> 20} MB"
                raise ValueError(f"{self.path}: a row is {limit}; is a quote left open?") from None
            raise ValueError(f"{self.path}: {str(error).splitlines()[0]}") from None

    def location(self, row: int) -> str:
        """Return "line 17", where data row `row` (from 0) begins; quoted line breaks and blank lines count as lines."""
        for number, (line, _) in enumerate(self._rows()):
            if number == row + 1:  # the header is row 0 of the file
                return f"line {line}"
        raise IndexError(f"{self.path} has no data row {row}")

    def _raise_cause(self) -> None:
        rows, width = 0, len(self.names)
        for line, cells in self._rows():
            rows += 1
            if len(cells) != width:
                hint = "; is a quote left open?" if any("\n" in cell for cell in cells) else ""
                raise ValueError(f"{self.path}, line {line}: {len(cells)} cells, but the header has {width}{hint}")
        if rows == 1:
            raise ValueError(f"{self.path} has a header but no rows")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        with open(self.path, "rb") as file, _decoded(file, self.compression) as text:
            yield from _rows_of(text, self.path, self.delimiter)


def sniff_csv(file: io.BufferedReader, path: str | Path) -> CsvFile:
    """Find the compression, the delimiter and the header of an open file.

    The delimiter is the one of comma, semicolon and tab that cuts the header into the most names.

    Raises:
        ValueError: If there is no header, or one of its names is empty or there twice.
    """
    compression: Literal["gzip"] | None = "gzip" if file.peek(2)[:2] == GZIP else None
    with _decoded(file, compression) as text:
        headers = {delimiter: _header(text, path, delimiter) for delimiter in DELIMITERS}
    delimiter = max(DELIMITERS, key=lambda delimiter: (headers[delimiter][0], len(headers[delimiter][2])))
    _, line, names = headers[delimiter]
    if not names:
        raise ValueError(f"{path} is empty")
    if "" in names:
        raise ValueError(f"{path}, line {line}: column {names.index('') + 1} has no name")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{path}, line {line}: two columns are named {twice!r}")
    return CsvFile(path, names, delimiter, compression)


def _header(text: io.TextIOWrapper, path: str | Path, delimiter: str) -> tuple[bool, int, list[str]]:
    """Cut the header: (whether every quoted name ends at a delimiter, the line where it begins, the names).

    `"a, gross";"b"` is not cut at its comma, since its first quoted name ends before a semicolon.
    """
    try:
        return True, *next(_rows_of(text, path, delimiter, strict=True), (0, []))
    except BadQuoteError:
        return False, *next(_rows_of(text, path, delimiter), (0, []))


def _rows_of(
    text: io.TextIOWrapper, path: str | Path, delimiter: str, *, strict: bool = False
) -> Iterator[tuple[int, list[str]]]:
    """Yield (the line where it begins, its cells) of each row that is not blank. Raises: ValueError, with the line."""
    text.seek(0)
    reader = csv.reader(text, delimiter=delimiter, strict=strict)
    begins = 1
    try:
        for cells in reader:
            if cells:
                yield begins, cells
            begins = reader.line_num + 1
    except UnicodeDecodeError:
        raise ValueError(f"{path}, line {_line_not_utf8(text)}: not UTF-8 text") from None
    except csv.Error as error:
        raise BadQuoteError(f"{path}, line {begins}: {error}; is a quote left open?") from None
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}, line {begins}: {error}") from None


def _line_not_utf8(text: io.TextIOWrapper) -> int:
    plain: Any = text.buffer
    plain.seek(0)
    for number, line in enumerate(plain, start=1):
        try:
            line.decode()
        except UnicodeDecodeError:
            return number
    raise ValueError("the file changed while it was read")


@contextmanager
def _decoded(file: io.BufferedReader, compression: str | None) -> Iterator[io.TextIOWrapper]:
    with gzip.open(file) if compression else file as plain:
        yield io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
