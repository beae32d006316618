"""A table is named columns of equal length, each numeric or a category.

What a file must not hold (an infinity, two columns of one name) is refused where it is read, so no later stage has
to check for it.
"""

import difflib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dnn.control import has_control, without_control
from dnn.data.names import shell_quoted
from dnn.data.options import ReadOptions

Column = npt.NDArray[Any]
Kind = Literal["numeric", "category"]
MARKERS = ("NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?", "-", "–", "—", ".", "#N/A")
"""What people write for "missing" among numbers."""


@dataclass(frozen=True, repr=False)
class Table:
    """Named columns of equal length, in the order of the file.

    Args:
        columns: Column by name. A numeric column is float64[rows], with NaN where a cell is empty; a category is
            object[rows] of str, with "" where a cell is empty.
        source: Where the table came from, for error messages.
        notes: What the reader decided, one plain sentence each.
        options: What reads a later file by the same rules: the options given, and the notation of the numbers.
        locate: Returns where a row stands in the source, "line 17" say; None counts the rows.
        kept: object[rows] of str, the text of the columns that `Encoding.read` was asked to keep, as the source has it:
            white space, zeros in front and markers are there; "" where a cell is empty.

    Example:
        >>> Table({"age": np.array([31.0, 45.0]), "job": np.array(["cook", "pilot"], object)})
        Table(2 rows, 2 columns: age (numeric), job (category); source='table')
    """

    columns: dict[str, Column]
    source: str = "table"
    notes: tuple[str, ...] = ()
    options: ReadOptions = field(default_factory=ReadOptions)
    locate: Callable[[int], str] | None = field(default=None, compare=False)
    kept: Mapping[str, Column] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

    def location(self, row: int) -> str:
        """Return where a row stands in the source.

        Args:
            row: The row, from 0.

        Returns:
            "line 17" of a CSV file, "row 16" of others.
        """
        return f"row {row + 1}" if self.locate is None else self.locate(row)

    def where(self, rows: npt.NDArray[np.bool_]) -> "Table":
        """Return some of the rows.

        Args:
            rows: bool[rows], True for the rows to keep.

        Returns:
            A table of these rows.

        Raises:
            ValueError: If no row is left.
        """
        kept = np.flatnonzero(rows)
        if not kept.size:
            raise ValueError(f"{self.source} has no rows left")
        columns, texts = ({name: cells[kept] for name, cells in each.items()} for each in (self.columns, self.kept))
        return replace(self, columns=columns, locate=_Kept(self.locate, kept), kept=texts)

    def has(self, name: str) -> npt.NDArray[np.bool_]:
        """Return which rows have a value in one column, for `where`.

        Args:
            name: Name of the column.

        Returns:
            bool[rows], False where the cell is missing.

        Raises:
            ValueError: If the table has no column of this name.
        """
        return ~is_missing(self.column(name))

    def without(self, *names: str) -> "Table":
        """Return the table without these columns.

        Args:
            *names: Columns to leave out.

        Returns:
            A table that shares the other columns with this one.

        Raises:
            ValueError: If the table has no column of a name.
        """
        for name in names:
            self.column(name)
        return replace(self, columns={name: cells for name, cells in self.columns.items() if name not in names})

    def column(self, name: str) -> Column:
        """Return the cells of one column.

        Args:
            name: Name of the column.

        Returns:
            float64[rows] or object[rows] of str.

        Raises:
            ValueError: If the table has no column of this name; the message names one like it, or those it has.
        """
        if name not in self.columns:
            raise ValueError(f"{self.source} {no_column(name, self.columns)}")
        return self.columns[name]

    def __repr__(self) -> str:
        kinds = shortened(f"{name} ({kind})" for name, kind in kinds_of(self.columns).items())
        rows = self.rows if self.columns else 0
        size = f"{plural(rows, 'row')}, {plural(len(self.columns), 'column')}"
        return f"Table({size}: {kinds}; source={self.source!r})"


@dataclass(frozen=True)
class _Kept:
    """Where the kept rows of a table stand in its source."""

    locate: Callable[[int], str] | None
    rows: npt.NDArray[np.int64]

    def __call__(self, row: int) -> str:
        kept = int(self.rows[row])
        return f"row {kept + 1}" if self.locate is None else self.locate(kept)


