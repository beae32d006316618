"""A CSV file as an Arrow table of strings, exactly as written, and the line of each of its rows.

Arrow reads the rows; the standard library's slower reader only reads the first rows, and finds the line number for an
error message.
"""

import csv
import io
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from dnn.data.csv_encoding import LONGEST_ROW as LONGEST_ROW
from dnn.data.csv_encoding import cp1252_note
from dnn.data.sources import Contents
from dnn.data.table import plural
from dnn.data.typed_columns import WORDS, are_plain, types_of
from dnn.data.unpacked import BLOCK, Counted, plain_bytes

UTF_8 = "utf-8-sig"
LARGE = 1 << 23  # bytes of a file whose first rows are looked at, to read it faster
NO_TYPES: Mapping[str, pa.DataType] = MappingProxyType({})

csv.field_size_limit(max(csv.field_size_limit(), LONGEST_ROW))  # else it refuses at 128 KB what Arrow reads


class BadQuoteError(ValueError):
    """A quote that does not end at a delimiter, or not at all."""


@dataclass(frozen=True)
class CsvFile:
    """A CSV file, and what its first bytes and rows say; `read` does not look at them again.

    header: every name as written, "" for a column without one. line: where the header begins. sure: the encoding was
    asked for, or is told by the first bytes. max_bytes: of memory that it may take; None: 16 GB.
    """

    path: str | Path
    header: list[str]
    line: int
    delimiter: str
    compression: Literal["gzip"] | None
    encoding: str = UTF_8
    sure: bool = False
    notes: tuple[str, ...] = ()
    max_bytes: int | None = None

    @property
    def title(self) -> str:
        return str(self.path)

    @property
    def names(self) -> list[str]:
        return [name.strip() for name in self.header if name.strip()]

    def read(self, keep: Collection[str] = ()) -> Contents:
        """Return every named column as strings. Raises: ValueError if it is no table, with the line if known."""
        try:
            stored = self._stored()
        except (pa.ArrowException, OSError, UnicodeError) as error:
            if "UTF8" in str(error) and not self.sure:
                return as_cp1252(self).read()
            raise self._told(error) from None
        return self.contents(stored)

    def blocks(self, rows: int) -> Iterator[pa.Table]:
        """Yield all columns as strings, at least so many rows at a time but the last, in bounded memory.

        Raises:
            ValueError: As `read`, where it gets to it; and for text beyond the first 64 KB that is not UTF-8.
        """
        batches: list[pa.RecordBatch] = []
        try:
            for batch in pa.csv.open_csv(pa.input_stream(str(self.path), self.compression), **self._options()):
                batches.append(batch)
                if sum(each.num_rows for each in batches) >= rows:
                    yield pa.Table.from_batches(batches)
                    batches = []
        except (pa.ArrowException, OSError, UnicodeError) as error:
            if "UTF8" in str(error) and not self.sure:
                as_cp1252(self)  # tells where it is neither
                raise ValueError(f"{self.path} is not UTF-8 text throughout; --encoding cp1252 reads it") from None
            raise self._told(error) from None
        if any(batch.num_rows for batch in batches):
            yield pa.Table.from_batches(batches)

    def contents(self, stored: pa.Table, keep: Collection[str] = (), first: int = 0) -> Contents:
        """Return what columns of strings hold, of rows from `first` on."""
        return Contents(self._named(stored, first), {}, list(self.notes), self.delimiter)

    def location(self, row: int) -> str:
        """Return "line 17", where data row `row` (from 0) begins; quoted line breaks and blank lines count as lines."""
        if self._rows_are_lines(self.line + row):
            return f"line {self.line + row + 1}"
        for number, (line, _) in enumerate(self._rows()):
            if number == row + 1:  # the header is row 0 of the file
                return f"line {line}"
        raise IndexError(f"{self.path} has no data row {row}")

    def read_typed(self, numbers: Collection[str], words: Collection[str]) -> Contents | None:
        """Return a large file with those columns converted whose first rows allow it; None if text is needed."""
        if Path(self.path).stat().st_size < LARGE or self.encoding not in (UTF_8, "cp1252"):
            return None
        try:
            head = self._head()
            types = types_of(self._named(self._stored(head=head)), numbers, words)
            stored = self._named(self._stored(types, quotes=b'"' in head)) if types else None
        except (pa.ArrowException, OSError, UnicodeError):  # is told when it is read as text
            return None
        if stored is None or not are_plain(stored):
            return None
        encoded = frozenset(name for name, stored_as in types.items() if stored_as == WORDS)
        return Contents(stored, {}, list(self.notes), self.delimiter, encoded=encoded)

    def _head(self) -> bytes:
        """Return the first rows of a large file."""
        with pa.input_stream(str(self.path), compression=self.compression) as plain:
            return bytes(plain.read(min(LARGE, LONGEST_ROW)).rpartition(b"\n")[0] + b"\n")

    def _stored(
        self, types: Mapping[str, pa.DataType] = NO_TYPES, *, head: bytes | None = None, quotes: bool = True
    ) -> pa.Table:
        """Return all columns, by default as strings, of the file or its head; without quotes it is parted faster."""
        plain = pa.input_stream(str(self.path), compression=self.compression) if head is None else pa.BufferReader(head)
        numbers = list(types.values()).count(pa.float64()) / len(self.header)
        counted = Counted(plain, self.path, self.max_bytes, self.delimiter, numbers)
        stored = pa.csv.read_csv(pa.PythonFile(counted, mode="r"), **self._options(types, quotes))
        if counted.quoted and not quotes:
            raise pa.ArrowInvalid("a quote, and perhaps a line break after it")
        return stored

    def _options(self, types: Mapping[str, pa.DataType] = NO_TYPES, quotes: bool = True) -> dict[str, Any]:
        """Return how Arrow is to read the rows; a column that is not in `types` is strings."""
        encoding = "utf8" if self.encoding == UTF_8 else self.encoding
        one = len(self.header) == 1  # a blank line is a row of one empty cell
        columns = {name: types.get(name.strip(), pa.string()) for name in self.header}
        return {
            "read_options": pa.csv.ReadOptions(block_size=LONGEST_ROW, skip_rows=self.line - 1, encoding=encoding),
            "parse_options": pa.csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=quotes, ignore_empty_lines=not one
            ),
            "convert_options": pa.csv.ConvertOptions(column_types=columns, null_values=[""]),
        }

    def _told(self, error: Exception) -> ValueError:
        """Return what to raise in place of what Arrow says. Raises: ValueError, if its line and cause are found."""
        if isinstance(error, UnicodeError) or "UTF8" in str(error):
            return ValueError(f"{self.path} is not {self.encoding} text: {error}")
        self._raise_cause()
        if "straddl" in str(error):
            return ValueError(f"{self.path}: a row is longer than {LONGEST_ROW >> 20} MB; is a quote left open?")
        return ValueError(f"{self.path}: {str(error).splitlines()[0]}")

    def _named(self, stored: pa.Table, first: int = 0) -> pa.Table:
        """Leave out the columns without a name: the first, and empty ones at the end."""
        for number, name in enumerate(self.header[1:], start=1):
            if not name.strip():
                filled = pc.not_equal(pc.utf8_trim_whitespace(stored.column(number)), "")
                row = pc.index(filled, True).as_py()
                if row >= 0:
                    where, cell = self.location(first + row), stored.column(number)[row].as_py()
                    cause = f"column {number + 1} has no name, but cells, {cell!r} say; name it in the header"
                    raise ValueError(f"{self.path}, {where}: {cause}")
        kept = [number for number, name in enumerate(self.header) if name.strip()]
        return stored.select(kept).rename_columns(self.names)

    def _rows_are_lines(self, lines: int) -> bool:
        """Whether the first lines have no quotes and no blank line, so that the reader below need not look at them."""
        if self.encoding not in (UTF_8, "cp1252") or self.compression:
            return False
        with open(self.path, "rb") as file:
            while block := file.read(BLOCK):
                block += file.readline()
                if any(sign in block for sign in (b'"', b"\n\n", b"\n\r")) or block.count(b"\r") != block.count(
                    b"\r\n"
                ):
                    return False
                lines -= block.count(b"\n")
                if lines <= 0:
                    return True
        return False

    def _raise_cause(self) -> None:
        rows, width = 0, len(self.header)
        for line, cells in self._rows():
            rows += 1
            if len(cells) != width:
                count = f"{plural(len(cells), 'cell')}, but the header has {width}"
                raise ValueError(f"{self.path}, line {line}: {count}{_hint(cells, width)}")
        if rows == 1:
            raise ValueError(f"{self.path} has a header but no rows")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        blank = len(self.header) == 1
        with open(self.path, "rb") as file, plain_bytes(file, self.compression, self.path, self.max_bytes) as plain:
            text = io.TextIOWrapper(plain, encoding=self.encoding, errors="surrogateescape", newline="")
            yield from rows_of(text, self.path, self.delimiter, skip=self.line - 1, blank=blank)


