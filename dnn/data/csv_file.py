"""A CSV file as an Arrow table of texts, exactly as written, and the line of each of its rows.

Arrow reads; the standard library's slower reader only finds the line number for an error message.
"""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.csv

GZIP = b"\x1f\x8b"
LONGEST = 1 << 22  # bytes of a row, for Arrow; 4 MB

csv.field_size_limit(max(csv.field_size_limit(), LONGEST))  # else it refuses at 128 KB what Arrow reads


def read(path: str | Path) -> pa.Table:
    """Every column as string. Raises: ValueError for a file that is no table, with the line where it is known."""
    names, delimiter = header(path)
    try:
        return pa.csv.read_csv(
            pa.input_stream(str(path), compression="gzip" if _is_gzip(path) else None),
            read_options=pa.csv.ReadOptions(block_size=LONGEST),
            parse_options=pa.csv.ParseOptions(delimiter=delimiter, newlines_in_values=True),
            convert_options=pa.csv.ConvertOptions(column_types={name: pa.string() for name in names}),
        )
    except (pa.ArrowException, OSError) as error:
        _raise_cause(path, len(names), delimiter)
        if "straddl" in str(error):
            raise ValueError(f"{path}: a row is longer than {LONGEST >> 20} MB; is a quote left open?") from None
        raise ValueError(f"{path}: {str(error).splitlines()[0]}") from None


def header(path: str | Path) -> tuple[list[str], str]:
    """The names of the columns, and the delimiter: of comma, semicolon and tab, the one that cuts most.

    Raises: ValueError for a file without a header, or a name that is empty or there twice.
    """
    delimiter = max(",;\t", key=lambda delimiter: (_quotes_fit(path, delimiter), len(_first(path, delimiter)[1])))
    line, names = _first(path, delimiter)
    if not names:
        raise ValueError(f"{path} is empty")
    for number, name in enumerate(names, start=1):
        if not name:
            raise ValueError(f"{path}, line {line}: column {number} has no name")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{path}, line {line}: two columns are named {twice!r}")
    return names, delimiter


def place(path: str | Path, row: int) -> str:
    """ "line 17": where the data row `row` (from 0) begins; quoted line breaks and blank lines count as lines."""
    for number, (line, _) in enumerate(_rows(path, header(path)[1])):
        if number == row + 1:  # the header is row 0 of the file
            return f"line {line}"
    raise IndexError(f"{path} has no data row {row}")


def _first(path: str | Path, delimiter: str, strict: bool = False) -> tuple[int, list[str]]:
    return next(_rows(path, delimiter, strict), (0, []))


def _quotes_fit(path: str | Path, delimiter: str) -> bool:
    """Whether every quoted name ends at a delimiter: `"a, gross";"b"` is not cut at its comma."""
    try:
        _first(path, delimiter, strict=True)
    except ValueError:  # anything else that is wrong, the reading that follows says
        return False
    return True


def _rows(path: str | Path, delimiter: str, strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """(line on which it begins, cells) of each row that is not blank. Raises: ValueError, with the line."""
    with _opened(path) as plain:
        lines = io.TextIOWrapper(plain, encoding="utf-8-sig", newline="")
        reader = csv.reader(lines, delimiter=delimiter, strict=strict)
        begins = 1
        try:
            for cells in reader:
                if cells:
                    yield begins, cells
                begins = reader.line_num + 1
        except UnicodeDecodeError:
            raise ValueError(f"{path}, line {_line_not_utf8(path)}: not UTF-8 text") from None
        except csv.Error as error:
            raise ValueError(f"{path}, line {begins}: {error}; is a quote left open?") from None
        except (EOFError, OSError, zlib.error) as error:
            raise ValueError(f"{path}, line {begins}: {error}") from None


def _raise_cause(path: str | Path, width: int, delimiter: str) -> None:
    rows = 0
    for line, cells in _rows(path, delimiter):
        rows += 1
        if len(cells) != width:
            hint = "; is a quote left open?" if any("\n" in cell for cell in cells) else ""
            raise ValueError(f"{path}, line {line}: {len(cells)} cells, but the header has {width}{hint}")
    if rows == 1:
        raise ValueError(f"{path} has a header but no rows")


def _line_not_utf8(path: str | Path) -> int:
    with _opened(path) as plain:
        for number, line in enumerate(plain, start=1):
            try:
                line.decode()
            except UnicodeDecodeError:
                return number
    raise ValueError(f"{path} is UTF-8 text")


@contextmanager
def _opened(path: str | Path) -> Iterator:
    with open(path, "rb") as raw, gzip.open(raw) if _is_gzip(path) else raw as plain:
        yield plain


def _is_gzip(path: str | Path) -> bool:
    with open(path, "rb") as file:
        return file.read(2) == GZIP
