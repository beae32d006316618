"""What the command `dnn` does but train: each command is a few steps of the public pipeline, told to a person."""

from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

import dnn
from dnn.cross_validation import cross_validate
from dnn.data.names import shell_quoted
from dnn.data_notes import prepared_of
from dnn.estimator.folder import load_estimator
from dnn.files.json_files import write_json
from dnn.files.new_folder import refuse_existing, refuse_unwritable, write_folder
from dnn.large_preparation import reads_in_blocks
from dnn.prediction_run import evaluate_run, predict_file
from dnn.prepare_run import prepare_shards
from dnn.report.run_config import run_config
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
    voice.say(f"prepared folder: {folder}", f"train with it: dnn train --data {shell_quoted(str(folder))}")
    voice.end(folder)


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
    voice.say(*(f"go on with it: dnn train --resume {shell_quoted(str(each.path))}" for each in left))
    voice.end()


def time_op(path: Path, *, quick: bool) -> None:
    """`dnn bench-op`: time a custom op beside its reference."""
    from dnn.bench.op import measured  # here, since no other command needs it

    Voice().say(measured(path, quick=quick))
