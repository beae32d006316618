"""One Arrow column becomes one NumPy array: float64 for numbers, texts for categories.

An empty cell is NaN among numbers and "" among texts; a NaN or an infinity written in the file is refused,
so a NaN in a table always means "empty".
"""

from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc


class BadCellError(ValueError):
    """A cell that its column may not hold; `row` counts the data rows from 0."""

    def __init__(self, row: int, message: str):
        super().__init__(message)
        self.row = row


def typed(column: pa.ChunkedArray, kind: Literal["numeric", "category"]) -> np.ndarray:
    """`numbers` or `texts`. Raises: as they do."""
    return numbers(column) if kind == "numeric" else texts(column)


def kind_of_texts(column: pa.ChunkedArray) -> Literal["numeric", "category"]:
    """The kind of a column of texts: "numeric" if it has a number, and nothing but numbers and empty cells."""
    found = 0
    for chunk in column.chunks:  # one at a time: a column of words is told by its first chunk
        filled = _empty_as_null(chunk)
        if not _castable(filled):
            return "category"
        found += len(filled) - filled.null_count
    return "numeric" if found else "category"


def kind_of_values(column: pa.ChunkedArray) -> Literal["numeric", "category"]:
    """The kind of a column whose file says what it holds: "numeric" for integers, floats and decimals."""
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    return "numeric" if _is_number(kind) else "category"


def numbers(column: pa.ChunkedArray) -> np.ndarray:
    """float64[rows], NaN where the cell is empty; an integer beyond 2⁵³ is rounded.

    Raises: BadCellError for what is no number, a NaN or an infinity; ValueError as `texts`.
    """
    filled = column if _is_number(column.type) else _empty_as_null(column)
    if not _castable(filled):
        row = _first_uncastable(filled)
        raise BadCellError(row, f"{filled[row].as_py()!r} is not a number")
    values = _cast(filled)
    finite = pc.fill_null(pc.is_finite(values), True).to_numpy()
    if not finite.all():
        row = int(np.argmin(finite))
        raise BadCellError(row, f"{filled[row].as_py()} is not a finite number; leave the cell empty if it is unknown")
    return values.to_numpy()


def texts(column: pa.ChunkedArray) -> np.ndarray:
    """object[rows] of str, "" where the cell is null; equal texts share one object.

    Raises: ValueError for a column of lists, of structs, or of what cannot be written as text.
    """
    encoded = pc.fill_null(_as_strings(column), "").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # of more than 2 GB of text
        encoded = encoded.combine_chunks()
    return np.array(encoded.dictionary.to_pylist(), dtype=object)[encoded.indices.to_numpy()]


def _is_number(kind: pa.DataType) -> bool:
    return pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)


def _empty_as_null(column):
    trimmed = pc.utf8_trim_whitespace(_as_strings(column))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _as_strings(column):
    if pa.types.is_nested(column.type):
        raise ValueError(f"it holds {column.type}, not one value in a cell")
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException as error:  # bytes that are not UTF-8, say
        raise ValueError(f"it holds {column.type} that cannot be written as text: {error}") from None


def _castable(column) -> bool:
    try:
        _cast(column)
    except pa.ArrowInvalid:
        return False
    return True


def _cast(column):
    return pc.cast(column, pa.float64(), safe=False)  # safe would refuse integers beyond 2⁵³


def _first_uncastable(column: pa.ChunkedArray) -> int:
    first, end = 0, len(column)  # the first bad cell is in column[first:end]; halve until one is left
    while end - first > 1:
        middle = (first + end) // 2
        if _castable(column[first:middle]):
            first = middle
        else:
            end = middle
    return first
