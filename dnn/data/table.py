"""A table is named columns of one length, each numeric or a category.

What a file may not hold (a NaN, an infinity, two columns of one name) is refused where it is read,
so nothing later has to ask.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from importlib import resources
from math import isfinite
from pathlib import Path
from types import MappingProxyType
from typing import Literal

import numpy as np

Kind = Literal["numeric", "category"]
NONE: Mapping = MappingProxyType({})


@dataclass(frozen=True)
class Table:
    """Named columns of one length, in the order of the file.

    columns: name -> numeric: float64[rows], NaN where the cell is empty;
             category: object[rows] of str, "" where the cell is empty.
    source: where the table came from, for messages.
    """

    columns: dict[str, np.ndarray]
    source: str = "table"

    @property
    def rows(self) -> int:
        return len(next(iter(self.columns.values())))

    def without(self, *names: str) -> "Table":
        """The table without these columns. Raises: ValueError for a name it does not have."""
        for name in names:
            self.column(name)
        return Table({name: cells for name, cells in self.columns.items() if name not in names}, self.source)

    def column(self, name: str) -> np.ndarray:
        """The cells of one column. Raises: ValueError that lists the columns there are."""
        if name not in self.columns:
            raise ValueError(f"{self.source} has no column {name!r}; its columns are {', '.join(self.columns)}")
        return self.columns[name]


def kind_of(cells: np.ndarray) -> Kind:
    """ "numeric" for a column of floats or integers, "category" for a column of texts."""
    return "numeric" if np.asarray(cells).dtype.kind in "fiu" else "category"


def numbers_among(texts: np.ndarray) -> tuple[int, str]:
    """(how many cells of a category are finite numbers, the first that is neither a number nor empty).

    >>> numbers_among(np.array(["31", "NA", "45"], object))
    (2, 'NA')
    """
    counted = Counter(texts)
    numeric = {text: is_number(text) for text in counted}
    numbers = sum(cells for text, cells in counted.items() if numeric[text])
    return numbers, next((text for text, number in numeric.items() if text and not number), "")


def is_number(text: str) -> bool:
    """Whether the text is a finite number."""
    try:
        return isfinite(float(text))
    except ValueError:
        return False


def sample_path() -> Path:
    """The embedded CSV: 4,521 clients of a bank, target `y`. Source and licence: bank-sample.md beside it."""
    return Path(str(resources.files("dnn.data") / "bank-sample.csv"))


def read_table(path: str | Path, *, kinds: Mapping[str, Kind] = NONE, drop: Collection[str] = ()) -> Table:
    """The table in a CSV (gzip or not) or Parquet file; which of them it is, its first bytes tell.

    kinds: the kind of each column that is known already, say from training; the others are found out.
    drop: columns to leave out; what their cells hold does not matter.
    Raises: FileNotFoundError; ValueError for what `read_csv` or `read_parquet` refuse.
    """
    return (read_parquet if _is_parquet(path) else read_csv)(path, kinds=kinds, drop=drop)


def column_names(path: str | Path) -> list[str]:
    """The names of the columns in a CSV or Parquet file, without reading its rows. Raises: as `read_table`."""
    from dnn.data import csv_file, parquet_file

    return parquet_file.names(path) if _is_parquet(path) else csv_file.header(path)[0]


def read_csv(path: str | Path, *, kinds: Mapping[str, Kind] = NONE, drop: Collection[str] = ()) -> Table:
    """The table in a CSV file: UTF-8, comma, semicolon or tab, cells quoted or not, gzip or not.

    A column is numeric when it has a number and nothing but numbers and empty cells.
    kinds, drop: as in `read_table`.
    Raises: ValueError for an empty file, a header alone, a ragged row, two columns of one name, a NaN or an
    infinity, a text where `kinds` says numeric; each with its column and line. FileNotFoundError.

    >>> read_csv(sample_path()).rows
    4521
    """
    from dnn.data import cells, csv_file  # pyarrow: only who reads a file pays for its import

    guess, place = cells.kind_of_texts, lambda row: csv_file.place(path, row)
    return _typed(_kept(csv_file.read(path), drop, path), path, kinds=kinds, guess=guess, place=place)


def read_parquet(path: str | Path, *, kinds: Mapping[str, Kind] = NONE, drop: Collection[str] = ()) -> Table:
    """The table in a Parquet file: integers, floats and decimals are numeric, all else is a category.

    Texts of digits stay a category, unless `kinds` says numeric: the file's own types decide.
    Raises: ValueError as `read_csv`, with the row, and for a column of lists or structs. FileNotFoundError.
    """
    from dnn.data import cells, parquet_file

    guess, place = cells.kind_of_values, lambda row: f"row {row + 1}"
    return _typed(_kept(parquet_file.read(path), drop, path), path, kinds=kinds, guess=guess, place=place)


def _kept(arrow, drop: Collection[str], path: str | Path):
    for name in drop:
        if name not in arrow.column_names:
            raise ValueError(f"{path} has no column {name!r} to drop; its columns are {', '.join(arrow.column_names)}")
    arrow = arrow.drop_columns(list(drop))
    if not arrow.num_columns:
        raise ValueError(f"{path} has no columns" + (" left" if drop else ""))
    if not arrow.num_rows:
        raise ValueError(f"{path} has a header but no rows")
    return arrow


def _typed(arrow, path: str | Path, *, kinds: Mapping[str, Kind], guess: Callable, place: Callable) -> Table:
    from dnn.data import cells

    columns = {}
    for name, column in zip(arrow.column_names, arrow.columns, strict=True):
        try:
            columns[name] = cells.typed(column, kinds.get(name) or guess(column))
        except cells.BadCellError as bad:
            raise ValueError(f"{path}, {place(bad.row)}, column {name!r}: {bad}") from None
        except ValueError as bad:
            raise ValueError(f"{path}, column {name!r}: {bad}") from None
    return Table(columns, str(path))


def _is_parquet(path: str | Path) -> bool:
    if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
        raise ValueError(f"{path} is no regular file: it is read more than once, so a pipe will not do")
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"
