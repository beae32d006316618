"""A source's Arrow columns become a table: each is converted, and all that is wrong with them is told at once."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa

from dnn.data import cells
from dnn.data.decimal_mark import DecimalMark, assumed, cells_of, decimal_mark, with_thousands
from dnn.data.notation import decimal_of
from dnn.data.options import Notation, Origin, ReadOptions
from dnn.data.sources import Contents, TableSource, TypedSource
from dnn.data.table import Column, Kind, Table, at_most, no_column
from dnn.data.text_cells import BadCellError, CellFinding, Strings, encode

NO_KINDS: Mapping[str, Kind] = MappingProxyType({})
NO_OPTIONS = ReadOptions()
_PLURALS: Mapping[Origin, str] = MappingProxyType(
    {"number": "numbers", "date": "dates", "duration": "durations", "time of day": "times of day"}
)


def read(
    source: TableSource,
    *,
    kinds: Mapping[str, Kind] = NO_KINDS,
    drop: Collection[str] = (),
    options: ReadOptions = NO_OPTIONS,
    keep: Collection[str] = (),
) -> Table:
    """Read a source; `keep` names columns whose text is kept too. Raises: ValueError, a line a problem, at most 12."""
    reader = _converted(source, kinds, drop, options, keep)
    columns, notations = reader.settle()
    origins = _origins(reader, columns)
    check_origins(source.title, origins, options.origins)
    learnt = ReadOptions(notations={**options.notations, **notations}, origins={**options.origins, **origins})
    options = options.updated(learnt)
    kept = {name: cells.as_text(reader.contents.table.column(name)) for name in keep}
    notes = tuple(reader.contents.notes + reader.notes)
    del reader
    pa.default_memory_pool().release_unused()  # else Arrow keeps what a file took while it was read
    return Table(columns, source.title, notes, options, source.location, kept)


def _converted(
    source: TableSource, kinds: Mapping[str, Kind], drop: Collection[str], options: ReadOptions, keep: Collection[str]
) -> "_Reader":
    """Return a reader that has converted all columns, by their text where that is needed."""
    if contents := _typed(source, kinds, keep, options):
        reader = _filled(source, contents, kinds, drop, options, keep)
        if not reader.needs_text:
            return reader
        del contents, reader  # before the file is in memory again
    return _filled(source, source.read(kinds), kinds, drop, options, keep)


def _typed(
    source: TableSource, kinds: Mapping[str, Kind], keep: Collection[str], options: ReadOptions
) -> Contents | None:
    """Return a source with numbers and categories converted while they are read, where it can; None: by their text."""
    if not isinstance(source, TypedSource):
        return None
    names = [name for name in source.names if name not in keep]
    plain = not options.missing and options.decimal != "," and source.delimiter != ";"
    numbers = {
        name for name in names if kinds.get(name) != "category" and options.notations.get(name, "plain") == "plain"
    }
    return source.read_typed(numbers if plain else (), {name for name in names if kinds.get(name) != "numeric"})


def _filled(
    source: TableSource,
    contents: Contents,
    kinds: Mapping[str, Kind],
    drop: Collection[str],
    options: ReadOptions,
    keep: Collection[str],
) -> "_Reader":
    """Return a reader that has converted all columns, and leave those to keep in the contents; the others are freed."""
    _check_kinds(source, contents, kinds)
    stored, reader = _left(source, contents, drop), _Reader(source, contents, options)
    contents.table = contents.table.select([name for name in contents.table.column_names if name in keep])
    for name in list(stored):
        reader.convert(name, stored.pop(name), kinds.get(name, contents.kinds.get(name)))
    return reader


def check_origins(title: str, origins: Mapping[str, Origin], expected: Mapping[str, Origin]) -> None:
    """Refuse numbers where training had dates, which are days since 1970 by now, and the reverse."""
    problems = [
        f"{title}, column {name!r}: training had {_PLURALS[expected[name]]} there, and these are {_PLURALS[origin]}"
        for name, origin in origins.items()
        if expected.get(name, origin) != origin
    ]
    if problems:
        raise ValueError(at_most(problems))


def _check_kinds(source: TableSource, contents: Contents, kinds: Mapping[str, Kind]) -> None:
    """Refuse the kind of a column that is not there, which a mistyped name would lose."""
    there = {*contents.table.column_names, *source.names}
    unknown = [name for name in kinds if name not in there]
    if unknown:
        raise ValueError(at_most(f"{source.title} {no_column(name, contents.table.column_names)}" for name in unknown))


def _left(source: TableSource, contents: Contents, drop: Collection[str]) -> dict[str, pa.ChunkedArray]:
    """Return the columns that are not dropped. Raises: ValueError if there is none, or no row."""
    stored = contents.table
    for name in drop:
        if name not in stored.column_names and name not in contents.kinds:
            raise ValueError(f"{source.title} {no_column(name, stored.column_names)}")
    left = {name: stored.column(name) for name in stored.column_names if name not in drop}
    if not left:
        raise ValueError(f"{source.title} has no columns" + (" left" if drop else ""))
    if not stored.num_rows:
        raise ValueError(f"{source.title} has a header but no rows")
    return left


def _origins(reader: "_Reader", columns: Mapping[str, Column]) -> dict[str, Origin]:
    """Return what the numbers were of each numeric column that has some; what a table does not know, is left out."""
    filled = [name for name, column in columns.items() if column.dtype.kind == "f" and not np.isnan(column).all()]
    if (known := reader.contents.origins) is not None:
        return {name: known[name] for name in filled if name in known}
    return {name: cells.origin_of_type(reader.types[name]) for name in filled}


class _Reader:
    """Converts the columns of one source, and gathers what is to be told of them."""

    def __init__(self, source: TableSource, contents: Contents, options: ReadOptions) -> None:
        self.source, self.contents, self.options = source, contents, options
        self.columns: dict[str, Column] = {}
        self.types = dict(zip(contents.table.column_names, contents.table.schema.types, strict=True))
        self.texts: dict[str, tuple[Strings, Kind | None]] = {}  # not yet known to be categories
        self.plain: dict[str, pa.ChunkedArray] = {}  # columns of text that are numbers as programs write them
        self.notations: dict[str, Notation] = {}
        self.findings: list[tuple[str, CellFinding]] = []
        self.problems: list[str] = []

    def convert(self, name: str, column: pa.ChunkedArray, kind: Kind | None) -> None:
        """Convert a column, or put it among the texts."""
        with self._gathering(name):
            # a notation that was learnt holds for cells that look plain too: 1.234 may be a thousand
            written = pa.types.is_string(column.type) and self.options.notations.get(name, "plain") != "plain"
            found = (
                encode(column, self.options.missing)
                if name in self.contents.encoded
                else cells.convert(column, "category" if written else kind, missing=self.options.missing)
            )
            if isinstance(found, Strings):
                self.texts[name] = found, kind
            else:
                if pa.types.is_string(column.type):
                    self.plain[name] = column
                self._tell(name, *cells.nan_markers(column, found))
                self._tell(name, *(cells.told_codes(name, column) if kind is None else []))
            self.columns[name] = np.empty(0) if isinstance(found, Strings) else found

    @property
    def needs_text(self) -> bool:
        """Whether numbers without their text may be thousands: other columns have numbers in another notation."""
        return any(
            notation != "plain"
            for strings, kind in self.texts.values()
            if kind != "category"
            for notation in strings.notations
        )

    def settle(self) -> tuple[dict[str, Column], dict[str, Notation]]:
        """Convert the texts, now that all columns are seen. Raises: ValueError for all problems."""
        undecided = [strings for name, (strings, kind) in self.texts.items() if kind != "category" and self._free(name)]
        plain = {name: column for name, column in self.plain.items() if self._free(name)}
        decimal = decimal_mark(undecided, plain.values(), self.options, self.contents.delimiter)
        del undecided
        for name in list(self.texts):
            with self._gathering(name):
                self.columns[name] = self._settled(name, *self.texts.pop(name), decimal)
        if decimal.mark == ",":
            for name, column in plain.items():
                self._reread(name, with_thousands(column), decimal)
        if self.problems:
            raise ValueError(at_most(self.problems))
        return self.columns, self.notations

    @property
    def notes(self) -> list[str]:
        """What was found, each with its file, line and column."""
        title = Path(self.source.title).name
        return [f"{title}, {self.source.location(row)}, column {name!r}: {text}" for name, (row, text) in self.findings]

    def _settled(self, name: str, strings: Strings, kind: Kind | None, decimal: DecimalMark) -> Column:
        possible = [] if kind == "category" else self._possible(strings, decimal)
        if kind == "category" or (kind is None and self._free(name) and not possible):
            if self.contents.delimiter and (own := strings.first_row_of(name)) is not None:
                self._tell(name, CellFinding(own, "a cell is the column's name; is a header there twice, or none?"))
            self._tell(name, *([] if kind else strings.told_words()), *strings.told_values())
            return strings.category
        notation = self.options.notations.get(name, possible[0] if possible else "plain")
        numbers = strings.numbers(notation)
        self._tell(name, *strings.told_markers())
        if notation != "plain":
            self.notations[name] = notation
            if self._free(name):
                self._tell(name, strings.told_notation(notation, assumed(strings, notation, decimal)))
        return numbers

    def _possible(self, strings: Strings, decimal: DecimalMark) -> list[Notation]:
        """The notations of the column, the likeliest first; what was asked for rules out others."""
        if (
            strings.notations == ["plain"]
            and decimal.sure
            and decimal.mark == ","
            and with_thousands(cells_of(strings))
        ):
            return ["1.234,5"]
        wrong = [one for one in strings.notations if decimal_of(one) != decimal.mark]
        right = [one for one in strings.notations if one not in wrong]
        return right + [one for one in wrong if not self.options.decimal or one == "plain"]

    def _reread(self, name: str, strings: Strings | None, decimal: DecimalMark) -> None:
        """Read 1.234 as a thousand where other columns have decimal commas; where it is not sure, tell."""
        if strings is None:
            return
        if not decimal.sure:
            why = "; assumed: --decimal , reads a thousands separator"
            self._tell(name, strings.told_notation("plain", why))
            return
        self.columns[name] = strings.numbers("1.234,5")
        self.notations[name] = "1.234,5"
        why = "" if self.options.decimal else f"; assumed, since {decimal.reason}"
        self._tell(name, strings.told_notation("1.234,5", why))

    def _free(self, name: str) -> bool:
        """Whether the notation of a column is to be found out."""
        return name not in self.options.notations

    def _tell(self, name: str, *findings: CellFinding) -> None:
        self.findings += [(name, finding) for finding in findings]

    @contextmanager
    def _gathering(self, name: str) -> Iterator[None]:
        try:
            yield
        except BadCellError as bad:
            self.problems.append(f"{self.source.title}, {self.source.location(bad.row)}, column {name!r}: {bad}")
        except ValueError as bad:
            self.problems.append(f"{self.source.title}, column {name!r}: {bad}")
