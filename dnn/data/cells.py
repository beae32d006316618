"""One Arrow column becomes one NumPy array: float64 for numbers, strings for categories.

An empty cell is NaN among numbers and "" among strings. A NaN or an infinity written in the file is refused,
so a NaN in a table always means "empty".
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.table import Column, Kind


class BadCellError(ValueError):
    """A cell that its column must not hold; `row` counts the data rows from 0."""

    def __init__(self, row: int, message: str) -> None:
        super().__init__(message)
        self.row = row


def convert(column: pa.ChunkedArray, kind: Kind | None = None) -> Column:
    """Convert a column to the numbers or the strings that it holds.

    Args:
        column: [rows] of strings or of any other Arrow type.
        kind: "numeric" or "category"; None finds out: numeric if at least one cell is a number and the others are
            numbers or empty.

    Returns:
        float64[rows] with NaN for an empty cell, or object[rows] of str. An integer beyond 2⁵³ is rounded.

    Raises:
        BadCellError: If a cell of a numeric column is not a number, or is a NaN or an infinity.
        ValueError: For lists, structs, or bytes that cannot be decoded.
    """
    if kind == "category":
        return strings(column)
    try:
        values = _as_float64(column)
    except pa.ArrowInvalid:
        if kind == "numeric":
            raise _not_a_number(column) from None
        return strings(column)
    if kind is None and values.null_count == len(values):
        return strings(column)
    return _checked_finite(values, column)


def kind_of_type(stored: pa.DataType) -> Kind:
    """Return the kind of a column whose file says what it holds: integers, floats and decimals are numeric."""
    return "numeric" if _is_number(stored.value_type if pa.types.is_dictionary(stored) else stored) else "category"


def strings(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return object[rows] of str, "" where the cell is null; equal strings share one object.

    Raises:
        ValueError: For lists, structs, or bytes that cannot be decoded.
    """
    encoded = pc.fill_null(_as_strings(column), "").combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):  # of more than 2 GB of text
        encoded = encoded.combine_chunks()
    return np.array(encoded.dictionary.to_pylist(), dtype=object)[encoded.indices.to_numpy()]


def _as_float64(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Cast a column chunk by chunk: a column of words fails at its first chunk."""
    # a safe cast would refuse integers beyond 2⁵³
    chunks = [pc.cast(_trimmed(chunk), pa.float64(), safe=False) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.float64())


def _checked_finite(values: pa.ChunkedArray, column: pa.ChunkedArray) -> npt.NDArray[np.float64]:
    finite = pc.fill_null(pc.is_finite(values), True).to_numpy()
    if not finite.all():
        row = int(np.argmin(finite))
        cell = _trimmed(column)[row].as_py()
        raise BadCellError(row, f"{cell} is not a finite number; leave the cell empty if it is unknown")
    return values.to_numpy()


def _trimmed(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    """Return numbers as they are, and all else as strings without the white space around them, null if empty."""
    if _is_number(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(_as_strings(column))
    return pc.if_else(pc.equal(trimmed, ""), pa.scalar(None, pa.string()), trimmed)


def _as_strings(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_nested(column.type):
        raise ValueError(f"each cell must be one value, got {column.type}")
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException as error:  # bytes that are not UTF-8, say
        raise ValueError(f"its {column.type} cannot be converted to strings: {error}") from None


def _is_number(stored: pa.DataType) -> bool:
    return pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored)


def _not_a_number(column: pa.ChunkedArray) -> BadCellError:
    """Find the first cell that cannot be cast: halve the rows that hold it until one is left."""
    first, end = 0, len(column)
    while end - first > 1:
        middle = (first + end) // 2
        try:
            _as_float64(column[first:middle])
        except pa.ArrowInvalid:
            end = middle
        else:
            first = middle
    return BadCellError(first, f"{_trimmed(column)[first].as_py()!r} is not a number")
