"""`dnn predict` and `dnn evaluate`: a trained network on new rows, at once, or block by block where they are many."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from dnn.classifier import Classifier
from dnn.data.files import TableFile, sniff
from dnn.data.options import ReadOptions
from dnn.data.row_files import are_several, paths_of
from dnn.data.size_estimate import takes_more
from dnn.data.split import check_target, labelled_rows, unlabelled_notes
from dnn.data.table import Table
from dnn.data_notes import GapCounts, gap_sentences, told_gaps
from dnn.estimator.base import Estimator
from dnn.estimator.class_names import class_names
from dnn.estimator.folder import load_estimator
from dnn.estimator.members import disagreement, member_predictions
from dnn.estimator.streamed import score_sums
from dnn.nn.softmax import softmax
from dnn.report.predictions import class_columns, refuse_output, write_all_predictions, write_predictions
from dnn.report.score_sums import ClassScoreSums
from dnn.report.screen import plain_scores, result_lines
from dnn.report.voice import Voice

AT_ONCE = 10**9  # bytes of memory that a file may take to be read as one table


def evaluate_run(
    run: Path, data: Path, voice: Voice, *, skip_unlabelled: bool = False, max_bytes: int | None = None
) -> None:
    """`dnn evaluate`: test a trained network on a file, or on many, that have the target."""
    estimator = load_estimator(run)
    encoding, options = estimator.fitted.encoding, ReadOptions(max_bytes=max_bytes)
    file = file_at_once(data, encoding.options.updated(options))
    if file is None:
        notes, results = _evaluated_in_blocks(estimator, data, options, skip_unlabelled)
    else:
        table = _labelled(encoding.read(file, options=options), estimator, skip_unlabelled)
        columns = table.without(encoding.target).columns
        notes = [*table.notes, *gap_sentences(encoding, {"": columns})]
        results = estimator.evaluate_columns(columns, table.column(encoding.target))
    voice.notes(notes)
    voice.result("test", results, result_lines(results, title=str(data), width=voice.width))
    voice.end(alone=plain_scores(results))


def predict_file(
    run: Path,
    data: Path,
    out: Path,
    voice: Voice,
    *,
    force: bool = False,
    keep: tuple[str, ...] = (),
    max_bytes: int | None = None,
    raw_text: bool = False,
) -> None:
    """`dnn predict`: write what is predicted for each row of a file, or of many, in the order of their names."""
    refuse_output(out, paths_of(data) if are_several(data) else [data], force=force)
    estimator = load_estimator(run)
    encoding, options = estimator.fitted.encoding, ReadOptions(max_bytes=max_bytes)
    file = file_at_once(data, encoding.options.updated(options))
    if file is None:
        gaps, notes = GapCounts(encoding), list[str]()
        tables = encoding.read_blocks(data, with_target=False, keep=keep, options=options)
        write_all_predictions(out, _predicted_blocks(estimator, tables, keep, gaps, notes), raw_text=raw_text)
        rows = gaps.rows
    else:
        table = encoding.read(file, with_target=False, keep=keep, options=options)
        write, gaps = _with_predictions(estimator, table, keep), GapCounts(encoding)
        gaps.add({name: table.columns[name] for name in encoding.features.kinds})
        rows, notes = table.rows, list(table.notes)
        write_predictions(out, write, raw_text=raw_text)
    voice.notes([*notes, *told_gaps({"": gaps})])
    voice.say(f"predictions: {out}, {rows:,} rows in the order of {data}")
    voice.end(out)


def file_at_once(data: Path, options: ReadOptions) -> TableFile | None:
    """Return the file, opened, if it takes less than a gigabyte of memory; else None: it is read in blocks."""
    if are_several(data):
        return None
    file = sniff(data, options)
    return None if takes_more(file, AT_ONCE) else file


def _predicted_blocks(
    estimator: Estimator, tables: Iterator[Table], keep: tuple[str, ...], gaps: GapCounts, notes: list[str]
) -> Iterator[dict[str, Any]]:
    """Yield the columns to write for each table; count the gaps, and keep the notes on the first one."""
    for table in tables:
        if not gaps.rows:
            notes += [f"in the first {table.rows:,} rows: {note}" for note in table.notes]
        gaps.add({name: table.columns[name] for name in estimator.fitted.encoding.features.kinds})
        yield _with_predictions(estimator, table, keep)


def _with_predictions(estimator: Estimator, table: Table, keep: tuple[str, ...]) -> dict[str, Any]:
    """Return the columns to keep and those of the predictions. Raises: ValueError if a name is there twice."""
    kept = {name: table.kept[name] for name in keep}  # the text of the file, of training's columns too
    columns = {name: table.columns[name] for name in estimator.fitted.encoding.features.kinds}
    predicted = _prediction_columns(estimator, columns)
    if clash := [name for name in keep if name in predicted]:
        raise ValueError(f"--keep {clash[0]}: the predictions have a column of this name; rename it in the data")
    return kept | predicted


def _evaluated_in_blocks(
    estimator: Estimator, data: Path, options: ReadOptions, skip_unlabelled: bool
) -> tuple[list[str], Mapping[str, Any]]:
    """Return the notes and the figures of rows that are read block by block."""
    predictor, sums, gaps = estimator.fitted, score_sums(estimator), GapCounts(estimator.fitted.encoding)
    rows, notes = 0, list[str]()
    for table in predictor.encoding.read_blocks(data, options=options):
        if not rows:
            notes += [f"in the first {table.rows:,} rows: {note}" for note in table.notes]
        rows += table.rows
        if skip_unlabelled and not table.has(predictor.encoding.target).any():
            continue
        table = _labelled(table, estimator, skip_unlabelled)
        columns, target = table.without(predictor.encoding.target).columns, table.column(predictor.encoding.target)
        gaps.add(columns)
        if isinstance(sums, ClassScoreSums):
            sums.add(predictor.encoding.class_labels(class_names(target)), predictor.logits(columns))
        else:
            sums.add(target.astype(float), predictor.amounts(columns))
    if not gaps.rows:
        raise ValueError(f"{data} has no rows left")
    if isinstance(sums, ClassScoreSums) and len(sums.classes) == 2:
        notes.append(f"roc_auc is right within {sums.roc_auc_error:.1g}: rows are ranked in bins of their odds")
    left_out = unlabelled_notes(rows - gaps.rows, rows, predictor.encoding.target)
    return [*left_out, *notes, *told_gaps({"": gaps})], sums.scores()


def _labelled(table: Table, estimator: Estimator, skip_unlabelled: bool) -> Table:
    """Return the rows of a table that have a target of training. Raises: ValueError, unless others are skipped."""
    encoding = estimator.fitted.encoding
    if skip_unlabelled:
        table = labelled_rows(table, encoding.target)
    check_target(table, encoding.target)
    encoding.check_classes(table)
    return table


def _prediction_columns(estimator: Estimator, columns: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of the file of predictions; those of an ensemble say how far its networks disagree."""
    predictor = estimator.fitted
    of_members = member_predictions(predictor, columns) if hasattr(predictor.model, "member_logits") else None
    if isinstance(estimator, Classifier):
        logits = predictor.logits(columns)
        labels, names = estimator.labels_of(logits), predictor.encoding.class_labels.names
        predicted = class_columns(labels, softmax(logits).numpy(), names)
        return predicted if of_members is None else predicted | {"disagreement": disagreement(of_members, labels)}
    predicted = {"predicted": predictor.amounts(columns)}
    return predicted if of_members is None else predicted | {"disagreement": disagreement(of_members)}
