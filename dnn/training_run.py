"""`dnn train`: read, tell, train, choose a threshold, test beside baselines, leave a run folder."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import dnn
from dnn.classifier import Classifier
from dnn.control import without_control
from dnn.data.advice import suspicions
from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.data.one_hot import UNKNOWN
from dnn.data.ordinal import Ordinal
from dnn.data.scale_choice import columns_by_scale
from dnn.data.table import Column, Table, shortened
from dnn.data.target_advice import Task
from dnn.estimator.base import Estimator
from dnn.estimator.folder import write_estimator
from dnn.preparation import PARTS, Prepared, feature_settings, prepare_file, read_options, read_prepared
from dnn.regressor import Regressor
from dnn.report.baselines import Baseline, BaselineRows, baselines
from dnn.report.comparison import baseline_sentences, recall_sentences
from dnn.report.folder import refuse_existing, refuse_unwritable, write_folder, write_json
from dnn.report.run_config import run_config
from dnn.report.screen import baseline_lines, best_epoch_line, result_lines
from dnn.report.voice import Voice
from dnn.run_report import Stopwatch, layer_record, leave_report
from dnn.settings import SHARE, DataSettings, TrainSettings, classifies, for_json, kinds_given, listed, pairs
from dnn.train.callbacks import CallbackLike

TEST_TITLE = "test rows, seen by neither training nor early stopping"


def run_training(settings: TrainSettings, voice: Voice, *, most_notes: int | None = 12) -> None:
    """Train and test a network, and leave a run folder."""
    if settings.out:
        refuse_existing(settings.out)
    out = settings.out or Path("runs", datetime.now().strftime("%Y-%m-%dT%H-%M-%S"))
    refuse_unwritable(out)
    watch = Stopwatch()
    prepared = prepared_of(settings, voice, settings.seed, most_notes)
    watch.lap("reading and encoding")
    estimator = estimator_of(settings, amounts=isinstance(prepared.encoding.labels, Amounts))
    record = layer_record(prepared) if settings.report else None
    board = event_files(prepared, settings.tensorboard / out.name) if settings.tensorboard else None
    _train(estimator, prepared, settings, voice, [each for each in (record, board) if each])
    watch.lap("training")
    results, output = estimator.evaluate_arrays(prepared.arrays["test"])
    watch.lap("testing")
    history = estimator.history_
    simple = _baselines(prepared, settings) if settings.baselines else []
    watch.lap("baselines")
    others = {each.name: each.scores for each in simple if each.output is not None}
    metrics = {"best_epoch": history.best_epoch, "test": results, "baselines": others}
    config = run_config("train", dnn.__version__, for_json(settings), prepared.origin)
    run = _write_run(out, estimator, metrics, config)
    epochs, best = len(history.epochs), history.best_epoch or len(history.epochs)
    line = best_epoch_line(best, epochs, settings.epochs, restored=settings.restore_best)
    voice.result("best_epoch", best, [line, ""])
    voice.result("test", results, result_lines(results, title=TEST_TITLE, width=voice.width))
    _tell_baselines(estimator, prepared, results, output, simple, voice)
    if record:
        page = leave_report(run, estimator, prepared, output, record, metrics, config, voice.document["notes"], watch)
        voice.result("report", page, ["", f"the run as pictures: {page}"])
    if board:
        voice.result("tensorboard", board.log_dir, [f"event files: tensorboard --logdir {settings.tensorboard}"])
    voice.say("", f"run folder: {run}", f"predict with it: dnn predict {run} --data new.csv --out predictions.csv")
    voice.end(run)


def event_files(prepared: Prepared, folder: Path) -> dnn.TensorBoard:
    """Return a callback that writes the epochs for TensorBoard."""
    amounts = isinstance(prepared.encoding.labels, Amounts)
    loss = dnn.mean_squared_error if amounts else dnn.sparse_softmax_cross_entropy
    return dnn.TensorBoard(folder, loss=loss, data=prepared.arrays["train"])


def _write_run(out: Path, estimator: Estimator, metrics: Mapping[str, Any], config: Mapping[str, Any]) -> Path:
    def fill(folder: Path) -> None:
        write_estimator(estimator, folder)
        estimator.history_.to_csv(folder / "history.csv")
        estimator.history_.plot(folder / "curves.png")
        write_json(folder / "metrics.json", metrics)
        write_json(folder / "config.json", config)

    return write_folder(out, fill)


def estimator_of(settings: TrainSettings, *, amounts: bool) -> Estimator:
    """Return the estimator that has these settings. Raises: ValueError for an option that it cannot have."""
    kind = Regressor if amounts else Classifier
    options = read_options(settings)
    values: dict[str, Any] = {each.name: getattr(settings, each.name) for each in fields(settings)}
    values |= {"hidden": tuple(settings.hidden), "drop": tuple(listed(settings.drop)), "missing": options.missing}
    values |= {"kinds": kinds_given(settings) or None, **feature_settings(settings)}
    values |= {"validation": SHARE if settings.validation is None else settings.validation}
    values["class_weight"] = _class_weight(settings.class_weight)
    if values["class_weight"] is not None and kind is Regressor:
        raise ValueError("--class-weight is for classes, and the target is an amount")
    names = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def prepared_of(settings: DataSettings, voice: Voice, seed: int, most_notes: int | None = 12) -> Prepared:
    """Read the file or the prepared folder, and tell what was found in it. Raises: ValueError."""
    if settings.data and settings.data.is_dir():
        prepared = read_prepared(settings.data, settings)
        voice.say(f"data: the prepared folder {settings.data}")
    else:
        path = settings.data
        prepared = prepare_file(settings, seed)
        name = path or f"the embedded sample, {Path(prepared.origin['path']).name}"
        voice.result("data", prepared.origin, [f"data: {name}, {prepared.origin['rows']:,} rows"])
    _tell_encoding(prepared, settings, voice)
    if prepared.table is not None:
        sentences = table_notes(prepared.table, prepared.encoding.target, settings)
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
    counts: dict[tuple[str, str, str], list[str]] = {}
    for name, columns in parts.items():
        rows = len(next(iter(columns.values())))
        for gap in encoding.features.gaps(columns):
            if rare or gap.problem != UNKNOWN[True][0]:
                told = counts.setdefault((gap.column, gap.problem, gap.treatment), [])
                told.append(f"{gap.cells:,} of {rows:,}" + f" {name}" * bool(name))
    return [
        f"{without_control(column)}: {', '.join(told)} {_what_is(problem)}; they get {treatment}"
        for (column, problem, treatment), told in counts.items()
    ]


def _what_is(problem: str) -> str:
    """Return what a gap's cells are, or which value their rows have."""
    return "cells are empty" if problem == "empty" else f"rows have a value {problem}"