def is_missing(cells: npt.ArrayLike) -> npt.NDArray[np.bool_]:
    """Return bool[rows]: True for NaN, "", None, NaT and pandas' NA."""
    array = np.asarray(cells)
    if array.dtype.kind == "O":
        try:
            return np.asarray((array == "") | (array != array) | (array == None), bool)  # noqa: E711  # cell by cell
        except (TypeError, ValueError):  # of pandas' NA
            return np.fromiter((cell is None or is_nothing(cell) for cell in array), bool, len(array))
    if array.dtype.kind in "US":
        return array == array.dtype.type()
    return (
        np.isnat(array) if array.dtype.kind in "mM" else np.isnan(array) if array.dtype.kind == "f" else array != array
    )


def refuse_missing(target: npt.ArrayLike) -> None:
    """Raise a ValueError that counts the rows without a target, if there are some."""
    missing = np.flatnonzero(is_missing(target))
    if missing.size:
        count = f"{missing.size:,} of {plural(len(np.asarray(target)), 'row')}"
        raise ValueError(f"{count} have no target, the first is row {missing[0] + 1}")


def is_nothing(cell: Any) -> bool:
    """Whether a cell is "" or is not equal to itself: NaN, NaT and pandas' NA are not."""
    if isinstance(cell, str):
        return not cell
    try:
        return bool(cell != cell)
    except TypeError:  # of pandas' NA
        return True


def no_column(name: str, columns: Iterable[str], *, what: str = "column") -> str:
    """Return "has no column 'agee'; did you mean 'age'?", or the columns there are."""
    columns = list(columns)
    close = difflib.get_close_matches(name, columns, 1, 0.7) or [one for one in columns if one.lower() == name.lower()]
    told = f"did you mean {close[0]!r}?" if close else f"its columns are {shortened(map(repr, columns))}"
    return f"has no {what} {name!r}; {told}"


def plural(count: int, noun: str) -> str:
    """Return "1 cell", "1,000 cells"."""
    return f"{count:,} {noun}" + ("" if count == 1 else "s")


def shell_word(word: str) -> str:
    """Return a word as a shell takes it, on one line."""
    if has_control(word):
        return shell_quoted(word)
    return f'"{word}"' if '"' not in word else repr(word)


def at_most(lines: Iterable[str], most: int = 12) -> str:
    """Return lines as one text: the first `most` of them, and how many more there are."""
    lines = list(lines)
    return "\n".join(lines[:most] + ([f"… and {len(lines) - most:,} more"] if len(lines) > most else []))


def kinds_of(columns: Mapping[str, npt.ArrayLike]) -> dict[str, Kind]:
    """Return the kind of each column: "numeric" for floats and integers, "category" for strings."""
    return {name: "numeric" if np.asarray(cells).dtype.kind in "fiu" else "category" for name, cells in columns.items()}


def numbers_among(strings: npt.ArrayLike) -> tuple[int, str]:
    """Count the finite numbers in a category, and find what made it one.

    Args:
        strings: object[rows] of str, the cells of a category.

    Returns:
        The number of cells that are finite numbers, and the first that is neither a number nor empty ("" if none is).

    Example:
        >>> numbers_among(np.array(["31", "NA", "45"], object))
        (2, 'NA')
    """
    counts = Counter(np.asarray(strings, object))
    numbers = numbers_of(counts)
    first_word = next((string for string in counts if string and string not in numbers), "")
    return sum(counts[string] for string in numbers), first_word


def numbers_of(strings: Iterable[str]) -> dict[str, float]:
    """Return those of the strings that are finite numbers, with their values."""
    numbers = {}
    for string in strings:
        try:
            value = float(string)
        except ValueError:
            continue
        if isfinite(value):
            numbers[string] = value
    return numbers


def shortened(strings: Iterable[str], most: int = 12) -> str:
    """Return the strings on one line: the first `most` of them, and how many there are in all."""
    strings = list(strings)
    rest = f", … ({len(strings):,} in all)" if len(strings) > most else ""
    return ", ".join(map(without_control, strings[:most])) + rest
