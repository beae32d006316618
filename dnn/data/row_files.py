"""One table in one file or in many, all CSV or all Parquet: found by a pattern, checked to have the same columns.

Its rows are those of the files in the order of their names. They are read a block at a time, so any number will do.
"""

import glob
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from dnn.data.arrow_schema import Columns
from dnn.data.csv_file import CsvFile
from dnn.data.files import TableFile, sniff
from dnn.data.options import ReadOptions
from dnn.data.reading import NO_OPTIONS
from dnn.data.sources import Contents
from dnn.data.table import at_most, shortened

SUFFIXES = (".csv", ".csv.gz", ".tsv", ".tsv.gz", ".txt", ".parquet", ".pq")  # of the files of a folder that are read
BLOCK_ROWS, BLOCK_CELLS = 200_000, 2**21  # at most, that are in memory at once: 16 MB of numbers


@dataclass(frozen=True)
class Block:
    """Some rows of a file, which follow each other: a source of a table. first: the number of the first, from 0."""

    file: TableFile
    stored: pa.Table
    first: int

    @property
    def title(self) -> str:
        return self.file.title

    @property
    def names(self) -> list[str]:
        return self.file.names

    def read(self, keep: Collection[str] = ()) -> Contents:
        """Return the columns; of pandas' index only what is in `keep`."""
        return self.file.contents(self.stored, keep, self.first)

    def location(self, row: int) -> str:
        """Return where row `row` of the block stands in its file."""
        return self.file.location(self.first + row)


@dataclass(frozen=True)
class RowFiles:
    """The files of one table, in the order of their names. title: the pattern, the folder or the file."""

    title: str
    files: tuple[TableFile, ...]

    @property
    def names(self) -> list[str]:
        """Names of the columns, in the order of the first file."""
        return self.files[0].names

    def blocks(self) -> Iterator[Block]:
        """Yield the rows of one file after the other, some ten thousand at a time. Raises: As the files' `blocks`."""
        rows = max(1, min(BLOCK_ROWS, BLOCK_CELLS // max(1, len(self.names))))
        for file in self.files:
            first = 0
            for stored in file.blocks(rows):
                yield Block(file, stored, first)
                first += stored.num_rows


def are_several(data: str | Path) -> bool:
    """Whether data is a pattern of paths or a folder, and not a file."""
    path = Path(data)
    return path.is_dir() or (not path.exists() and glob.has_magic(str(data)))


def paths_of(data: str | Path) -> list[Path]:
    """Return the files that a path, a pattern or a folder stands for, sorted by name; hidden ones are left out.

    Raises:
        FileNotFoundError: If there is none.
    """
    path = Path(data)
    if path.is_file():
        return [path]
    if path.is_dir():
        found = [each for each in path.iterdir() if each.name.lower().endswith(SUFFIXES)]
        wanted = f"the folder {data} has no file that ends with {', '.join(SUFFIXES)}"
    else:
        found, wanted = list(map(Path, glob.glob(str(data), recursive=True))), f"there is no file {data}"
    files = sorted(each for each in found if each.is_file() and each.name[0] not in "._")
    if not files:
        raise FileNotFoundError(wanted)
    return files


def open_row_files(
    data: str | Path, options: ReadOptions = NO_OPTIONS, drop: Collection[str] = (), decided: Collection[str] = ()
) -> RowFiles:
    """Open a file, the files of a pattern such as 'clients/part-*.parquet', or those in a folder.

    Args:
        data: A path or a pattern.
        options: How a file is read.
        drop: Names of columns that need not be alike.
        decided: Names of columns whose kind is decided, whatever the files say.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If files are of two formats, or have other columns than the first one; each is named.
    """
    files = tuple(sniff(path, options) for path in paths_of(data))
    formats = [isinstance(file, CsvFile) for file in files]
    if any(formats) and not all(formats):
        csv, parquet = (files[formats.index(kind)].path for kind in (True, False))
        raise ValueError(f"{data} has files of two formats, CSV ({csv}) and Parquet ({parquet}); name those of one")
    problems = [problem for file in files[1:] for problem in _differences(file, files[0], drop, decided)]
    if problems:
        raise ValueError(at_most(problems))
    return RowFiles(str(data), files)


def _differences(file: TableFile, like: TableFile, drop: Collection[str], decided: Collection[str]) -> Iterator[str]:
    """Yield in what the columns of a file differ from those of another one, a line each."""
    names, wanted = ([name for name in each.names if name not in drop] for each in (file, like))
    if missing := [name for name in wanted if name not in names]:
        yield f"{file.path} lacks {_quoted_columns(missing)}, which {like.path} has"
    if extra := [name for name in names if name not in wanted]:
        yield f"{file.path} has {_quoted_columns(extra)}, which {like.path} lacks"
    kinds, like_kinds = _kinds_of_file(file), _kinds_of_file(like)
    for name in wanted:
        if name in names and name not in decided and kinds.get(name) != like_kinds.get(name):
            what = f"column {name!r} is {kinds.get(name)}, and {like_kinds.get(name)} in {like.path}"
            yield f"{file.path}: {what}; --kind {name}=category reads both alike"


def _kinds_of_file(file: TableFile) -> dict[str, str | None]:
    """Return the kinds that a file says its columns have; CSV says none."""
    columns: Columns | None = getattr(file, "columns", None)
    return {} if columns is None else dict(columns.kinds)


def _quoted_columns(names: Sequence[str]) -> str:
    return ("column " if len(names) == 1 else "columns ") + shortened(map(repr, names))
