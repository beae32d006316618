"""What the command `dnn` does: each command is a few steps of the public pipeline, told to a person."""

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow
import tensorflow as tf
from rich.console import Console

import dnn
from dnn.data import files
from dnn.data.arrays import Inputs, Targets
from dnn.data.encoding import Encoding, load_encoding
from dnn.data.features import Gap
from dnn.data.preprocess import SCALES
from dnn.data.table import shortened
from dnn.report.folder import read_json, refuse_existing, refuse_unwritable, sha256, write_folder, write_json
from dnn.report.predictions import refuse_output, write_predictions
from dnn.report.scores import scores
from dnn.report.screen import epoch_lines, say, show_results
from dnn.settings import SCALE, SHARE, PrepareSettings, TrainSettings, default_target, for_json

PARTS = ("train", "validation", "test")

tf.constant(0)  # starts TensorFlow's runtime here, while its importer keeps its chatter back


class Prepared(NamedTuple):
    """What a network is trained on. parts: by name. origin: what was read, for config.json."""

    encoding: Encoding
    parts: dict[str, tuple[Inputs, Targets]]
    origin: dict[str, Any]


def run_training(settings: TrainSettings) -> None:
    """`dnn train`: learn, test, and leave a run folder."""
    if settings.out:
        refuse_existing(settings.out)
    out = settings.out or Path("runs", datetime.now().strftime("%Y-%m-%dT%H-%M-%S"))
    refuse_unwritable(out)
    folder = settings.data if settings.data and settings.data.is_dir() else None
    prepared = _read_prepared(folder, settings) if folder else _prepare_file(settings)
    model, history = _fit(prepared, settings)
    inputs, targets = prepared.parts["test"]
    results = scores(targets, dnn.predict(model, inputs), prepared.encoding.labels.names)

    def fill(folder: Path) -> None:
        dnn.Classifier(prepared.encoding, model).save(folder)
        history.to_csv(folder / "history.csv")
        history.plot(folder / "curves.png")
        write_json(folder / "metrics.json", {"best_epoch": history.best_epoch, "test": results})
        write_json(folder / "config.json", _config("train", settings, prepared.origin))

    run = write_folder(out, fill)
    kept = "whose weights are kept" if settings.restore_best else "though the last epoch's weights are kept"
    say(f"best epoch: {history.best_epoch} of {len(history.epochs)}, {kept} (*: the best so far)\n")
    show_results(results, title="test rows, seen by neither training nor early stopping")
    say(f"\nrun folder: {run}\npredict with it: dnn predict {run} --data new.csv --out predictions.csv")


def prepare_folder(settings: PrepareSettings) -> None:
    """`dnn prepare`: split and preprocess a file, and save the arrays."""
    refuse_unwritable(refuse_existing(settings.out))
    if settings.data and settings.data.is_dir():
        raise ValueError(f"{settings.data} is a folder; prepare reads a CSV or Parquet file")
    prepared = _prepare_file(settings)

    def fill(folder: Path) -> None:
        prepared.encoding.save(folder)
        for name, (inputs, targets) in prepared.parts.items():
            dnn.save_part(folder / f"{name}.npz", inputs, targets)
        write_json(folder / "config.json", _config("prepare", settings, prepared.origin))

    folder = write_folder(settings.out, fill)
    say(f"prepared folder: {folder}\ntrain with it: dnn train --data {folder}")


def evaluate_run(run: Path, data: Path) -> None:
    """`dnn evaluate`: test a trained network on a file that has the target."""
    classifier = dnn.load(run)
    encoding = classifier.encoding
    table = encoding.read(data)
    labels = encoding.labels(table.column(encoding.target))
    columns = table.without(encoding.target).columns
    logits = classifier.logits(columns)
    _show_gaps(encoding.features.gaps(columns), table.rows, "rows")
    show_results(scores(labels, logits, encoding.labels.names), title=str(data))


def predict_file(run: Path, data: Path, out: Path, *, force: bool = False) -> None:
    """`dnn predict`: write the label and the probabilities of each row of a file."""
    refuse_output(out, data, force=force)
    classifier = dnn.load(run)
    encoding = classifier.encoding
    table = encoding.read(data, with_target=False)
    logits = classifier.logits(table.columns)
    _show_gaps(encoding.features.gaps(table.columns), table.rows, "rows")
    write_predictions(out, logits, encoding.labels.names)
    say(f"predictions: {out}, {table.rows:,} rows in the order of {data}")


def export_run(run: Path, out: Path) -> None:
    """`dnn export`: write a trained network as a SavedModel."""
    refuse_unwritable(refuse_existing(out))
    classifier = dnn.load(run)
    folder = write_folder(out, classifier.export)
    say(f"SavedModel: {folder}\nload it with tf.saved_model.load({str(folder)!r}).signatures['serving_default']")


def time_op(path: Path, *, quick: bool) -> None:
    """`dnn bench-op`: time a custom op beside its reference."""
    from dnn.bench.op import measured  # here, since no other command needs it

    say(measured(path, quick=quick))


