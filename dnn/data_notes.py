"""What a command tells of the data: how the columns become numbers, what was decided, and what is suspicious."""

from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from dnn.control import without_control
from dnn.data.advice import left_out, suspicions
from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.data.one_hot import UNKNOWN
from dnn.data.ordinal import Ordinal
from dnn.data.scale_choice import columns_by_scale
from dnn.data.table import Column, Table, shortened
from dnn.data.target_advice import Task
from dnn.preparation import Prepared, prepare_file, read_prepared
from dnn.report.voice import Voice
from dnn.settings import DataSettings, classifies, kinds_given


def prepared_of(settings: DataSettings, voice: Voice, seed: int, most_notes: int | None = 12) -> Prepared:
    """Read the file or the prepared folder, and tell what was found in it. Raises: ValueError."""
    if settings.data and settings.data.is_dir():
        prepared = read_prepared(settings.data, settings)
        voice.say(f"data: the prepared folder {settings.data}, in memory")
    else:
        path = settings.data
        prepared = prepare_file(settings, seed)
        name = path or f"the embedded sample, {Path(prepared.origin['path']).name}"
        voice.result("data", prepared.origin, [f"data: {name}, {prepared.origin['rows']:,} rows"])
    counts = {name: len(arrays[1]) for name, arrays in prepared.arrays.items()}
    tell_encoding(prepared.encoding, counts, voice, chosen=not settings.target and prepared.table is not None)
    if prepared.table is not None:
        sentences = table_notes(prepared.table, prepared.encoding.target, settings)
        sentences += [note.sentence for note in left_out(prepared.encoding.features, sentences)]
        parts = {name: part.columns for name, part in prepared.parts.items()}
        sentences += gap_sentences(prepared.encoding, parts, rare=False)
        voice.notes(sentences, most=most_notes)
    return prepared


def table_notes(table: Table, target: str, settings: DataSettings) -> list[str]:
    """Return what the reader decided, and what is suspicious, a sentence each."""
    decided = [*kinds_given(settings), *([target] if settings.task else [])]
    task: Task = "classification" if classifies(settings) else "regression"
    found = suspicions(table, target, task=task, decided=decided)
    return [*table.notes, *(note.sentence for note in found)]


def gap_sentences(encoding: Encoding, parts: Mapping[str, Mapping[str, Column]], *, rare: bool = True) -> list[str]:
    """Return a sentence for each column and kind of cell that has to be filled, in all parts that have some.

    parts: the columns by the part's name, "" for a whole file. rare: tell also of those that share a feature.
    """
    found = {}
    for name, columns in parts.items():
        found[name] = GapCounts(encoding)
        found[name].add(columns)
    return told_gaps(found, rare=rare)


class GapCounts:
    """The cells that have to be filled, counted block by block."""

    def __init__(self, encoding: Encoding) -> None:
        self.encoding, self.rows = encoding, 0
        self.cells: Counter[tuple[str, str, str]] = Counter()

    def add(self, columns: Mapping[str, Column]) -> None:
        """Count those of some rows."""
        self.rows += len(next(iter(columns.values())))
        for gap in self.encoding.features.gaps(columns):
            self.cells[gap.column, gap.problem, gap.treatment] += gap.cells


def told_gaps(parts: Mapping[str, GapCounts], *, rare: bool = True) -> list[str]:
    """Return what `gap_sentences` does, of cells that are counted."""
    counts: dict[tuple[str, str, str], list[str]] = {}
    for name, part in parts.items():
        for gap, cells in part.cells.items():
            if rare or gap[1] != UNKNOWN[True][0]:
                counts.setdefault(gap, []).append(f"{cells:,} of {part.rows:,}" + f" {name}" * bool(name))
    return [
        f"{without_control(column)}: {', '.join(told)} {_what_is(problem)}; they get {treatment}"
        for (column, problem, treatment), told in counts.items()
    ]


def _what_is(problem: str) -> str:
    """Return what a gap's cells are, or which value their rows have."""
    return "cells are empty" if problem == "empty" else f"rows have a value {problem}"


def tell_encoding(encoding: Encoding, counts: Mapping[str, int], voice: Voice, *, chosen: bool) -> None:
    """Tell how the columns become numbers. counts: rows of each part. chosen: whether the target was not named."""
    features = encoding.features
    what = "amounts" if isinstance(encoding.labels, Amounts) else f"classes {shortened(encoding.labels.names)}"
    named = "; --target names another column" if chosen else ""
    voice.say(f"target: {without_control(encoding.target)}, {what}{named}")
    for scale, columns in columns_by_scale(features.scale, features.numeric).items():
        voice.say(f"numeric, {scale}: {', '.join(map(without_control, columns)) or 'none'}")
    if features.indicated:
        voice.say(f"numeric, with an indicator of empty cells: {shortened(features.with_indicator)}")
    blocks = [(isinstance(block, Ordinal), name, block) for name, block in features.blocks.items()]
    one_hot = [f"{name} ({len(block.names(name))})" for ordinal, name, block in blocks if not ordinal]
    voice.say(f"categories, one-hot: {shortened(one_hot) or 'none'}")
    if places := [f"{name} ({len(block.categories)})" for ordinal, name, block in blocks if ordinal]:
        voice.say(f"categories, ordinal: {shortened(places)}")
    voice.say("split: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()) + " rows")
