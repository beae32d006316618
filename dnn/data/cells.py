"""One Arrow column becomes one NumPy array: float64 for numbers, strings for categories.

A missing cell is NaN among numbers and "" among strings; an infinity is refused. Strings that are not all numbers as
programs write them are left to `text_cells`.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from dnn.data.options import Origin
from dnn.data.table import Kind, is_nothing, numbers_of, shell_word
from dnn.data.text_cells import BadCellError, CellFinding, Strings, encode

Numbers: TypeAlias = npt.NDArray[np.float64]
SECONDS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
SAMPLE = 100  # cells
HOUR, DAY = 3_600, 86_400  # in seconds


def convert(column: pa.ChunkedArray, kind: Kind | None = None, *, missing: Sequence[str] = ()) -> Numbers | Strings:
    """Convert a column to numbers, or to strings that are not yet known to be a category.

    Args:
        column: [rows] of strings or of any other Arrow type.
        kind: "numeric" or "category"; None finds out.
        missing: Strings that mean an empty cell; those that are numbers do so among numbers.

    Returns:
        float64[rows] with NaN for a missing cell, or the strings. An integer beyond 2⁵³ is rounded.

    Raises:
        BadCellError: If a number is an infinity.
        ValueError: For lists, structs, or bytes that cannot be decoded.
    """
    column = _decoded(column)
    if kind == "category" or (kind is None and pa.types.is_boolean(column.type)):
        return encode(_as_strings(column), missing)
    if pa.types.is_boolean(column.type):
        column = pc.cast(column, pa.float64())
    if pa.types.is_temporal(column.type):
        return _without(missing, _days(column))
    try:
        values = _as_float64(column, missing)
    except pa.ArrowInvalid:
        return encode(_as_strings(column), missing)
    numbers = values.to_numpy()
    if kind is None and np.isnan(numbers).all():
        return encode(_as_strings(column), missing)
    return _without(missing, _checked_finite(numbers, lambda row: str(_trimmed(column)[row])))


def is_cast(column: pa.ChunkedArray) -> Numbers | None:
    """Return a column of strings as numbers, NaN where a cell is empty; None if one is not a plain number."""
    try:
        return np.asarray(_as_float64(column, ()).to_numpy())
    except pa.ArrowInvalid:
        return None


def as_text(column: pa.ChunkedArray) -> npt.NDArray[np.object_]:
    """Return the cells as object[rows] of str, as they are written; "" for a missing one. Raises: As `convert`."""
    return np.array(pc.fill_null(_as_strings(_decoded(column)), "").to_pylist(), object)


def kind_of_type(stored: pa.DataType) -> Kind:
    """Return the kind of a column whose source says what it holds: numbers, dates and times are numeric."""
    return "numeric" if _is_number(stored) or pa.types.is_temporal(stored) else "category"


def origin_of_type(stored: pa.DataType) -> Origin:
    """Return what the numbers are that a column of this type becomes: dates become days, which are no amounts."""
    if pa.types.is_dictionary(stored):
        stored = stored.value_type
    if not pa.types.is_temporal(stored):
        return "number"
    if pa.types.is_duration(stored):
        return "duration"
    return "time of day" if pa.types.is_time(stored) else "date"


def nan_markers(column: pa.ChunkedArray, numbers: Numbers) -> list[CellFinding]:
    """Tell of cells that are written "nan" among numbers; empty cells are no news."""
    nan = np.isnan(numbers)
    if not pa.types.is_string(column.type) or not nan.any():
        return []
    rows = np.flatnonzero(nan & pc.fill_null(pc.not_equal(column, ""), False).to_numpy())
    written = encode(column.take(pa.array(rows)), ())
    return [CellFinding(int(rows[row]), message) for row, message in written.told_markers()]


def told_codes(name: str, column: pa.ChunkedArray) -> list[CellFinding]:
    """Tell of zeros in front of numbers, which are lost; they are looked for in the first cells only."""
    if not pa.types.is_string(column.type):
        return []
    for row, cell in enumerate(column[:SAMPLE].to_pylist()):
        if (cell := (cell or "").strip())[:1] == "0" and cell[1:2].isdigit():
            remedy = f"if it is a code: --kind {shell_word(f'{name}=category')}"
            return [CellFinding(row, f"{cell!r} is read as {float(cell):g}; {remedy}")]
    return []


def _decoded(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of dictionaries, pandas' own as text. Raises: ValueError for lists and structs."""
    if pa.types.is_dictionary(column.type):
        stored = _viewless(column.type.value_type)
        texts = _of_pandas(stored) or pa.types.is_floating(stored)
        column = pa.chunked_array([_values(chunk) for chunk in column.chunks], pa.string() if texts else stored)
    if _of_pandas(column.type):
        column = pa.chunked_array([_pandas_texts(chunk) for chunk in column.chunks], pa.string())
    if pa.types.is_nested(column.type):
        raise ValueError(f"each cell must be one value, got {column.type}")
    return column


