"""The first of two passes over rows that are read in blocks: each training row is seen once, and learnt from."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import Amounts
from dnn.data.block_tables import BlockTables
from dnn.data.column_statistics import MOST_STRINGS, Moments, Vocabulary
from dnn.data.encoding import Encoding
from dnn.data.exact_features import with_exact
from dnn.data.feature_choice import FeatureChoice
from dnn.data.features import Features
from dnn.data.labels import MOST_CLASSES, Labels
from dnn.data.one_hot import MOST_CATEGORIES
from dnn.data.row_hash import parts_of_rows
from dnn.data.row_sample import RowSample
from dnn.data.shards import PARTS
from dnn.data.split import check_target
from dnn.data.table import Column, Table, plural, shell_word

SAMPLE_ROWS, SAMPLE_BYTES = 2**20, 2**27  # at most, of which quantiles are learnt: all training rows, if they are fewer
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
    """What the first pass found.

    rows: of each part. sample: how many training rows the quantiles are of. unlabelled: rows without a target.
    """

    encoding: Encoding
    rows: list[int]
    class_rows: dict[str, list[int]]
    sample: int
    unlabelled: int


class FirstPass:
    """Sees each training row once, and remembers what features are learnt from.

    Args:
        table: Where the rows are.
        choice: How they become features.
    """

    def __init__(self, table: LargeTable, choice: FeatureChoice) -> None:
        self.table, self.choice, self.order = table, choice, choice.ordinal or {}
        kinds = table.tables.kinds
        self.names = [name for name in kinds if name != table.target]
        if not self.names:
            raise ValueError(f"{table.tables.files.title} has no column besides the target {table.target!r}")
        few = self.choice.min_count == 1
        self.moments = {name: Moments() for name in kinds if kinds[name] == "numeric"}
        self.words = {
            name: Vocabulary(
                name,
                MOST_CATEGORIES if few and name not in self.order else MOST_STRINGS,
                f"leave it out, or group its values: --drop {shell_word(name)}",
            )
            for name in self.names
            if kinds[name] == "category"
        }
        amounts = "as the target it has too many classes; --task regression predicts amounts"
        self.classes = Vocabulary(table.target, MOST_CLASSES, amounts)  # in all parts
        self.class_counts: list[Counter[int]] = [Counter() for _ in PARTS]
        self.rows, self.unlabelled = [0] * len(PARTS), 0
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
        return Learnt(encoding, self.rows, class_rows, sample, self.unlabelled)

    def _add(self, first: int, table: Table, kept: npt.NDArray[np.int64], parts: npt.NDArray[np.int8]) -> None:
        target = table.columns[self.table.target]
        self.unlabelled += table.rows - len(kept)
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
