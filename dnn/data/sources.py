"""What a table is read from, and what it holds before its columns are converted."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import pyarrow as pa

from dnn.data.options import Origin
from dnn.data.table import Kind


@dataclass
class Contents:
    """What a source holds.

    table: its columns; who converts them takes each out, so that none is in memory twice. kinds: of the columns whose
    source says it. notes: what was decided in reading. origins: what the numbers were, of a table that was read before;
    None: their types say it. encoded: columns of strings that are dictionaries already.
    """

    table: pa.Table
    kinds: Mapping[str, Kind | None]
    notes: list[str]
    delimiter: str = ""
    origins: Mapping[str, Origin] | None = None
    encoded: frozenset[str] = frozenset()


class TableSource(Protocol):
    """A file or an object that holds a table. names: of its columns. title: for messages."""

    @property
    def title(self) -> str: ...
    @property
    def names(self) -> list[str]: ...
    def read(self, keep: Collection[str]) -> Contents:
        """Return the columns; of pandas' index only what is in `keep`."""

    def location(self, row: int) -> str:
        """Return where data row `row`, from 0, stands: "line 17"."""


@runtime_checkable
class TypedSource(Protocol):
    """A file that may be read with some of its columns converted."""

    @property
    def names(self) -> list[str]: ...
    @property
    def delimiter(self) -> str: ...
    def read_typed(self, numbers: Collection[str], words: Collection[str]) -> Contents | None:
        """Return the columns, those named converted to numbers, or to dictionaries of strings; None: by their text."""