def _train(
    estimator: Estimator, prepared: Prepared, settings: TrainSettings, voice: Voice, callbacks: Sequence[CallbackLike]
) -> None:
    """Train, and choose the threshold if one is asked for. Raises: ValueError if the training diverged."""
    encoding, (rows, held) = prepared.encoding, (prepared.arrays[name] for name in PARTS[:2])
    outputs = 1 if isinstance(encoding.labels, Amounts) else encoding.labels.classes
    sizes = [encoding.features.width, *(units for units in settings.hidden if units), outputs]
    between = f", {settings.activation} between" if len(sizes) > 2 else ""
    many = f"{settings.ensemble} networks as one ({settings.architecture})" if settings.ensemble > 1 else "network"
    voice.say(f"{many}: {' → '.join(map(str, sizes))}{between}; batches of {settings.batch_size}")
    asked = settings.min_recall is not None or bool(settings.cost)
    if asked and outputs != 2:
        raise ValueError("--min-recall and --cost choose a threshold between two classes; here are not two")
    with voice.epochs(settings.epochs) as show:
        estimator.fit_arrays(encoding, rows, held, callbacks=[show, *callbacks])
    best = estimator.history_.best
    if best is None or not np.isfinite(best["val_loss"]):
        raise ValueError("the validation loss was never a number: training diverged; try a smaller --learning-rate")
    if not asked or not isinstance(estimator, Classifier):
        return
    cost = (settings.cost[0], settings.cost[1]) if settings.cost else None
    logits = estimator.fitted.model_outputs(held[0])
    found = estimator.keep_threshold(held[1], logits, recall=settings.min_recall, cost=cost)
    name = encoding.class_labels.names[1]
    figures = f"precision {found.precision:.4f}, recall {found.recall:.4f} on validation rows"
    line = f"threshold: {name!r} from the probability {found.value:.4g} on; {figures}"
    voice.result("threshold", found._asdict(), [line])


