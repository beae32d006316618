"""A table is named columns of equal length, each numeric or a category.

What a file must not hold (a NaN, an infinity, two columns of one name) is refused where it is read,
so no later stage has to check for it.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Column = npt.NDArray[Any]
Kind = Literal["numeric", "category"]


@dataclass(frozen=True, repr=False)
class Table:
    """Named columns of equal length, in the order of the file.

    Args:
        columns: Column by name. A numeric column is float64[rows], with NaN where a cell is empty; a category is
            object[rows] of str, with "" where a cell is empty.
        source: Where the table came from, for error messages.

    Example:
        >>> Table({"age": np.array([31.0, 45.0]), "job": np.array(["cook", "pilot"], object)})
        Table(2 rows, 2 columns: age (numeric), job (category); source='table')
    """

    columns: dict[str, Column]
    source: str = "table"

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(next(iter(self.columns.values())))

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
        return Table({name: cells for name, cells in self.columns.items() if name not in names}, self.source)

    def column(self, name: str) -> Column:
        """Return the cells of one column.

        Args:
            name: Name of the column.

        Returns:
            float64[rows] or object[rows] of str.

        Raises:
            ValueError: If the table has no column of this name; the message lists the columns it has.
        """
        if name not in self.columns:
            raise ValueError(f"{self.source} has no column {name!r}; its columns are {', '.join(self.columns)}")
        return self.columns[name]

    def __repr__(self) -> str:
        kinds = shortened(f"{name} ({kind})" for name, kind in kinds_of(self.columns).items())
        rows = self.rows if self.columns else 0
        return f"Table({rows:,} rows, {len(self.columns):,} columns: {kinds}; source={self.source!r})"


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
    """Return the strings, separated by commas: the first `most` of them, and how many there are in all."""
    strings = list(strings)
    rest = f", … ({len(strings):,} in all)" if len(strings) > most else ""
    return ", ".join(strings[:most]) + rest
