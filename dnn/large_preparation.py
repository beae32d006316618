"""`dnn prepare` of any number of rows: two passes over the files in bounded memory, and shards on the disk.

The first pass learns of the training rows, the second encodes all rows. Which part a row falls to is decided by the
seed and the row's number alone.
"""

import shutil
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import Amounts
from dnn.data.block_tables import BlockTables, block_tables
from dnn.data.column_statistics import MOST_STRINGS, Moments, Vocabulary
from dnn.data.encoding import Encoding
from dnn.data.exact_features import with_exact
from dnn.data.feature_choice import FeatureChoice
from dnn.data.features import Features
from dnn.data.files import sniff
from dnn.data.labels import MOST_CLASSES, Labels
from dnn.data.one_hot import MOST_CATEGORIES
from dnn.data.row_files import are_several, open_row_files
from dnn.data.row_hash import parts_of_rows
from dnn.data.row_sample import RowSample
from dnn.data.shards import Shard, ShardWriter, write_index
from dnn.data.size_estimate import is_too_large
from dnn.data.split import check_target
from dnn.data.table import Column, Table, plural
from dnn.data.too_large import refuse_overflow
from dnn.early_checks import checked_fractions
from dnn.preparation import PARTS, feature_settings, read_options
from dnn.settings import DataSettings, classifies, default_target, kinds_given, listed

SAMPLE_ROWS, SAMPLE_BYTES = 2**20, 2**27  # at most, of which quantiles are learnt: all training rows, if they are fewer
ENCODED_NUMBERS = 2**22  # that are encoded at once: 16 MB
TRAIN = 0


@dataclass(frozen=True)
class LargeTable:
    """A table that is read in blocks, and which part each row falls to."""

    tables: BlockTables
    target: str
    fractions: tuple[float, float, float]
    seed: int
    skip_unlabelled: bool
    classifies: bool

    def blocks(self) -> Iterator[tuple[int, Table, npt.NDArray[np.int64], npt.NDArray[np.int8]]]:
        """Yield each block: the number of its first row, its table, the places of the rows that count, their parts.

        Raises:
            ValueError: If a row has no target, and such rows are not to be skipped.
        """
        for first, table in self.tables:
            parts = parts_of_rows(self.seed, first, table.rows, self.fractions)
            if not self.skip_unlabelled:
                check_target(table, self.target)
            kept = np.flatnonzero(table.has(self.target))
            yield first, table, kept, parts[kept]


class Learnt(NamedTuple):
    """What the first pass found. rows: of each part. sample: how many training rows the quantiles are of."""

    encoding: Encoding
    rows: list[int]
    class_rows: dict[str, list[int]]
    sample: int