def _baselines(prepared: Prepared, settings: TrainSettings) -> list[Baseline]:
    """Return what simple models reach on the test rows; gradient boosting needs the columns as they were read."""
    labels = prepared.encoding.labels
    amounts = labels if isinstance(labels, Amounts) else None
    classes = None if amounts else prepared.encoding.class_labels.names

    def rows_of(name: str) -> BaselineRows:
        inputs, targets = prepared.arrays[name][:2]
        columns = prepared.parts[name].columns if prepared.parts else {}
        return BaselineRows(inputs, amounts.restore(targets) if amounts else targets, columns)

    return baselines(
        *(rows_of(name) for name in PARTS),
        classes=classes,
        seed=settings.seed,
        linear=any(settings.hidden),
        boosting=bool(prepared.parts),
    )


def _tell_baselines(
    estimator: Estimator,
    prepared: Prepared,
    results: Mapping[str, Any],
    output: Any,
    simple: Sequence[Baseline],
    voice: Voice,
) -> None:
    sentences = recall_sentences(results) if "recall" in results else []
    if simple:
        scores = {each.name: each.scores for each in simple if each.output is not None}
        skipped = {each.name: each.skipped for each in simple if each.output is None}
        voice.result("baselines", scores, ["", *baseline_lines(results, scores, skipped)])
        labels, targets = prepared.encoding.labels, prepared.arrays["test"][1]
        targets = labels.restore(targets) if isinstance(labels, Amounts) else targets
        sentences += baseline_sentences(targets, output, simple)
    if sentences:
        voice.notes(sentences, most=None)


def _tell_encoding(prepared: Prepared, settings: DataSettings, voice: Voice) -> None:
    encoding, features = prepared.encoding, prepared.encoding.features
    what = "amounts" if isinstance(encoding.labels, Amounts) else f"classes {shortened(encoding.labels.names)}"
    chosen = "" if settings.target or prepared.table is None else "; --target names another column"
    voice.say(f"target: {without_control(encoding.target)}, {what}{chosen}")
    for scale, columns in columns_by_scale(features.scale, features.numeric).items():
        voice.say(f"numeric, {scale}: {', '.join(map(without_control, columns)) or 'none'}")
    if features.indicated:
        voice.say(f"numeric, with an indicator of empty cells: {shortened(features.with_indicator)}")
    blocks = [(isinstance(block, Ordinal), name, block) for name, block in features.blocks.items()]
    one_hot = [f"{name} ({len(block.names(name))})" for ordinal, name, block in blocks if not ordinal]
    voice.say(f"categories, one-hot: {shortened(one_hot) or 'none'}")
    if places := [f"{name} ({len(block.categories)})" for ordinal, name, block in blocks if ordinal]:
        voice.say(f"categories, ordinal: {shortened(places)}")
    counts = {name: len(arrays[1]) for name, arrays in prepared.arrays.items()}
    voice.say("split: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()) + " rows")


def _class_weight(values: Sequence[str]) -> str | dict[str, float] | None:
    """Return the setting that --class-weight means. Raises: ValueError for a weight that is not a number."""
    if not values or list(values) == ["balanced"]:
        return "balanced" if values else None
    weights = pairs(values, "--class-weight")
    try:
        return {name: float(weight) for name, weight in weights.items()}
    except ValueError:
        raise ValueError(f"--class-weight must be balanced, or CLASS=NUMBER, got {' '.join(values)}") from None
