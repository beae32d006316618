"""`dnn prepare` of files that are read in blocks: what is told, and the folder that is left."""

from pathlib import Path

import dnn
from dnn.data.exact_features import quantile_error
from dnn.data.names import shell_quoted
from dnn.data.scale_choice import columns_by_scale
from dnn.data.split import unlabelled_notes
from dnn.data_notes import GapCounts, table_notes, tell_encoding, told_gaps
from dnn.files.json_files import write_json
from dnn.files.new_folder import write_folder
from dnn.large_preparation import prepare_large
from dnn.preparation import PARTS
from dnn.report.run_config import run_config
from dnn.report.voice import Voice
from dnn.settings import PrepareSettings, for_json

EXACT = frozenset(("standardize", "rescale", "normalize", "binarize"))  # scales that need no quantiles


def prepare_shards(settings: PrepareSettings, voice: Voice, most_notes: int | None) -> None:
    """Read files of any number of rows twice, and leave a folder of shards, complete or not at all."""
    large = prepare_large(settings, settings.seed)
    origin, learnt, files = large.origin, large.learnt, large.origin["files"]
    of_files = f" in {files:,} files" if files > 1 else ""
    voice.result("data", origin, [f"data: {settings.data}, {origin['rows']:,} rows{of_files}, read in blocks"])
    counts = dict(zip(PARTS, learnt.rows, strict=True))
    tell_encoding(learnt.encoding, counts, voice, chosen=not settings.target)
    sentences = table_notes(large.first, learnt.encoding.target, settings)
    of_all = origin["rows"] + learnt.unlabelled
    if of_all > large.first.rows:
        sentences = [f"in the first {large.first.rows:,} rows: {sentence}" for sentence in sentences]
    sentences = [*unlabelled_notes(learnt.unlabelled, of_all, learnt.encoding.target), *sentences]
    of_quantiles = not EXACT.issuperset(
        columns_by_scale(learnt.encoding.features.scale, learnt.encoding.features.numeric)
    )
    if learnt.sample < counts["train"] and of_quantiles:
        error = 100 * quantile_error(learnt.sample)
        told = f"quantiles are of {learnt.sample:,} training rows, drawn by the seed"
        sentences.append(f"{told}: the share of rows below one is right within {error:.2f} % (95 % of the columns)")
    voice.notes(sentences, most=most_notes)
    gaps = {part: GapCounts(learnt.encoding) for part in PARTS}

    def fill(folder: Path) -> None:
        large.write(folder, lambda part, columns: gaps[part].add(columns))
        write_json(folder / "config.json", run_config("prepare", dnn.__version__, for_json(settings), origin))

    folder = write_folder(settings.out, fill)
    voice.notes(told_gaps(gaps, rare=False), most=most_notes)
    voice.say(f"prepared folder: {folder}", f"train with it: dnn train --data {shell_quoted(str(folder))}")
    voice.end(folder)