class FirstPass:
    """Sees each training row once, and remembers what features are learnt from."""

    def __init__(self, table: LargeTable, settings: DataSettings) -> None:
        chosen = feature_settings(settings)
        self.table, self.choice, self.order = table, FeatureChoice(**chosen), chosen["ordinal"] or {}
        kinds = table.tables.kinds
        self.names = [name for name in kinds if name != table.target]
        if not self.names:
            raise ValueError(f"{table.tables.files.title} has no column besides the target {table.target!r}")
        few = self.choice.min_count == 1
        self.moments = {name: Moments() for name in kinds if kinds[name] == "numeric"}
        self.words = {
            name: Vocabulary(name, MOST_CATEGORIES if few and name not in self.order else MOST_STRINGS)
            for name in self.names
            if kinds[name] == "category"
        }
        self.classes = Vocabulary(table.target, 2 * MOST_CLASSES)  # in all parts; `Labels` refuses too many
        self.class_counts: list[Counter[int]] = [Counter() for _ in PARTS]
        self.rows = [0] * len(PARTS)
        row_bytes = sum(8 if kind == "numeric" else 4 for kind in kinds.values())
        self.sample = RowSample(max(1, min(SAMPLE_ROWS, SAMPLE_BYTES // row_bytes)), table.seed)

    def learn(self) -> Learnt:
        """Read all rows. Raises: ValueError if they cannot be learnt from."""
        try:
            for first, block, kept, parts in self.table.blocks():
                self._add(first, block, kept, parts)
            self._check_parts()
            class_rows = self._class_rows()
            sample = self.sample.seen if self.sample.complete else self.sample.size
            features, labels = self._features()
        except ValueError as error:
            title = self.table.tables.files.title
            raise (
                error
                if any(str(each.path) in str(error) for each in self.table.tables.files.files)
                else ValueError("\n".join(f"{title}: {line}" for line in str(error).splitlines()))
            ) from None
        tables = self.table.tables
        encoding = Encoding(features, labels, self.table.target, tuple(tables.drop), tables.first.options)
        return Learnt(encoding, self.rows, class_rows, sample)

    def _add(self, first: int, table: Table, kept: npt.NDArray[np.int64], parts: npt.NDArray[np.int8]) -> None:
        target = table.columns[self.table.target]
        if self.table.classifies:
            numbers = self.classes.add(target[kept])
            for part, counts in enumerate(self.class_counts):
                counts.update(dict(enumerate(np.bincount(numbers[parts == part]).tolist())))
        for part in range(len(PARTS)):
            self.rows[part] += int((parts == part).sum())
        rows = kept[parts == TRAIN]
        columns: dict[str, npt.NDArray[Any]] = {}
        for name, moments in self.moments.items():
            columns[name] = table.columns[name][rows]
            moments.add(columns[name])
        for name, words in self.words.items():
            columns[name] = words.add(table.columns[name][rows])
        if self.table.classifies:
            columns[self.table.target] = numbers[parts == TRAIN]
        self.sample.add(first, rows, columns)

    def _check_parts(self) -> None:
        for part, rows, share in zip(PARTS, self.rows, self.table.fractions, strict=True):
            if not rows:
                told = f"no row of {sum(self.rows):,} fell to the {part} part, whose share is {share:g}"
                raise ValueError(f"{told}; give more rows, a larger --{part}, or another --seed")

    def _class_rows(self) -> dict[str, list[int]]:
        """Return the rows of each class by part, in the order of the class numbers; nothing for amounts."""
        if not self.table.classifies:
            return {}
        numbers = self.classes.numbers
        alone = {name: self.classes.counts[name] for name in numbers if not self.class_counts[TRAIN][numbers[name]]}
        for name, rows in alone.items():
            told = f"class {name!r} has {plural(rows, 'row')}, none of them among the training rows"
            raise ValueError(f"{told}; leave them out, or try another --seed")
        names = Labels.of_counts(self.classes.counts).names
        return {
            part: [int(of[numbers[name]]) for name in names] for part, of in zip(PARTS, self.class_counts, strict=True)
        }

    def _features(self) -> tuple[Features, Labels | Amounts]:
        complete, target, rows = self.sample.complete, self.table.target, self.sample.rows()
        labels = self._labels(rows, complete)
        known = labels(self.classes.strings(rows[target]) if self.table.classifies else rows[target])
        columns: Mapping[str, Column] = {
            name: self.words[name].strings(rows[name]) if name in self.words else rows[name] for name in self.names
        }
        features = self.choice.learn(columns, known, regression=not self.table.classifies)
        if complete:
            return features, labels
        moments = {name: moments for name, moments in self.moments.items() if name != target}
        more: Any = {"missing_indicator": self.choice.missing_indicator, "min_count": self.choice.min_count}
        counts = {name: words.counts for name, words in self.words.items()}
        return with_exact(features, moments, counts, ordinal=self.order, **more), labels

    def _labels(self, rows: Mapping[str, Column], complete: bool) -> Labels | Amounts:
        if self.table.classifies:
            return Labels.of_counts(self.classes.counts)
        if complete:
            return Amounts(rows[self.table.target])
        moments = self.moments[self.table.target]
        if moments.least == moments.greatest:
            return Amounts(np.full(2, moments.least))  # which says why it is refused
        return Amounts.from_state({"mean": moments.mean, "deviation": moments.deviation})


class LargePreparation(NamedTuple):
    """What `dnn prepare` tells of rows that it reads in blocks. first: the table of the first block."""

    learnt: Learnt
    first: Table
    origin: dict[str, Any]
    table: LargeTable

    def write(self, folder: Path) -> None:
        """Encode all rows, and write features.json, the shards and their index into a folder.

        Raises:
            ValueError: If a number overflows on the scale of training.
            OSError: If the disk has no room for them.
        """
        encoding = self.learnt.encoding
        width, dtype = encoding.features.width, np.int32 if self.table.classifies else np.float32
        refuse_full_disk(folder, sum(self.learnt.rows) * 4 * (width + 1))
        encoding.save(folder)
        writers = [ShardWriter(folder, part, width, dtype) for part in PARTS]
        for _, block, kept, parts in self.table.blocks():
            refuse_overflow(block, encoding.features)
            for rows, its_parts in _pieces(kept, parts, max(1, ENCODED_NUMBERS // width)):
                self._deal({name: cells[rows] for name, cells in block.columns.items()}, its_parts, writers)
        shards: dict[str, list[Shard]] = {part: writer.end() for part, writer in zip(PARTS, writers, strict=True)}
        write_index(folder, shards, encoding.features.names, self.learnt.class_rows)

    def _deal(self, columns: dict[str, Column], parts: npt.NDArray[np.int8], writers: Sequence[ShardWriter]) -> None:
        encoding = self.learnt.encoding
        targets = encoding.labels(columns.pop(encoding.target))
        inputs = encoding.inputs(columns)
        if not np.isfinite(inputs).all():
            raise ValueError("a number overflows on the scale of training")
        for number, writer in enumerate(writers):
            own = parts == number
            writer.add(inputs[own], targets[own])


def prepare_large(settings: DataSettings, seed: int) -> LargePreparation:
    """Read files of any number of rows once, and learn from their training rows; `write` reads them again.

    Raises:
        ValueError: If a file cannot be read or learnt from.
    """
    fractions, drop, options = checked_fractions(settings), listed(settings.drop), read_options(settings)
    assert settings.data is not None
    files = open_row_files(settings.data, options, drop)
    target = settings.target or default_target([name for name in files.names if name not in drop])
    kinds = kinds_given(settings) | {target: "category" if classifies(settings) else "numeric"}
    tables = block_tables(files, kinds=kinds, drop=drop, options=options)
    table = LargeTable(tables, target, fractions, seed, settings.skip_unlabelled, classifies(settings))
    learnt = FirstPass(table, settings).learn()
    origin = {"path": str(settings.data.absolute()), "files": len(files.files), "rows": sum(learnt.rows)}
    origin |= {"target": target, "scale": feature_settings(settings)["scale"]}
    origin |= {"split": {"validation": fractions[1], "test": fractions[2]}, "sample": learnt.sample}
    return LargePreparation(learnt, tables.first, origin, table)


def reads_in_blocks(settings: DataSettings) -> bool:
    """Whether the data are several files, or one that memory may not hold."""
    if settings.data is None:
        return False
    return are_several(settings.data) or is_too_large(
        (sniff(settings.data, read_options(settings)),), settings.max_bytes
    )


def refuse_full_disk(folder: Path, takes: int) -> None:
    """Refuse to begin what the disk has no room for. Raises: OSError."""
    if takes > (free := shutil.disk_usage(folder).free):
        raise OSError(f"the encoded rows take {takes:,} bytes, and the disk of {folder} has {free:,} that are free")


def _pieces(
    kept: npt.NDArray[np.int64], parts: npt.NDArray[np.int8], rows: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]]:
    for first in range(0, len(kept), rows):
        yield kept[first : first + rows], parts[first : first + rows]
