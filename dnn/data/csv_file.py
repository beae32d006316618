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
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from dnn.data.sources import Contents
from dnn.data.table import plural
from dnn.data.typed_columns import WORDS, are_plain, types_of
from dnn.data.unpacked import BLOCK, Counted, plain_bytes

UTF_8 = "utf-8-sig"
LONGEST_ROW = 1 << 22  # bytes, for Arrow; 4 MB
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
            if isinstance(error, UnicodeError) or "UTF8" in str(error):
                raise ValueError(f"{self.path} is not {self.encoding} text: {error}") from None
            self._raise_cause()
            if "straddl" in str(error):
                limit = f"longer than {LONGEST_ROW >> 20} MB"
                raise ValueError(f"{self.path}: a row is {limit}; is a quote left open?") from None
            raise ValueError(f"{self.path}: {str(error).splitlines()[0]}") from None
        return Contents(self._named(stored), {}, list(self.notes), self.delimiter)

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
        encoding = "utf8" if self.encoding == UTF_8 else self.encoding
        one = len(self.header) == 1  # a blank line is a row of one empty cell
        plain = pa.input_stream(str(self.path), compression=self.compression) if head is None else pa.BufferReader(head)
        counted = Counted(plain, self.path, self.max_bytes, self.delimiter)
        columns = {name: types.get(name.strip(), pa.string()) for name in self.header}
        stored = pa.csv.read_csv(
            pa.PythonFile(counted, mode="r"),
            read_options=pa.csv.ReadOptions(block_size=LONGEST_ROW, skip_rows=self.line - 1, encoding=encoding),
            parse_options=pa.csv.ParseOptions(
                delimiter=self.delimiter, newlines_in_values=quotes, ignore_empty_lines=not one
            ),
            convert_options=pa.csv.ConvertOptions(column_types=columns, null_values=[""]),
        )
        if counted.quoted and not quotes:
            raise pa.ArrowInvalid("a quote, and perhaps a line break after it")
        return stored

    def _named(self, stored: pa.Table) -> pa.Table:
        """Leave out the columns without a name: the first, and empty ones at the end."""
        for number, name in enumerate(self.header[1:], start=1):
            if not name.strip():
                filled = pc.not_equal(pc.utf8_trim_whitespace(stored.column(number)), "")
                row = pc.index(filled, True).as_py()
                if row >= 0:
                    where, cell = self.location(row), stored.column(number)[row].as_py()
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


def cp1252_note(plain: io.BufferedReader, path: str | Path) -> str:
    """Return what to tell of a file that is not UTF-8 and is read as cp1252.

    Raises:
        ValueError: If it is neither, or some lines are UTF-8, beyond ASCII.
    """
    line, utf_8, is_cp1252 = _line_not_utf8(plain)
    if utf_8:
        raise ValueError(f"{path}, line {line}: not UTF-8 text, though line {utf_8} is; --encoding names the encoding")
    if not is_cp1252:
        raise ValueError(f"{path}, line {line}: not UTF-8 text, nor cp1252; --encoding names the encoding")
    return f"{Path(path).name}: not UTF-8 (line {line}); read as cp1252; --encoding names another"


def _line_not_utf8(plain: io.BufferedReader) -> tuple[int, int, bool]:
    """Return the first line that is not UTF-8, a former one that is, not ASCII, or 0, and whether it is cp1252."""
    utf_8 = 0
    for number, line in enumerate(iter(lambda: plain.readline(LONGEST_ROW), b""), start=1):
        if not line.isascii():
            if not _decodes(line, "utf-8"):
                return number, utf_8, _decodes(line, "cp1252")
            utf_8 = number
    raise ValueError("the file changed while it was read")


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
