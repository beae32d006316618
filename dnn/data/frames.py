"""A frame, a query's result, a mapping of columns or a matrix becomes a table, by way of Arrow."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from dnn.data.arrow_schema import Columns, columns_of
from dnn.data.files import TableFile, sniff
from dnn.data.options import ReadOptions
from dnn.data.reading import NO_KINDS, NO_OPTIONS, read
from dnn.data.sources import Contents, TableSource
from dnn.data.table import Kind, Table, is_nothing

_WANTED = "a table must be a path, a frame, a mapping of columns or a matrix"
Tabular: TypeAlias = Any
"""A path, a frame, a mapping of columns, a matrix or a table: what `as_table` takes."""


def as_table(
    data: Tabular,
    *,
    kinds: Mapping[str, Kind] = NO_KINDS,
    drop: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
) -> Table:
    """Return data of any usual kind as a table.

    | column of | becomes | unit, spelling |
    |---|---|---|
    | integers, floats, decimals | numeric | |
    | truth values | category | "false", "true" |
    | strings, bytes, objects that are no numbers | category | without white space around |
    | pandas' categories, Arrow's dictionaries | category | as pandas writes them: 3 is "3", 1.0 is "1.0" |
    | pandas' intervals, periods | category | as pandas writes them: "(0, 1]", "2024-01" |
    | dates, timestamps | numeric | days since 1970-01-01, in UTC if there is a time zone |
    | durations | numeric | days |
    | times of day | numeric | hours: 13:30 is 13.5 |

    `kinds` overrules it: numbers and dates become the strings that stand for them, strings and truth values become
    numbers. None, NaN, NaT and pandas' NA are missing cells. A column of objects that are numbers and strings is read
    as a column of a CSV file.

    Args:
        data: A path of a CSV or Parquet file; a pandas, polars or Arrow table or anything else with Arrow's PyCapsule
            interface; a polars LazyFrame, which is collected; a mapping of columns; a list of rows, each a mapping
            by column name, where a name that a row lacks is a missing cell; a matrix [rows, columns], whose columns are
            named x0, x1, …; or a table.
        kinds: "numeric" or "category" for each column that is not to follow its type.
        drop: Names of columns to leave out.
        options: How a file is read; `missing` holds for all data.

    Returns:
        The table, its columns in the order of the data. pandas' index is not among them.

    Raises:
        FileNotFoundError: If there is no such file.
        TypeError: If the data are of another kind.
        ValueError: As `read_csv` and `read_parquet`, or if the columns differ in length.

    Example:
        >>> as_table({"age": [31, None], "smoker": [True, False]})
        Table(2 rows, 2 columns: age (numeric), smoker (category); source='table')
    """
    return read(table_source(data, options), kinds=kinds, drop=drop, options=options)


def table_source(data: Tabular, options: ReadOptions = NO_OPTIONS) -> TableSource:
    """Return the source of a table in data of any usual kind. Raises: As `as_table`."""
    if isinstance(data, str | Path):
        return sniff(data, options)
    if isinstance(data, TableFile):  # sniffed before
        return data
    if isinstance(data, Table):
        return _mapping(data.columns, origin=data)
    if isinstance(data, Mapping):
        return _mapping(data)
    if are_records(data):
        return _mapping({name: [row.get(name) for row in data] for name in dict.fromkeys(chain.from_iterable(data))})
    if is_lazy(data):
        return _frame(data.collect())
    if hasattr(data, "__arrow_c_stream__") or hasattr(data, "__arrow_c_array__"):
        return _frame(data)
    if _is_of_pandas(data):  # older than Arrow's interface
        return _by_column(data) if hasattr(data, "columns") else _mapping({str(data.name or "x0"): data})
    return _mapping(_matrix_columns(data))


def are_records(data: Tabular) -> bool:
    """Whether data is a list of rows that are mappings, as `DataFrame.to_dict("records")` returns."""
    return isinstance(data, list | tuple) and bool(data) and all(isinstance(row, Mapping) for row in data)


def is_lazy(data: Tabular) -> bool:
    """Whether data is a LazyFrame of polars, which has no columns before it is collected."""
    return type(data).__module__.partition(".")[0] == "polars" and type(data).__name__ == "LazyFrame"


@dataclass(frozen=True)
class Frame:
    """A table in memory."""

    table: pa.Table
    columns: Columns
    origin: Table

    @property
    def title(self) -> str:
        return self.origin.source

    @property
    def names(self) -> list[str]:
        return self.columns.names

    def read(self, keep: Collection[str] = ()) -> Contents:
        contents = self.columns.contents(self.table, self.title, keep)
        known = self.origin.options.origins if self.origin.columns else None  # a table's dates are numbers by now
        # pandas' index is no column of a frame in memory
        return replace(contents, notes=list(self.origin.notes), origins=known)

    def location(self, row: int) -> str:
        """Return "row 17" for data row 16."""
        return self.origin.location(row)


def _frame(data: Tabular) -> TableSource:
    try:
        table = pa.table(data)
    except (pa.ArrowException, TypeError, ValueError):  # a column of numbers and strings, say
        if not hasattr(data, "columns"):
            raise TypeError(
                f"{_WANTED}, got {type(data).__name__}; a column alone needs a name: {{'x0': column}}"
            ) from None
        return _by_column(data)
    return Frame(table, columns_of(table.schema, "table"), Table({}))


def _by_column(frame: Any) -> TableSource:
    names = list(frame.columns)
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"table: two columns are named {str(name)!r}")
    return _mapping({str(name): frame[name] for name in names})


def _mapping(columns: Mapping[Any, Any], origin: Table | None = None) -> TableSource:
    origin = origin or Table({})
    arrays, mixed = {}, set()
    for name, cells in columns.items():
        try:
            str(name).encode()  # Arrow's names are UTF-8, which has no half of a pair of surrogates
            arrays[str(name)], is_mixed = _arrow_column(cells)
        except (pa.ArrowException, TypeError, ValueError, OverflowError) as error:
            raise ValueError(f"{origin.source}, column {name!r}: {str(error).splitlines()[0]}") from None
        mixed |= {str(name)} if is_mixed else set()
    lengths = {name: len(cells) for name, cells in arrays.items()}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{origin.source}: columns differ in length: {lengths}")
    table = pa.table(arrays)
    found = columns_of(table.schema, origin.source)
    kinds = {name: None if found.stored[name] in mixed else kind for name, kind in found.kinds.items()}
    return Frame(table, Columns(kinds, found.stored), origin)


def _arrow_column(cells: Any) -> tuple[pa.ChunkedArray, bool]:
    """Return a column, and whether it mixes numbers and strings."""
    try:
        if isinstance(cells, pa.ChunkedArray):
            return cells, False
        if hasattr(cells, "__arrow_c_stream__"):
            return pa.chunked_array(cells), False
        if not isinstance(cells, pa.Array) and not _is_of_pandas(cells):
            cells = _one_dimensional(cells)
        return pa.chunked_array([pa.array(cells, from_pandas=True)]), False
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError):  # an integer beyond 2⁶⁴ is one
        cells = np.asarray(cells, object)
        if not all(cell is None or is_nothing(cell) or np.isscalar(cell) for cell in cells):
            raise
        return pa.chunked_array([[_string(cell) for cell in cells]], pa.string()), _is_mixed(cells)


def _one_dimensional(cells: Any) -> npt.NDArray[Any]:
    array = np.asarray(cells, object if isinstance(cells, list | tuple) else None)
    if array.ndim != 1:
        raise ValueError(f"a column must have one dimension, got the shape {array.shape}")
    if array.dtype.kind == "c":
        raise ValueError("Complex data not supported")
    if array.dtype.kind in "mM" and np.datetime_data(array.dtype)[0] in ("Y", "M", "W", "D", "h", "m"):
        return array.astype(f"{array.dtype.kind}8[s]")  # Arrow has no such units
    return array


def _is_of_pandas(data: Any) -> bool:
    return type(data).__module__.partition(".")[0] == "pandas"


def _string(cell: Any) -> str | None:
    return None if cell is None or is_nothing(cell) else str(cell)


def _is_mixed(cells: npt.NDArray[np.object_]) -> bool:
    """Whether some cells are numbers, so that the strings among them are markers perhaps."""
    return any(isinstance(cell, int | float | np.number) and not isinstance(cell, bool) for cell in cells)


def _matrix_columns(data: Any) -> dict[str, npt.NDArray[Any]]:
    if hasattr(data, "toarray"):
        raise TypeError(f"sparse data is not supported, got {type(data).__name__}; use its toarray()")
    if not isinstance(data, list | tuple) and not hasattr(data, "__array__"):
        raise TypeError(f"{_WANTED}, got {type(data).__name__}")
    matrix = np.asarray(data)
    if matrix.dtype.kind in "US" and isinstance(data, list | tuple):
        matrix = np.array(data, dtype=object)
    if matrix.dtype.names:
        return {name: matrix[name] for name in matrix.dtype.names}
    if matrix.ndim != 2:
        raise ValueError(f"a matrix must be [rows, columns], got the shape {matrix.shape}; Reshape your data")
    return {f"x{number}": matrix[:, number] for number in range(matrix.shape[1])}
