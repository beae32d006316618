"""One Arrow column becomes one NumPy array: float64 for numbers, texts for categories.

An empty cell is NaN among numbers and "" among texts; a NaN or an infinity written in the file is refused,
so a NaN in a table always means "empty".
"""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class BadCellError(ValueError):
    """A cell that its column may not hold; `row` counts the data rows from 0."""

    def __init__(self, row: int, message: str):
        super().__init__(message)
        self.row = row


def typed(column: pa.ChunkedArray, kind: str | None) -> np.ndarray:
    """float64[rows] or object[rows] of str; `kind` None means: find out from the cells.

    Raises: BadCellError for a NaN or an infinity, and for a text where kind is "numeric".
    """
    if kind == "category":
        return texts(column)
    if _is_number(column.type):
        return numbers(column)
    if pa.types.is_boolean(column.type):
        return texts(column)
    filled = _empty_as_null(column)
    if kind == "numeric":
        return numbers(filled)
    return numbers(filled) if filled.null_count < len(filled) and _castable(filled) else texts(column)


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """float64[rows], NaN where the cell is null. Raises: BadCellError for a text, a NaN or an infinity."""
    if not _castable(column):
        row = _first_uncastable(column)
        raise BadCellError(row, f"{column[row].as_py()!r} is not a number")
    values = pc.cast(column, pa.float64())
    finite = pc.fill_null(pc.is_finite(values), True).to_numpy()
    if not finite.all():
        row = int(np.argmin(finite))
        raise BadCellError(row, f"{column[row].as_py()} is not a finite number; leave the cell empty if it is unknown")
    return values.to_numpy()


def texts(column: pa.ChunkedArray) -> np.ndarray:
    """object[rows] of str, "" where the cell is null; equal texts share one object."""
    encoded = pc.fill_null(pc.cast(column, pa.string()), "").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks()
    return np.array(encoded.dictionary.to_pylist(), dtype=object)[encoded.indices.to_numpy()]


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _empty_as_null(column: pa.ChunkedArray) -> pa.ChunkedArray:
    trimmed = pc.utf8_trim_whitespace(pc.cast(column, pa.string()))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _castable(column: pa.ChunkedArray) -> bool:
    try:
        pc.cast(column, pa.float64(), safe=False)  # safe would refuse integers over 2**53
    except pa.ArrowInvalid:
        return False
    return True


def _first_uncastable(column: pa.ChunkedArray) -> int:
    first, end = 0, len(column)  # the first bad cell is in column[first:end]; halve until one is left
    while end - first > 1:
        middle = (first + end) // 2
        if _castable(column[first:middle]):
            first = middle
        else:
            end = middle
    return first
