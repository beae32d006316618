"""`dnn prepare` of any number of rows: two passes over the files in bounded memory, and shards on the disk.

The first pass learns of the training rows, the second encodes all rows. Which part a row falls to is decided by the
seed and the row's number alone.
"""

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

from dnn.data.block_tables import block_tables
from dnn.data.feature_choice import FeatureChoice
from dnn.data.files import sniff
from dnn.data.first_pass import FirstPass, LargeTable, Learnt
from dnn.data.row_files import are_several, open_row_files
from dnn.data.shards import Shard, ShardWriter, write_index
from dnn.data.size_estimate import takes_more
from dnn.data.size_limit import limit_of
from dnn.data.table import Column, Table
from dnn.data.target_reading import refuse_fractions, refuse_one_column, text_told_as_classes
from dnn.data.too_large import refuse_overflow
from dnn.early_checks import checked_fractions
from dnn.preparation import PARTS, feature_settings, read_options
from dnn.settings import DataSettings, classifies, default_target, kinds_given, listed

ENCODED_NUMBERS = 2**22  # that are encoded at once: 16 MB


See: TypeAlias = Callable[[str, dict[str, Column]], None]


def _see_nothing(part: str, columns: dict[str, Column]) -> None:
    """Be what `LargePreparation.write` calls where nobody looks."""


class LargePreparation(NamedTuple):
    """What `dnn prepare` tells of rows that it reads in blocks. first: the table of the first block."""

    learnt: Learnt
    first: Table
    origin: dict[str, Any]
    table: LargeTable

    def write(self, folder: Path, see: See = _see_nothing) -> None:
        """Encode all rows, and write features.json, the shards and their index into a folder.

        Args:
            folder: It is there.
            see: Is called with the name of a part and the columns of some of its rows, for all of them.

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
            columns = block.without(encoding.target).columns
            for part, name in enumerate(PARTS):
                own = kept[parts == part]
                see(name, {column: cells[own] for column, cells in columns.items()})
            for rows, its_parts in _pieces(kept, parts, max(1, ENCODED_NUMBERS // width)):
                self._deal({name: cells[rows] for name, cells in block.columns.items()}, its_parts, writers)
        shards: dict[str, list[Shard]] = {part: writer.end() for part, writer in zip(PARTS, writers, strict=True)}
        written = [sum(shard.rows for shard in shards[part]) for part in PARTS]
        if written != self.learnt.rows:
            counts = f"they had {sum(self.learnt.rows):,} rows, and then {sum(written):,}"
            raise ValueError(f"{self.table.tables.files.title} changed while it was read: {counts}; prepare it again")
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
    files = open_row_files(settings.data, options, drop, kinds_given(settings))
    refuse_one_column(files.title, files.names)
    target = settings.target or default_target([name for name in files.names if name not in drop])
    kinds = kinds_given(settings) | {target: "category" if classifies(settings) else "numeric"}
    with text_told_as_classes(target):
        tables = block_tables(files, kinds=kinds, drop=drop, options=options)
    if classifies(settings) and not settings.task:
        refuse_fractions(tables.first, target, kinds_given(settings))
    table = LargeTable(tables, target, fractions, seed, settings.skip_unlabelled, classifies(settings))
    learnt = FirstPass(table, FeatureChoice(**feature_settings(settings))).learn()
    origin = {"path": str(settings.data.absolute()), "files": len(files.files), "rows": sum(learnt.rows)}
    origin |= {"target": target, "scale": feature_settings(settings)["scale"]}
    origin |= {"split": {"validation": fractions[1], "test": fractions[2]}, "sample": learnt.sample}
    return LargePreparation(learnt, tables.first, origin, table)


def reads_in_blocks(settings: DataSettings) -> bool:
    """Whether the data are several files, or one that memory may not hold."""
    if settings.data is None:
        return False
    if are_several(settings.data):
        return True
    return takes_more(sniff(settings.data, read_options(settings)), limit_of(settings.max_bytes))


def refuse_full_disk(folder: Path, takes: int) -> None:
    """Refuse to begin what the disk has no room for. Raises: OSError."""
    if takes > (free := shutil.disk_usage(folder).free):
        raise OSError(f"the encoded rows take {takes:,} bytes, and the disk of {folder} has {free:,} that are free")


def _pieces(
    kept: npt.NDArray[np.int64], parts: npt.NDArray[np.int8], rows: int
) -> Iterator[tuple[npt.NDArray[np.int64], npt.NDArray[np.int8]]]:
    for first in range(0, len(kept), rows):
        yield kept[first : first + rows], parts[first : first + rows]
