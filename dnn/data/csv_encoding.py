"""What is told of a CSV file that is not UTF-8 text: the line that is not, and whether it may be cp1252."""

import io
from pathlib import Path

LONGEST_ROW = 1 << 22  # bytes, for Arrow; 4 MB


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