def _hint(cells: list[str], width: int) -> str:
    if any("\n" in cell for cell in cells):
        return "; is a quote left open?"
    if len(cells) != width + 1:
        return ""
    if not cells[-1].strip():
        return "; is there a delimiter at the end of the line?"
    return "; is the first column's name missing, as R writes it, or a comma in a cell without quotes?"


def rows_of(
    text: io.TextIOWrapper,
    path: str | Path,
    delimiter: str,
    *,
    skip: int = 0,
    blank: bool = False,
    strict: bool = False,
) -> Iterator[tuple[int, list[str]]]:
    """Yield (the line where it begins, its cells) of each row; `blank`: a blank line is one. Raises: ValueError."""
    text.seek(0)
    for _ in range(skip):
        text.readline(LONGEST_ROW)
    reader = csv.reader(_lines(text), delimiter=delimiter, strict=strict)
    begins = skip + 1
    try:
        for cells in reader:
            if cells or blank:
                yield begins, cells or [""]
            begins = skip + reader.line_num + 1
    except csv.Error as error:
        raise BadQuoteError(f"{path}, line {begins}: {error}; is a quote left open?") from None
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}, line {begins}: {error}") from None


def _lines(text: io.TextIOWrapper) -> Iterator[str]:
    """Yield the lines. Raises: csv.Error for one so long that Arrow would not read it, and memory may not hold it."""
    while line := text.readline(LONGEST_ROW):
        if len(line) == LONGEST_ROW:
            raise csv.Error(f"a row is longer than {LONGEST_ROW >> 20} MB")
        yield line


def as_cp1252(source: CsvFile) -> CsvFile:
    """Return a file that is not UTF-8, to be read as cp1252. Raises: ValueError as `cp1252_note`."""
    with open(source.path, "rb") as file, plain_bytes(file, source.compression, source.path, source.max_bytes) as plain:
        note = cp1252_note(plain, source.path)
    return replace(source, encoding="cp1252", sure=True, notes=(note, *source.notes))
