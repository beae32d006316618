"""Text of users' files that would act where it is shown: control characters in a terminal, formulas in a spreadsheet.

Control characters are shown escaped in all that goes out: lines (`dnn.report.screen.say`), errors (`dnn.startup`), the
command's own lines (`dnn.cli`), the log of `dnn`, pages and their pictures (`dnn.pages`, `dnn.inspection`), tables of
notebooks (`dnn.nn.html_table`). Formulas get an apostrophe in the CSV files that are written.
"""

import logging
import re
import unicodedata

DIRECTIONS = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")
_PLAIN = re.compile(r"[ -~]*")

# of CWE-1236, in the words that Python's re and Arrow's RE2 share
FORMULA = "^[=+@\t\r\n\uff1d\uff0b\uff0d\uff20-]"
NUMBER = r"^[+-]?([0-9][0-9., ']*|[.,][0-9]+)([eE][+-]?[0-9]+)? ?%?$"


def without_control(line: str) -> str:
    """Return one line with control characters, and those that turn the direction of writing, as Python escapes them.

    >>> without_control("\\x1b[31mred")
    '\\\\x1b[31mred'
    """
    if _PLAIN.fullmatch(line):
        return line
    return "".join(_escaped(sign) if _steers(sign) else sign for sign in line)


def plain_lines(text: str) -> str:
    r"""Return the same of text whose line breaks, "\n", stay."""
    return "\n".join(map(without_control, text.split("\n")))


def has_control(text: str) -> bool:
    """Whether a text has such characters, or a line break."""
    return not _PLAIN.fullmatch(text) and any(map(_steers, text))


def without_formula(text: str) -> str:
    """Return a text of a CSV file with an apostrophe before it if a spreadsheet would run it; a number stays.

    >>> [without_formula(text) for text in ("=1+1", "-1.5", "@cmd", "<=50K")]
    ["'=1+1", '-1.5', "'@cmd", '<=50K']
    """
    return f"'{text}" if re.match(FORMULA, text) and not re.match(NUMBER, text) else text


def escape_record(record: logging.LogRecord) -> bool:
    """Be a filter of a logger, which escapes control characters in a record; without any, it stays as it is."""
    message = record.getMessage()
    if has_control(message):
        record.msg, record.args = without_control(message), None
    return True


def _steers(sign: str) -> bool:
    """Whether a sign is a control character, a line break, half a pair, or turns the direction of writing."""
    return unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") or sign in DIRECTIONS


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")
