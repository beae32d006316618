"""Numbers as people write them: 1,234.50 and € 1.234,50, 1 234, (5), 5- and 12.3 %; a column has one notation."""

import re
from typing import get_args

import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.options import Decimal, Notation

SPACES = " \u00a0\u2009\u202f"  # between thousands: space, no-break, thin, narrow no-break
CURRENCIES = "$€£¥"
NOTATIONS: tuple[Notation, ...] = get_args(Notation)
ACCOUNTANTS = r"\)|[−-]$"  # of a number: (5) and 5- are -5
SAMPLE = 100  # strings to look at before all


def notations_of(strings: pa.Array) -> list[Notation]:
    """Return the notations in which each of some strings is a number.

    Args:
        strings: string[any], trimmed, none of them empty.

    Returns:
        "plain" alone if they are; none for words; two for strings such as 1,234 alone.
    """
    possible = list(NOTATIONS)
    for some in (strings[:SAMPLE], strings):
        possible = [notation for notation in possible if pc.all(fits(some, notation)).as_py()]
    return ["plain"] if "plain" in possible else possible


def are_numbers(strings: pa.Array) -> bool:
    """Whether each of some strings is a number in one notation or other."""
    matches = [fits(strings, notation) for notation in NOTATIONS]
    return all(map(any, zip(*(match.to_pylist() for match in matches), strict=True)))


def usual_notation(strings: pa.Array) -> Notation | None:
    """Return the notation in which most of some strings are numbers, None for words."""
    numbers = {notation: pc.sum(fits(strings, notation)).as_py() or 0 for notation in NOTATIONS}
    usual = max(NOTATIONS, key=numbers.__getitem__)
    return usual if 2 * numbers[usual] > len(strings) else None


def decimal_of(notation: Notation) -> Decimal:
    """Return the decimal mark of a notation."""
    return "," if notation.startswith("1.") else "."


def fits(strings: pa.Array, notation: Notation) -> pa.Array:
    """Return bool[strings]: whether each is a number in this notation."""
    return pc.match_substring_regex(strings, _pattern(notation))


def parse(strings: pa.Array, notation: Notation) -> pa.Array:
    """Return float64[strings], the number nearest to what is written, so 12.3% is 0.123, (5) and 5- are -5.

    Raises:
        pa.ArrowInvalid: If a string is not a number in this notation.
    """
    if notation == "plain":
        return pc.cast(strings, pa.float64(), safe=False)
    if not pc.all(fits(strings, notation)).as_py():
        raise pa.ArrowInvalid("another notation")
    unread = f"[{re.escape(notation[1])}{SPACES}'’{CURRENCIES}]"
    digits = pc.replace_substring(pc.replace_substring_regex(strings, unread, ""), ",", ".")
    digits = _with_sign_in_front(pc.replace_substring(digits, "−", "-"))
    return pc.cast(pc.replace_substring(digits, "%", "e-2"), pa.float64())


def explained(notation: Notation) -> str:
    """Return "numbers as in 1.234,5", for a message."""
    if notation == "plain":
        return "plain numbers"
    kind = "percentages" if notation.endswith("%") else "numbers"
    return f"{kind} as in {notation}"


def _with_sign_in_front(digits: pa.Array) -> pa.Array:
    """Return -5 for (5) and 5-, as accountants and SAP write it."""
    negative = pc.match_substring_regex(digits, ACCOUNTANTS)
    if not pc.any(negative).as_py():
        return digits
    amounts = pc.replace_substring_regex(digits, r"[()]|-$", "")
    return pc.binary_join_element_wise(pc.if_else(negative, "-", ""), amounts, "")


def _pattern(notation: Notation) -> str:
    if notation == "plain":
        return r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$|^[+-]?(?i:inf|infinity|nan)$"
    marks = (re.escape(notation[1]), f"[{SPACES}]", "['’]")
    groups = "|".join(f"[1-9]\\d{{0,2}}({mark}\\d{{3}})+" for mark in marks)
    decimal = re.escape(decimal_of(notation))
    digits = f"((\\d+|{groups})({decimal}\\d*)?|{decimal}\\d+)"
    if notation.endswith("%"):
        percent = f"[{SPACES}]*%"
        return f"^[+−-]?{digits}{percent}$|^{digits}{percent}[−-]$|^\\({digits}({percent}\\)|\\){percent})$"
    before, after = f"[{CURRENCIES}][{SPACES}]?", f"([{SPACES}]?[{CURRENCIES}])?"
    signed = f"^([+−-]?({before})?|{before}[+−-]){digits}([eE][+-]?\\d{{1,3}})?{after}$"
    return f"{signed}|^({before})?{digits}{after}[−-]$|^({before})?\\(({before})?{digits}{after}\\){after}$"