def _fit(prepared: Prepared, settings: TrainSettings) -> tuple[dnn.Sequential, dnn.History]:
    sizes = [prepared.encoding.features.width, *settings.hidden, prepared.encoding.labels.classes]
    say(f"network: {' → '.join(map(str, sizes))}, relu between; batches of {settings.batch_size}")
    model = dnn.mlp(sizes, activation=dnn.relu, seed=settings.seed)
    with epoch_lines(Console(), settings.epochs) as show:
        history = dnn.fit(
            model,
            prepared.parts["train"],
            prepared.parts["validation"],
            loss=dnn.sparse_softmax_cross_entropy,
            optimizer=dnn.Adam(model.trainable_variables, settings.learning_rate),
            batch_size=settings.batch_size,
            epochs=settings.epochs,
            seed=settings.seed,
            callbacks=[show],
            jit_compile="auto" if settings.jit is None else settings.jit,
            early_stopping=dnn.EarlyStopping(
                patience=settings.patience, min_delta=settings.min_delta, restore_best_weights=settings.restore_best
            ),
        )
    if history.best is None or not np.isfinite(history.best["val_loss"]):
        raise ValueError("the validation loss was never a number: training diverged; try a smaller --learning-rate")
    return model, history


def _prepare_file(settings: TrainSettings | PrepareSettings) -> Prepared:
    """Read a file, split it, and learn from the training rows how its columns become arrays."""
    scale, (validation, test) = settings.scale or SCALE, _shares(settings)
    path = settings.data or dnn.sample_path()
    source = files.sniff(path)
    target = settings.target
    if target is None:
        target = default_target([name for name in source.names if name not in settings.drop])
    # a label is what the file says, not a number
    table = files.read(source, drop=settings.drop, kinds={target: "category"})
    say(f"data: {path if settings.data else f'the embedded sample, {path.name}'}, {table.rows:,} rows")
    parts = dnn.split(table, target, fractions=(1 - validation - test, validation, test), seed=settings.seed)
    features = dnn.Features(parts[0].columns, scale=SCALES[scale.value].learn)
    encoding = Encoding(features, dnn.Labels(parts[0].target), target, tuple(settings.drop))
    _show_encoding(encoding, table, scale.value)
    _show_split({name: len(part.rows) for name, part in zip(PARTS, parts, strict=True)})
    for name, part in zip(PARTS, parts, strict=True):
        _show_gaps(features.gaps(part.columns), len(part.rows), f"{name} rows")
    arrays = [(features(part.columns).numpy(), encoding.labels(part.target)) for part in parts]
    origin = {"path": str(path.resolve()), "sha256": sha256(path), "rows": table.rows, "target": target}
    origin |= {"scale": scale.value, "split": {"validation": validation, "test": test}}
    return Prepared(encoding, dict(zip(PARTS, arrays, strict=True)), origin)


def _shares(settings: TrainSettings | PrepareSettings) -> tuple[float, float]:
    validation = SHARE if settings.validation is None else settings.validation
    test = SHARE if settings.test is None else settings.test
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise ValueError(f"--validation and --test must leave rows to train on, got {validation} and {test}")
    return validation, test


def _read_prepared(folder: Path, settings: TrainSettings) -> Prepared:
    """Read what `dnn prepare` wrote; it decided what must not be given again."""
    for option in ("target", "drop", "scale", "validation", "test"):
        given = for_json(settings)[option]
        if given is not None and given != []:
            raise ValueError(f"--{option} was decided when the folder was prepared; leave it out")
    encoding = load_encoding(folder)
    width, classes = encoding.features.width, encoding.labels.classes
    paths = {name: folder / f"{name}.npz" for name in PARTS}
    parts = {name: dnn.load_part(path, width=width, classes=classes) for name, path in paths.items()}
    say(f"data: the prepared folder {folder}")
    say(f"target: {encoding.target}, classes {shortened(encoding.labels.names)}")
    _show_split({name: len(targets) for name, (_, targets) in parts.items()})
    hashed = [folder / "features.json", *paths.values()]
    origin = {"path": str(folder.resolve()), "sha256": {path.name: sha256(path) for path in hashed}}
    origin["prepared"] = read_json(folder / "config.json")
    return Prepared(encoding, parts, origin)


def _config(command: str, settings: TrainSettings | PrepareSettings, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Return all that repeats the run."""
    return {
        "command": command,
        "arguments": for_json(settings),
        "data": dict(origin),
        "versions": {"python": platform.python_version()}
        | {package.__name__: package.__version__ for package in (dnn, tf, np, pyarrow)},
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def _show_encoding(encoding: Encoding, table: dnn.Table, scale: str) -> None:
    features = encoding.features
    say(f"target: {encoding.target}, classes {shortened(encoding.labels.names)}")
    say(f"numeric, {scale}: {', '.join(features.numeric) or 'none'}")
    blocks = [f"{name} ({len(block.categories)})" for name, block in features.blocks.items()]
    say(f"categories, one-hot: {shortened(blocks) or 'none'}")
    rows = table.rows
    for name in features.categorical:
        numbers, word = dnn.numbers_among(table.columns[name])
        if 2 * numbers > rows:
            say(f"note: {name}: {numbers:,} of {rows:,} cells are numbers, but it is a category for {word!r}")


def _show_split(rows: Mapping[str, int]) -> None:
    say("split: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()) + " rows")


def _show_gaps(gaps: Iterable[Gap], rows: int, of: str) -> None:
    for gap in gaps:
        say(f"note: {gap.column}: {gap.cells:,} of {rows:,} {of} are {gap.problem}; they get {gap.treatment}")
