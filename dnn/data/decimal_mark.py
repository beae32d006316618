"""Whether 1,234 is more than a thousand or a little more than one.

It is asked for, or seen in other columns, or guessed from the delimiter.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.notation import decimal_of, explained, fits, parse
from dnn.data.options import Decimal, Notation, ReadOptions
from dnn.data.text_cells import Strings, encode

SAMPLE = 1_000  # cells


class DecimalMark(NamedTuple):
    """The decimal mark of a file. reason: why it is assumed, "" if nothing shows it. sure: asked for, or seen."""

    mark: Decimal
    reason: str
    sure: bool


def decimal_mark(
    texts: Iterable[Strings], plain: Iterable[pa.ChunkedArray], options: ReadOptions, delimiter: str
) -> DecimalMark:
    """Find the decimal mark of a file.

    Args:
        texts: The columns that are not all plain numbers.
        plain: The columns of text that are.
        options: What was asked for.
        delimiter: Between the cells, "" if there is none.
    """
    if options.decimal:
        return DecimalMark(options.decimal, "it was asked for", True)
    texts = list(texts)
    marks = [{decimal_of(notation) for notation in strings.notations if notation != "plain"} for strings in texts]
    seen = {mark for possible in marks if len(possible) == 1 for mark in possible}
    marked = (cells_of(strings) for strings in texts if strings.notations == ["plain"])
    if any(marks) and any(has_decimal_point(column) for column in (*plain, *marked)):
        seen.add(".")
    if len(seen) == 1:
        mark = seen.pop()
        return DecimalMark(mark, f"other columns have a decimal {'comma' if mark == ',' else 'point'}", True)
    return DecimalMark("," if delimiter == ";" else ".", f"the delimiter is {delimiter!r}", False)


def cells_of(strings: Strings) -> pa.ChunkedArray:
    """Return the different cells of a column that are neither empty nor markers."""
    return pa.chunked_array([strings.unmarked])


def has_decimal_point(column: pa.ChunkedArray) -> bool:
    """Whether a column of plain numbers has one like 12.5, which is no thousands separator."""
    return any(len(one) and not _all(one, "1.234,5") for one in map(_dotted, (column[:SAMPLE], column)))


def with_thousands(column: pa.ChunkedArray) -> Strings | None:
    """Return a column of plain numbers, 1.234 and 12.000, that may have thousands separators; None for others."""
    if has_decimal_point(column[:SAMPLE]) or has_decimal_point(column) or not len(_dotted(column)):
        return None
    return encode(column, ())


def assumed(strings: Strings, notation: Notation, decimal: DecimalMark) -> str:
    """Return why one of two notations was taken, and what chooses the other; "" if there are not two."""
    others = [one for one in strings.notations if decimal_of(one) != decimal_of(notation)]
    if decimal.reason == "it was asked for" or not others or _same(strings.unmarked, notation, others[0]):
        return ""
    return f"; assumed, since {decimal.reason}: --decimal {decimal_of(others[0])} reads {explained(others[0])}"


def _same(strings: pa.Array, one: Notation, other: Notation) -> bool:
    return np.array_equal(parse(strings, one).to_numpy(), parse(strings, other).to_numpy())


def _dotted(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.filter(pc.match_substring(column, "."))


def _all(strings: pa.ChunkedArray, notation: Notation) -> bool:
    return bool(pc.all(fits(pc.utf8_trim_whitespace(strings), notation)).as_py())
