"""What the command `dnn` does: each command is a few steps of the public pipeline, told to a person."""

import os
import platform
from collections.abc import Iterable, Mapping
from datetime import datetime
from importlib import metadata
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.csv
import tensorflow as tf
from rich.console import Console
from rich.markup import escape

import dnn
from dnn.data.encoding import Encoding, load_encoding
from dnn.report.folder import read_json, refuse_existing, refuse_unwritable, sha256, write_folder, write_json
from dnn.report.scores import scores
from dnn.report.screen import epoch_lines, result_tables

PARTS = ("train", "validation", "test")

tf.constant(0)  # starts TensorFlow's runtime here, while its importer keeps its chatter back


class Prepared(NamedTuple):
    """parts: name -> (inputs float32[rows, width], targets int32[rows]). origin: what was read, for config.json."""

    encoding: Encoding
    parts: dict[str, tuple]
    origin: dict


def train(
    *,
    data,
    target,
    drop,
    out,
    scale,
    validation,
    test,
    hidden,
    learning_rate,
    batch_size,
    epochs,
    patience,
    min_delta,
    restore_best,
    jit,
    seed,
) -> None:
    arguments = locals()
    out = refuse_existing(out) if out else Path("runs", datetime.now().strftime("%Y-%m-%dT%H-%M-%S"))
    refuse_unwritable(out)
    if data and data.is_dir():
        _refuse_given(target=target, drop=drop, scale=scale, validation=validation, test=test)
        prepared = _from_folder(data)
    else:
        prepared = _from_file(data, target, drop, scale, validation, test, seed)
    width, classes = prepared.encoding.features.width, prepared.encoding.labels.names
    _say(f"network: {' → '.join(map(str, [width, *hidden, len(classes)]))}, relu between; batches of {batch_size}")

    model = dnn.mlp([width, *hidden, len(classes)], activation=dnn.relu, seed=seed)
    with epoch_lines(console(), epochs) as show:
        history = dnn.fit(
            model,
            prepared.parts["train"],
            prepared.parts["validation"],
            loss=dnn.sparse_softmax_cross_entropy,
            optimizer=dnn.Adam(model.trainable_variables, learning_rate),
            batch_size=batch_size,
            epochs=epochs,
            seed=seed,
            callbacks=[show],
            jit_compile="auto" if jit is None else jit,
            early_stopping=dnn.EarlyStopping(patience=patience, min_delta=min_delta, restore_best_weights=restore_best),
        )
    if history.best is None or not np.isfinite(history.best["val_loss"]):
        raise ValueError("the validation loss was never a number: training diverged; try a smaller --learning-rate")
    inputs, targets = prepared.parts["test"]
    results = scores(targets, dnn.predict(model, inputs), classes)

    def fill(folder: Path) -> None:
        dnn.Classifier(prepared.encoding, model).save(folder)
        history.to_csv(folder / "history.csv")
        history.plot(folder / "curves.png")
        write_json(folder / "metrics.json", {"best_epoch": history.best_epoch, "test": results})
        write_json(folder / "config.json", _config("train", arguments, prepared.origin))

    run = write_folder(out, fill)
    kept = "whose weights are kept" if restore_best else "though the last epoch's weights are kept"
    _say(f"best epoch: {history.best_epoch} of {len(history.epochs)}, {kept} (*: the best so far)\n")
    _show(results, "test rows, seen by neither training nor early stopping")
    _say(f"\nrun folder: {run}\npredict with it: dnn predict {run} --data new.csv --out predictions.csv")


def prepare(*, out, data, target, drop, scale, validation, test, seed) -> None:
    arguments = locals()
    refuse_unwritable(refuse_existing(out))
    if data and data.is_dir():
        raise ValueError(f"{data} is a folder; prepare reads a CSV or Parquet file")
    prepared = _from_file(data, target, drop, scale, validation, test, seed)

    def fill(folder: Path) -> None:
        prepared.encoding.save(folder)
        for name, (inputs, targets) in prepared.parts.items():
            dnn.save_part(folder / f"{name}.npz", inputs, targets)
        write_json(folder / "config.json", _config("prepare", arguments, prepared.origin))

    folder = write_folder(out, fill)
    _say(f"prepared folder: {folder}\ntrain with it: dnn train --data {folder}")


def evaluate(run: Path, data: Path) -> None:
    classifier = dnn.load(run)
    encoding = classifier.encoding
    table = encoding.read(data)
    labels = encoding.labels(table.column(encoding.target))
    columns = table.without(encoding.target).columns
    logits = classifier.logits(columns)
    _show_gaps(encoding.features.gaps(columns), table.rows, "rows")
    _show(scores(labels, logits, encoding.labels.names), str(data))


def predict(run: Path, data: Path, out: Path, *, force: bool = False) -> None:
    _refuse_output(out, data, force)
    classifier = dnn.load(run)
    encoding = classifier.encoding
    table = encoding.read(data, with_target=False)
    columns = table.columns
    logits = classifier.logits(columns)
    _show_gaps(encoding.features.gaps(columns), table.rows, "rows")
    _write_predictions(out, logits, encoding.labels.names)
    _say(f"predictions: {out}, {table.rows:,} rows in the order of {data}")


def export(run: Path, out: Path) -> None:
    refuse_unwritable(refuse_existing(out))
    classifier = dnn.load(run)
    folder = write_folder(out, classifier.export)
    _say(f"SavedModel: {folder}\nload it with tf.saved_model.load({str(folder)!r}).signatures['serving_default']")


def bench_op(path: Path, *, quick: bool) -> None:
    from dnn.bench.op import measured  # here, since no other command needs it

    _say(measured(path, quick=quick))