def _values(chunk: pa.DictionaryArray) -> pa.Array:
    """Return the values of a dictionary's cells, which Arrow itself decodes of few types."""
    if _of_pandas(chunk.type.value_type):
        return _pandas_texts(chunk.dictionary).take(chunk.indices)
    if pa.types.is_floating(chunk.type.value_type):
        return float_texts(chunk.dictionary).take(chunk.indices)
    return pc.cast(chunk.dictionary, _viewless(chunk.type.value_type)).take(chunk.indices)


def float_texts(numbers: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return categories that are floats as pandas and Python write them, where Arrow writes 1.0 as 1."""
    array = numbers.to_numpy(zero_copy_only=False) if isinstance(numbers, pa.Array) else numbers.to_numpy()
    return pa.array([None if number != number else str(number) for number in array], pa.string())


def _of_pandas(stored: pa.DataType) -> bool:
    """Whether a column is pandas' intervals or periods, which Arrow stores as structs and integers."""
    return isinstance(stored, pa.ExtensionType) and stored.extension_name.startswith("pandas.")


def _pandas_texts(chunk: pa.Array) -> pa.Array:
    """Return "(0, 1]" for an interval and "2024-01" for a month."""
    cells = pa.chunked_array([chunk]).to_pandas()
    return pa.array([None if is_nothing(cell) else str(cell) for cell in cells], pa.string())


def _viewless(stored: pa.DataType) -> pa.DataType:
    return pa.string() if pa.types.is_string_view(stored) else stored


def _as_float64(column: pa.ChunkedArray, missing: Sequence[str]) -> pa.ChunkedArray:
    """Cast a column chunk by chunk: a column of words fails at its first chunk."""
    # a safe cast would refuse integers beyond 2⁵³
    chunks = [pc.cast(_trimmed(chunk, missing), pa.float64(), safe=False) for chunk in column.chunks]
    return pa.chunked_array(chunks, pa.float64())


def _checked_finite(numbers: Numbers, cell: Callable[[int], str]) -> Numbers:
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite))
        raise BadCellError(row, f"{cell(row)} is not a finite number; leave the cell empty if it is unknown")
    return numbers


def _without(missing: Sequence[str], numbers: Numbers) -> Numbers:
    """Return the numbers with NaN for those that mean "missing", -999 say."""
    if markers := list(numbers_of(missing).values()):
        return np.where(np.isin(numbers, markers), np.nan, numbers)
    return numbers


def _trimmed(column: pa.Array | pa.ChunkedArray, missing: Sequence[str] = ()) -> pa.Array | pa.ChunkedArray:
    """Return numbers as they are, and all else as strings without the white space around them, null if missing."""
    if _is_number(column.type):
        return column
    trimmed = pc.utf8_trim_whitespace(_as_strings(column))
    empty = pc.is_in(trimmed, pa.array(["", *missing])) if missing else pc.equal(trimmed, "")
    return pc.if_else(empty, pa.scalar(None, pa.string()), trimmed)


def _as_strings(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    if pa.types.is_float16(column.type):
        column = pc.cast(column, pa.float32())
    if pa.types.is_floating(column.type):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, column.type), column)
    try:
        return pc.cast(column, pa.string())
    except pa.ArrowException as error:  # bytes that are not UTF-8, say
        raise ValueError(f"its {column.type} cannot be converted to strings: {error}") from None


def _days(column: pa.ChunkedArray) -> Numbers:
    """Return days since 1970 for dates and times, days for durations, hours for times of day."""
    stored = column.type
    if pa.types.is_date32(stored):
        ticks, unit = pc.cast(column, pa.int32()), 1
    elif pa.types.is_date64(stored):
        ticks, unit = pc.cast(column, pa.int64()), DAY * 1_000
    else:
        ticks = pc.cast(column, pa.int32() if pa.types.is_time32(stored) else pa.int64())
        unit = SECONDS[stored.unit] * (HOUR if pa.types.is_time(stored) else DAY)
    whole, rest = np.divmod(pc.fill_null(ticks, 0).to_numpy(), unit)  # so that no unit rounds more than another
    return np.where(pc.is_null(ticks).to_numpy(), np.nan, whole + rest / unit)


def _is_number(stored: pa.DataType) -> bool:
    return pa.types.is_integer(stored) or pa.types.is_floating(stored) or pa.types.is_decimal(stored)
