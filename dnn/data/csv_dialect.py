"""How a CSV file is written: its compression, encoding, delimiter and header, found in its first bytes and rows."""

import codecs
import io
import re
import zlib
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

import pyarrow as pa

from dnn.data.csv_encoding import cp1252_note
from dnn.data.csv_file import UTF_8, BadQuoteError, CsvFile, rows_of
from dnn.data.header import header_notes
from dnn.data.notation import notations_of
from dnn.data.options import ReadOptions, is_delimiter
from dnn.data.table import MARKERS
from dnn.data.unpacked import plain_bytes

DELIMITERS = ",;\t|"
GZIP = b"\x1f\x8b"
HEAD = 1 << 16  # bytes
SAMPLE_ROWS, SAMPLE_CELLS = 100, 20_000
BYTE_ORDER_MARKS = {codecs.BOM_UTF32_LE: "utf-32", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


class Cut(NamedTuple):
    """The first rows, cut at a delimiter. clean: every quoted name ends at one. line: where the header begins."""

    delimiter: str
    clean: bool
    line: int
    names: list[str]
    rows: list[list[str]]


def sniff_csv(file: io.BufferedReader, path: str | Path, options: ReadOptions) -> CsvFile:
    """Find the compression, the encoding, the delimiter and the header of an open file.

    The delimiter is the one at which the header and the first rows are cut into equally many cells; of several, the one
    that leaves most columns of numbers, and fewest other delimiters in names and cells.

    Raises:
        ValueError: If there is no header, or it looks like data, a name is there twice, or one is missing.
    """
    compression: Literal["gzip"] | None = "gzip" if file.peek(2)[:2] == GZIP else None
    try:
        with plain_bytes(file, compression, path, options.max_bytes) as plain:
            encoding, note = _text_encoding(plain, path, options.encoding)
            text = io.TextIOWrapper(plain, encoding=encoding or UTF_8, newline="")
            cut = _best_cut(text, path, options.delimiter)
    except UnicodeError:
        which = f"{options.encoding} text" if options.encoding else "UTF-8 text, nor cp1252"
        raise ValueError(f"{path}: not {which}; --encoding names the encoding") from None
    except (EOFError, OSError, zlib.error) as error:
        raise ValueError(f"{path}, line 1: {error}") from None
    if not cut.names:
        raise ValueError(f"{path} is empty")
    notes = header_notes(cut.names, cut.rows, f"{path}, line {cut.line}", Path(path).name)
    notes = [note, *notes] if note else notes
    written = cut.delimiter, compression, encoding or UTF_8, encoding != ""
    return CsvFile(path, cut.names, cut.line, *written, tuple(notes), options.max_bytes)


def _text_encoding(plain: io.BufferedReader, path: str | Path, asked: str | None) -> tuple[str, str]:
    """Return the encoding, "" for UTF-8 as far as one sees, and what to tell of it."""
    head = plain.read(HEAD)
    plain.seek(0)
    for mark, encoding in BYTE_ORDER_MARKS.items():
        if head.startswith(mark) and codecs.lookup(asked or encoding).name.startswith(encoding):
            return encoding, ""
    if asked:
        return UTF_8 if codecs.lookup(asked).name == "utf-8" else asked, ""
    if b"\0" in head.partition(b"\n")[0]:
        raise ValueError(f"{path}, line 1: NUL bytes; is it UTF-16, without a byte-order mark? --encoding utf-16-le")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head, final=len(head) < HEAD)
    except UnicodeDecodeError:
        note = cp1252_note(plain, path)
        plain.seek(0)
        return "cp1252", note
    return "", ""


def _best_cut(text: io.TextIOWrapper, path: str | Path, delimiter: str | None) -> Cut:
    """Cut the first rows at each delimiter, and take the best."""
    text.seek(0)
    said = re.fullmatch(r'"?sep=(.)"?\s*', text.readline(HEAD))  # Excel's own first line
    asked = delimiter or (said[1] if said else None)
    if asked and not is_delimiter(asked):
        raise ValueError(
            f"{path}, line 1: {asked!r} is no delimiter: one is an ASCII character, no quote or line break"
        )
    cuts = [_cut(text, path, one, skip=1 if said else 0) for one in asked or DELIMITERS]
    highest = max(map(_agreement, cuts))
    tied = [cut for cut in cuts if _agreement(cut) == highest]
    if all(len(cut.names) == 1 for cut in tied):  # a header without a delimiter: the file has one column
        return max(tied, key=lambda cut: sum(len(cells) == 1 for cells in cut.rows))
    best = tied[0] if len(tied) == 1 else max(tied, key=_tidiness)
    narrow = [cut for cut in cuts if len(cut.names) == 1]
    if asked is None and narrow and _is_one_column(best):
        return narrow[0]
    return best


def _cut(text: io.TextIOWrapper, path: str | Path, delimiter: str, *, skip: int) -> Cut:
    """Cut the header and the first rows. `"a, gross";"b"` is not clean at its comma, but at its semicolon."""
    try:
        line, names = next(rows_of(text, path, delimiter, skip=skip, strict=True), (0, []))
        clean = True
    except BadQuoteError:
        line, names = next(rows_of(text, path, delimiter, skip=skip), (0, []))
        clean = False
    count = max(3, min(SAMPLE_ROWS, SAMPLE_CELLS // max(1, len(names))))
    rows = []
    try:
        for _, cells in islice(rows_of(text, path, delimiter, skip=skip), 1, count):
            rows.append(cells)
    except BadQuoteError:
        pass  # told with its line when the rows are read
    return Cut(delimiter, clean, line, names, rows)


def _agreement(cut: Cut) -> tuple[float, ...]:
    """How well the rows agree with the header: the greater, the better."""
    width = len(cut.names)
    agreeing = sum(len(cells) == width for cells in cut.rows) / len(cut.rows) if cut.rows else 1.0
    wide = width > 1
    return cut.clean, wide and agreeing > 0, wide * agreeing


def _tidiness(cut: Cut) -> tuple[float, ...]:
    """The share of numeric columns, how few have other delimiters within, and how many there are."""
    width = len(cut.names)
    columns = list(zip(*(cells for cells in cut.rows if len(cells) == width), strict=True)) or [()] * width
    numbers = sum(map(_is_numeric, columns)) / width if width else 0
    others = "".join(set(DELIMITERS) - {cut.delimiter})
    unclean = sum(_is_unclean(name, cells, others) for name, cells in zip(cut.names, columns, strict=True))
    return numbers, -unclean, width


def _is_numeric(cells: tuple[str, ...]) -> bool:
    filled = [cell.strip() for cell in cells if cell.strip() not in ("", *MARKERS)]
    return bool(filled) and bool(notations_of(pa.array(filled)))


def _is_unclean(name: str, cells: tuple[str, ...], others: str) -> bool:
    return name.startswith(" ") or any(other in text for other in others for text in (name, *cells))


def _is_one_column(cut: Cut) -> bool:
    """Whether a name such as "Age, in years" was cut, and no row."""
    return len(cut.rows) > 1 and all(len(c) == 1 for c in cut.rows) and any(n.startswith(" ") for n in cut.names)