def _from_file(data, target, drop, scale, validation, test, seed) -> Prepared:
    scale = scale.value if scale else "standardize"
    validation, test = (0.1 if share is None else share for share in (validation, test))
    if not (0 < validation < 1 and 0 < test < 1 and validation + test < 1):
        raise ValueError(f"--validation and --test must leave rows to train on, got {validation} and {test}")
    path = data or dnn.sample_path()
    names = [name for name in dnn.column_names(path) if name not in drop]
    if target is None:
        target = next((name for name in ("deposit", "y") if name in names), names[-1] if names else "")
    table = dnn.read_table(path, drop=drop, kinds={target: "category"})  # a label is what the file says, not a number
    _say(f"data: {path if data else f'the embedded sample, {path.name}'}, {table.rows:,} rows")
    parts = dnn.split(table, target, fractions=(1 - validation - test, validation, test), seed=seed)
    features = dnn.Features(parts[0].columns, scale=getattr(dnn, scale.capitalize()).learn)
    encoding = Encoding(features, dnn.Labels(parts[0].target), target, tuple(drop))
    _say(f"target: {target}, classes {_listed(encoding.labels.names)}")
    _say(f"numeric, {scale}: {', '.join(features.numeric) or 'none'}")
    _say(f"categories, one-hot: {_listed(f'{n} ({len(features.blocks[n].categories)})' for n in features.categorical)}")
    _show_almost_numeric(table, features.categorical)
    _say("split: " + ", ".join(f"{len(part.rows):,} {name}" for name, part in zip(PARTS, parts, strict=True)) + " rows")
    for name, part in zip(PARTS, parts, strict=True):
        _show_gaps(features.gaps(part.columns), len(part.rows), f"{name} rows")
    arrays = [(features(part.columns).numpy(), encoding.labels(part.target)) for part in parts]
    split = {"validation": validation, "test": test}
    origin = {"path": str(path.resolve()), "sha256": sha256(path), "rows": table.rows, "target": target}
    origin |= {"scale": scale, "split": split}
    return Prepared(encoding, dict(zip(PARTS, arrays, strict=True)), origin)


def _from_folder(folder: Path) -> Prepared:
    encoding = load_encoding(folder)
    width, classes = encoding.features.width, encoding.labels.classes
    files = {name: folder / f"{name}.npz" for name in PARTS}
    parts = {name: dnn.load_part(path, width=width, classes=classes) for name, path in files.items()}
    _say(f"data: the prepared folder {folder}")
    _say(f"target: {encoding.target}, classes {_listed(encoding.labels.names)}")
    _say("split: " + ", ".join(f"{len(y):,} {name}" for name, (_, y) in parts.items()) + " rows")
    hashed = [folder / "features.json", *files.values()]
    origin = {"path": str(folder.resolve()), "sha256": {path.name: sha256(path) for path in hashed}}
    origin["prepared"] = read_json(folder / "config.json")
    return Prepared(encoding, parts, origin)


def _refuse_given(**options) -> None:
    for name, value in options.items():
        if value is not None and value != []:
            raise ValueError(f"--{name} was decided when the folder was prepared; leave it out")


def _refuse_output(out: Path, data: Path, force: bool) -> None:
    if out.exists() and data.exists() and out.samefile(data):
        raise ValueError(f"{out} is the data; write the predictions to another file")
    if out.exists() and not out.is_file():
        raise ValueError(f"{out} is no file that could be replaced")
    if not force:
        refuse_existing(out, remedy="choose another name, or replace it with --force")
    refuse_unwritable(out)


def _write_predictions(path: Path, logits: np.ndarray, classes: list[str]) -> None:
    probabilities = dnn.softmax(logits).numpy()
    labels = pa.DictionaryArray.from_arrays(pa.array(logits.argmax(axis=1)), classes)
    columns = {"label": labels.cast(pa.string())}
    columns |= {f"probability_{name}": pa.array(probabilities[:, number]) for number, name in enumerate(classes)}
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        pa.csv.write_csv(pa.table(columns), partial, pa.csv.WriteOptions(quoting_style="needed"))
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


def _config(command: str, arguments: Mapping, origin: Mapping) -> dict:
    """All that repeats the run."""
    plain = {name: getattr(value, "value", value) for name, value in arguments.items()}
    return {
        "command": command,
        "arguments": {name: str(value) if isinstance(value, Path) else value for name, value in plain.items()},
        "data": dict(origin),
        "versions": {"python": platform.python_version()}
        | {"dnn": dnn.__version__}
        | {name: metadata.version(name) for name in ("tensorflow", "numpy", "pyarrow")},
        "machine": f"{platform.platform()}, {os.cpu_count()} cores",
        "finished": datetime.now().astimezone().isoformat(timespec="seconds"),
    }


def _show_gaps(gaps: Iterable, rows: int, of: str) -> None:
    for gap in gaps:
        _say(f"note: {gap.column}: {gap.cells:,} of {rows:,} {of} are {gap.problem}; they get {gap.treatment}")


def _show_almost_numeric(table: dnn.Table, names: Iterable[str]) -> None:
    for name in names:
        numbers, word = dnn.numbers_among(table.columns[name])
        if 2 * numbers > table.rows:
            _say(f"note: {name}: {numbers:,} of {table.rows:,} cells are numbers, but it is a category for {word!r}")


def _show(results: Mapping, title: str) -> None:
    for table in result_tables(results, title=title):
        console().print(table)


def _listed(names: Iterable[str], most: int = 12) -> str:
    names = list(names)
    more = f", … ({len(names)} in all)" if len(names) > most else ""
    return (", ".join(names[:most]) or "none") + more


def _say(text: str) -> None:
    console().print(escape(text), highlight=False, soft_wrap=True)


def console() -> Console:
    return Console()  # of the standard output as it is now, which a test may have replaced
