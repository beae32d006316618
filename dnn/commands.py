"""What the command `dnn` does but train: each command is a few steps of the public pipeline, told to a person."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf

import dnn
from dnn.classifier import Classifier
from dnn.cross_validation import cross_validate
from dnn.data.options import ReadOptions
from dnn.data.split import check_target
from dnn.data_notes import gap_sentences, prepared_of
from dnn.estimator.base import Estimator
from dnn.estimator.folder import load_estimator
from dnn.estimator.members import disagreement, member_predictions
from dnn.files.json_files import write_json
from dnn.files.new_folder import refuse_existing, refuse_unwritable, write_folder
from dnn.large_preparation import reads_in_blocks
from dnn.nn.softmax import softmax
from dnn.prepare_run import prepare_shards
from dnn.report.predictions import class_columns, refuse_output, write_predictions
from dnn.report.run_config import run_config
from dnn.report.screen import result_lines
from dnn.report.text_table import aligned
from dnn.report.voice import Voice
from dnn.run_folder import run_state, runs_in
from dnn.run_report import refuse_no_runs, write_comparison, write_page
from dnn.settings import PrepareSettings, for_json
from dnn.training_run import run_training

__all__ = [
    "compare_runs",
    "cross_validate",
    "evaluate_run",
    "export_run",
    "list_runs",
    "predict_file",
    "prepare_folder",
    "report_run",
    "run_training",
    "time_op",
]

tf.constant(0)  # starts TensorFlow's runtime here, while its importer keeps its chatter back


def prepare_folder(settings: PrepareSettings, voice: Voice, *, most_notes: int | None = 12) -> None:
    """`dnn prepare`: split and preprocess a file, and save the arrays."""
    refuse_unwritable(refuse_existing(settings.out))
    if reads_in_blocks(settings):
        return prepare_shards(settings, voice, most_notes)
    prepared = prepared_of(settings, voice, settings.seed, most_notes)

    def fill(folder: Path) -> None:
        prepared.encoding.save(folder)
        for name, (inputs, targets, *_) in prepared.arrays.items():
            dnn.save_part(folder / f"{name}.npz", inputs, targets)
        write_json(folder / "config.json", run_config("prepare", dnn.__version__, for_json(settings), prepared.origin))

    folder = write_folder(settings.out, fill)
    voice.say(f"prepared folder: {folder}", f"train with it: dnn train --data {folder}")
    voice.end(folder)


def evaluate_run(
    run: Path, data: Path, voice: Voice, *, skip_unlabelled: bool = False, max_bytes: int | None = None
) -> None:
    """`dnn evaluate`: test a trained network on a file that has the target."""
    estimator = load_estimator(run)
    encoding = estimator.fitted.encoding
    table = encoding.read(data, options=ReadOptions(max_bytes=max_bytes))
    if skip_unlabelled:
        table = table.where(table.has(encoding.target))
    check_target(table, encoding.target)
    encoding.check_classes(table)
    columns = table.without(encoding.target).columns
    voice.notes([*table.notes, *gap_sentences(encoding, {"": columns})])
    results = estimator.evaluate_columns(columns, table.column(encoding.target))
    voice.result("test", results, result_lines(results, title=str(data), width=voice.width))
    voice.end()


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
    """`dnn predict`: write what is predicted for each row of a file."""
    refuse_output(out, data, force=force)
    estimator = load_estimator(run)
    encoding = estimator.fitted.encoding
    table = encoding.read(data, with_target=False, keep=keep, options=ReadOptions(max_bytes=max_bytes))
    kept = {name: table.kept[name] for name in keep}  # the text of the file, of training's columns too
    columns = {name: table.columns[name] for name in encoding.features.kinds}
    predicted = _prediction_columns(estimator, columns)
    if clash := [name for name in keep if name in predicted]:
        raise ValueError(f"--keep {clash[0]}: the predictions have a column of this name; rename it in the data")
    voice.notes([*table.notes, *gap_sentences(encoding, {"": columns})])
    write_predictions(out, kept | predicted, raw_text=raw_text)
    voice.say(f"predictions: {out}, {table.rows:,} rows in the order of {data}")
    voice.end(out)


def export_run(run: Path, out: Path, voice: Voice) -> None:
    """`dnn export`: write a trained network as a SavedModel."""
    refuse_unwritable(refuse_existing(out))
    estimator = load_estimator(run)
    folder = write_folder(out, estimator.export)
    names = {name: text for name, text in dnn.input_names(estimator.fitted.features.kinds).items() if name != text}
    if names:
        voice.notes([f"the input of column {name!r} is called {text}" for name, text in names.items()])
    voice.say(f"SavedModel: {folder}")
    voice.say(f"load it with tf.saved_model.load({str(folder)!r}).signatures['serving_default']")
    voice.end(folder)


def report_run(run: Path, voice: Voice) -> None:
    """`dnn report`: make the page of a run again, of what its folder keeps."""
    page = write_page(run)
    voice.say(f"the run as pictures: {page}")
    voice.end(page)


def compare_runs(runs: Sequence[Path], out: Path, voice: Voice, *, force: bool = False) -> None:
    """`dnn compare`: write a page of several runs side by side."""
    refuse_no_runs(runs)
    if not force:
        refuse_existing(out, remedy="choose another name, or --force")
    refuse_unwritable(out)
    page = write_comparison(runs, out)
    voice.say(f"{len(runs)} runs side by side: {page}")
    voice.end(page)


def list_runs(folder: Path, voice: Voice) -> None:
    """`dnn runs`: tell of each run in a folder in what state it is, and how to go on with one that broke off."""
    states = [run_state(path) for path in runs_in(folder)]
    if not states:
        raise ValueError(f"{folder} holds no run of dnn train")
    rows = [("run", "state", "started", "epochs", "test accuracy or R²")]
    for each in states:
        score = next((f"{each.scores[name]:.4f}" for name in ("accuracy", "r2") if name in each.scores), "")
        begun = each.started[:19].replace("T", " ")
        rows.append((each.path.name, each.state, begun, str(each.epochs or ""), score))
    voice.result("runs", [each._asdict() for each in states], aligned(rows, left=3))
    left = [each for each in states if each.state in ("killed", "interrupted", "failed")]
    voice.say(*(f"go on with it: dnn train --resume {each.path}" for each in left))
    voice.end()


def time_op(path: Path, *, quick: bool) -> None:
    """`dnn bench-op`: time a custom op beside its reference."""
    from dnn.bench.op import measured  # here, since no other command needs it

    Voice().say(measured(path, quick=quick))


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
