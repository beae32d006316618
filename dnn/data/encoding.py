"""What a table means to a network: which columns are its features, which is the target, and what was learnt of both.

It is written beside the weights, or beside prepared arrays, as features.json.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.control import without_control
from dnn.data.amounts import Amounts
from dnn.data.feature_matrix import feature_matrix
from dnn.data.features import Features
from dnn.data.frames import Tabular, table_source
from dnn.data.labels import Labels
from dnn.data.old_format import from_format_1
from dnn.data.one_hot import OneHot
from dnn.data.options import ReadOptions
from dnn.data.reading import read
from dnn.data.row_files import open_row_files
from dnn.data.sources import TableSource
from dnn.data.table import Column, Kind, Table, at_most, is_missing, no_column, shortened
from dnn.data.too_large import refuse_overflow
from dnn.files.json_files import parsed_json

FORMAT = 2
FILE = "features.json"


class Encoding(NamedTuple):
    """What was learnt of a table.

    Args:
        features: Of the columns.
        labels: Of the target: classes, or amounts.
        target: Name of the target's column.
        dropped: Names of columns that were left out.
        options: How the table was read, `Table.options`; a later one is read by the same rules.
    """

    features: Features
    labels: Labels | Amounts
    target: str
    dropped: tuple[str, ...] = ()
    options: ReadOptions = ReadOptions()

    @property
    def class_labels(self) -> Labels:
        """The labels of classes. Raises: ValueError if the target is amounts."""
        if isinstance(self.labels, Amounts):
            raise ValueError(f"the target {self.target!r} is amounts, not classes")
        return self.labels

    def read(
        self, data: Tabular, *, with_target: bool = True, keep: Collection[str] = (), options: ReadOptions | None = None
    ) -> Table:
        """Return data as a table, its columns of the kinds they had in training, without those that training had not.

        Args:
            data: Whatever `as_table` takes; it may have further columns, which are left out with a note.
            with_target: False leaves out the target too, if it is there.
            keep: Names of columns whose text is in the table's `kept`, as the file has it; those that training had not
                are among its columns too, as categories.
            options: In what a file differs from the one in training.

        Returns:
            The columns of the features, the target if it is there, and those to keep, in the order of the data.

        Raises:
            ValueError: As `as_table`, or if a column of the features is missing, or a category has more than one cell
                and training saw none of them.
        """
        options = self.options.updated(options)
        table = self._read_source(table_source(data, options), with_target, keep, options)
        self._check_categories(table)
        return table

    def read_blocks(
        self,
        data: str | Path,
        *,
        with_target: bool = True,
        keep: Collection[str] = (),
        options: ReadOptions | None = None,
    ) -> Iterator[Table]:
        """Yield files of any number of rows as tables that follow each other, each as `read` returns it.

        Args:
            data: A file, a pattern of paths or a folder, as `open_row_files` takes it.
            with_target: As in `read`.
            keep: As in `read`.
            options: As in `read`.

        Raises:
            ValueError: As `read`; for categories of which training saw none, after the last table.
        """
        options, strange = self.options.updated(options), dict[str, str]()
        known: set[str] = set()
        for block in open_row_files(data, options, self.dropped, self._kinds()).blocks():
            table = self._read_source(block, with_target, keep, options)
            found = self._strange_categories(table)
            strange |= {name: told for name, told in found.items() if told and name not in strange}
            known |= {name for name, told in found.items() if told is None}
            yield table
        if problems := [told for name, told in strange.items() if name not in known]:
            raise ValueError(at_most(problems))

    def _read_source(
        self, source: TableSource, with_target: bool, keep: Collection[str], options: ReadOptions
    ) -> Table:
        """Return what a source holds as `read` says, but for categories of which training saw none."""
        target = [self.target] if with_target and self.target in source.names else []
        wanted = [*self.features.kinds, *target]
        _check_names(source.title, source.names, [*wanted, *keep])
        extra = [name for name in source.names if name not in {*wanted, *keep, *self.dropped, self.target}]
        kinds: dict[str, Kind] = {**dict.fromkeys(keep, "category"), **self._kinds()}
        kinds = {name: kind for name, kind in kinds.items() if name in source.names}  # the target may not be there
        drop = [name for name in source.names if name not in {*wanted, *keep}]
        table = read(source, kinds=kinds, drop=drop, options=options.fixed(kinds), keep=keep)
        refuse_overflow(table, self.features)
        notes = table.notes
        if extra:
            notes += (
                f"{Path(source.title).name}: not used, since training had no such columns: {_quoted_names(extra)}",
            )
        return replace(table, notes=notes)

    def inputs(self, columns: Mapping[str, Column]) -> npt.NDArray[np.float32]:
        """Return the features of some rows, float32[rows, width]. Raises: ValueError if the columns are others."""
        return feature_matrix(self.features, columns)

    @property
    def amounts(self) -> Amounts:
        """The scale of a target of amounts. Raises: ValueError if the target is a class."""
        if not isinstance(self.labels, Amounts):
            raise ValueError(f"the target {self.target!r} is a class, and no amount")
        return self.labels

    def save(self, folder: str | Path) -> None:
        """Write features.json into an existing folder. Raises: ValueError as `Features.state`."""
        Path(folder, FILE).write_text(json.dumps(self.state(), indent=1) + "\n", "utf-8")

    def state(self) -> dict[str, Any]:
        """Return all of it, as plain lists and strings for JSON. Raises: ValueError as `Features.state`."""
        labels = self.labels
        return {
            "format": FORMAT,
            "target": self.target,
            **({"amounts": labels.state()} if isinstance(labels, Amounts) else {"classes": labels.names}),
            "dropped": list(self.dropped),
            "options": self.options.state(),
            "features": self.features.state(),
        }

    def _kinds(self) -> dict[str, Kind]:
        kinds: dict[str, Kind] = dict(self.features.kinds)
        if isinstance(self.labels, Amounts):
            kinds[self.target] = "numeric"
        elif not self.labels.numeric:
            kinds[self.target] = "category"
        return kinds

    def _check_categories(self, table: Table) -> None:
        """Refuse categories that training never saw one cell of."""
        if problems := [told for told in self._strange_categories(table).values() if told]:
            raise ValueError(at_most(problems))

    def _strange_categories(self, table: Table) -> dict[str, str | None]:
        """Return what is wrong with each category, where training saw none of its cells; "" for too few of them."""
        told: dict[str, str | None] = {}
        for name, block in self.features.blocks.items():
            cells = table.columns[name][~is_missing(table.columns[name])]
            rare = isinstance(block, OneHot) and block.rare  # then its cells may be those that had no name of their own
            if rare or (found := set(cells)) & set(block.categories):
                told[name] = None
            elif len(cells) > 1:
                none = f"training saw none of its {len(cells):,} cells: {_quoted_names(sorted(found), 3)}"
                told[name] = f"{table.source}, column {name!r}: {none}; it saw {_quoted_names(block.categories, 3)}"
            else:
                told[name] = ""
        return told

    def check_classes(self, table: Table) -> None:
        """Refuse a target that is no class of training, with its place in the file.

        Args:
            table: What `read` returned.

        Raises:
            ValueError: If the target is there and holds another class.
        """
        if self.target not in table.columns or isinstance(self.labels, Amounts):
            return
        if problem := self.labels.unknown(table.columns[self.target]):
            row, what = problem
            raise ValueError(f"{table.source}, {table.location(row)}, column {self.target!r}: the target {what}")

    def __repr__(self) -> str:
        dropped = f", dropped={self.dropped}" if self.dropped else ""
        return f"Encoding({self.features}, {self.labels}, target={self.target!r}{dropped})"


def load_encoding(folder: str | Path) -> Encoding:
    """Read the encoding in a run folder or a prepared folder. Raises: ValueError if it is neither, or is damaged."""
    path = Path(folder, FILE)
    if not path.is_file():
        files = "; dnn prepare reads a folder of CSV or Parquet files" if Path(folder).is_dir() else ""
        raise ValueError(f"{folder} is neither a run folder nor a prepared one: it has no {FILE}{files}")
    try:
        state = parsed_json(path.read_bytes())
        number = state["format"]
        if number == 1 and number is not True:
            state = from_format_1(state)
        if state["format"] == FORMAT:
            return _encoding(state)
    except ValueError as error:
        raise ValueError(f"{path} is damaged: {without_control(str(error))}") from None
    except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
        raise ValueError(f"{path} is damaged: {error!r}") from None
    raise ValueError(f"{path} has format {number!r}, and this version reads formats 1 and {FORMAT}")


def _encoding(state: Mapping[str, Any]) -> Encoding:
    labels = Amounts.from_state(state["amounts"]) if "amounts" in state else Labels.from_names(state["classes"])
    features, options = Features.from_state(state["features"]), ReadOptions.from_state(state["options"])
    encoding = Encoding(features, labels, state["target"], tuple(state["dropped"]), options)
    if encoding.state() != state or not all(isinstance(name, str) for name in (encoding.target, *encoding.dropped)):
        raise ValueError("its contents are inconsistent")
    return encoding


def _check_names(title: str, names: Collection[str], wanted: Collection[str]) -> None:
    if problems := [f"{title} {no_column(name, names)}" for name in wanted if name not in names]:
        raise ValueError(at_most(problems))


def _quoted_names(names: Collection[str], most: int = 12) -> str:
    return shortened(map(repr, names), most)
