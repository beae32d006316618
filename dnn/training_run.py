"""`dnn train`: read, tell, train, choose a threshold, test beside baselines, leave a run folder."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

import dnn
from dnn.baseline_run import Boosting, baselines_of, begin_boosting, tell_baselines
from dnn.classifier import Classifier
from dnn.cluster import cluster_member
from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.data.names import shell_quoted
from dnn.data_notes import prepared_of
from dnn.early_checks import class_weight_given
from dnn.estimator.base import Estimator
from dnn.estimator.first_layer import embedded_words
from dnn.estimator.folder import NETWORK, write_estimator
from dnn.files.durable import flush_all, leftovers
from dnn.files.json_files import write_json_durably
from dnn.files.new_folder import refuse_existing, refuse_unwritable
from dnn.helper_process import Ask, helper_process
from dnn.preparation import PARTS, Prepared, feature_settings, read_options, stays_on_disk
from dnn.regressor import Regressor
from dnn.report.run_config import run_config
from dnn.report.screen import best_epoch_line, result_lines
from dnn.report.voice import Voice, pictures_may_fail
from dnn.run_folder import RunFolder, run_under_way, settings_of_run
from dnn.run_report import Stopwatch, layer_record, leave_report
from dnn.settings import SHARE, TrainSettings, for_json, kinds_given, listed
from dnn.shared_run import GOES_ON, as_chief_decides, check_workers_alike, in_cluster, tell_of_cluster, train_beside
from dnn.train.callbacks import CallbackLike
from dnn.train.checkpoint import Checkpoints
from dnn.train.history import History, write_curves

BOOSTS, DRAWS = ("sklearn.ensemble",), ("matplotlib.figure", "matplotlib.backends.backend_agg")
TEST_TITLE = "test rows, seen by neither training nor early stopping"


def run_training(settings: TrainSettings, voice: Voice, *, most_notes: int | None = 12) -> None:
    """Train and test a network in a run folder; or go on with a run that broke off."""
    resume = settings.resume
    if resume:
        settings = replace(settings_of_run(resume, settings.data), max_bytes=settings.max_bytes)
    tell_of_cluster(voice)
    check_workers_alike(settings)
    if cluster_member().rank:
        train_beside(lambda: _train_with_chief(settings, voice, most_notes), voice)
        return
    if settings.out and not resume:
        refuse_existing(settings.out)
    out = settings.out or Path("runs", datetime.now().strftime("%Y-%m-%dT%H-%M-%S"))
    refuse_unwritable(resume or out)
    path = {"path": str(settings.data.resolve())} if settings.data else {}
    with run_under_way(out, resume, run_config("train", dnn.__version__, for_json(settings), path)) as run:
        if run.resumed:
            voice.say(f"going on with {run.path}")
        _train_and_test(run, settings, voice, most_notes)


def _train_with_chief(settings: TrainSettings, voice: Voice, most_notes: int | None) -> None:
    """Train the same network on the same rows as the chief does, which alone keeps what is learnt."""
    checkpoint = Checkpoints("the chief's folder", every=settings.checkpoint_every)
    if (on_disk := stays_on_disk(settings, as_chief_decides(False))) is not None:
        from dnn.streamed_run import fit_rows  # here, since it imports this module

        fit_rows(on_disk, settings, voice, checkpoint)
        return
    prepared = prepared_of(settings, voice, settings.seed, most_notes)
    check_workers_alike(settings, prepared.origin)
    estimator = estimator_of(settings, amounts=isinstance(prepared.encoding.labels, Amounts))
    _train(estimator, prepared, settings, voice, [], checkpoint)


def _train_and_test(run: RunFolder, settings: TrainSettings, voice: Voice, most_notes: int | None) -> None:
    on_disk = stays_on_disk(settings, run.began_on_disk)
    as_chief_decides(on_disk is not None)
    if on_disk is not None:
        from dnn.streamed_run import train_on_disk  # here, since it imports this module

        return train_on_disk(run, settings, voice, on_disk)
    with helper_process(BOOSTS * settings.baselines + DRAWS) as ask:
        _train_table(run, settings, voice, most_notes, ask)


def _train_table(run: RunFolder, settings: TrainSettings, voice: Voice, most_notes: int | None, ask: Ask) -> None:
    """Train and test a network; meanwhile another process is asked for what needs no TensorFlow."""
    watch = Stopwatch()
    prepared = prepared_of(settings, voice, settings.seed, most_notes)
    config = run_config("train", dnn.__version__, for_json(settings), prepared.origin)
    run.config(config)
    check_workers_alike(settings, prepared.origin)
    boosting = settings.baselines and begin_boosting(prepared, settings, ask)
    watch.lap("reading and encoding")
    estimator = estimator_of(settings, amounts=isinstance(prepared.encoding.labels, Amounts))
    record = layer_record(prepared) if settings.report else None
    board = event_files(prepared, settings.tensorboard / run.path.name, run.resumed) if settings.tensorboard else None
    callbacks = [each for each in (record, board) if each]
    _train(estimator, prepared, settings, voice, callbacks, run.checkpoints(settings.checkpoint_every))
    watch.lap("training")
    history = estimator.history_
    draw = ask(write_curves, history.epochs, history.best_epoch, run.path / "curves.png")
    metrics, output = _tested(run, estimator, prepared, settings, voice, watch, boosting)
    if record:
        with pictures_may_fail(voice, "report.html"):
            notes = voice.document["notes"]
            page = leave_report(run.path, estimator, prepared, output, record, metrics, config, notes, watch)
            voice.result("report", page, ["", f"the run as pictures: {page}"])
    with pictures_may_fail(voice, "curves.png"):
        draw()
    if board:
        voice.result("tensorboard", board.log_dir, [f"event files: tensorboard --logdir {settings.tensorboard}"])
    tell_run(run.path, voice)


def _tested(
    run: RunFolder,
    estimator: Estimator,
    prepared: Prepared,
    settings: TrainSettings,
    voice: Voice,
    watch: Stopwatch,
    boosting: Boosting,
) -> tuple[dict[str, Any], Any]:
    """Test the network and the baselines, keep and tell what came out; return the figures and the test's outputs."""
    results, output = estimator.evaluate_arrays(prepared.arrays["test"])
    watch.lap("testing")
    history = estimator.history_
    metrics = {"best_epoch": history.best_epoch, "test": results, "baselines": {}}
    write_results(run.path, estimator, metrics)
    simple = baselines_of(prepared, settings, boosting) if settings.baselines else []
    watch.lap("baselines")
    metrics["baselines"] = {each.name: each.scores for each in simple if each.output is not None}
    write_json_durably(run.path / "metrics.json", metrics)
    tell_results(history, results, settings, voice)
    tell_baselines(estimator, prepared, results, output, simple, voice)
    return metrics, output


def tell_run(folder: Path, voice: Voice) -> None:
    """Say where the run is, and how to predict with it; it is the last that is told."""
    predict = f"dnn predict {shell_quoted(str(folder))} --data new.csv --out predictions.csv"
    voice.say("", f"run folder: {folder}", f"predict with it: {predict}")
    voice.end(folder)


def tell_results(history: History, results: Mapping[str, Any], settings: TrainSettings, voice: Voice) -> None:
    """Tell which epoch was the best, and the figures of the test."""
    epochs, best = len(history.epochs), history.best_epoch or len(history.epochs)
    line = best_epoch_line(best, epochs, settings.epochs, restored=settings.restore_best)
    voice.result("best_epoch", best, [line, ""])
    voice.result("test", results, result_lines(results, title=TEST_TITLE, width=voice.width))


def event_files(prepared: Prepared, folder: Path, append: bool = False) -> dnn.TensorBoard:
    """Return a callback that writes the epochs for TensorBoard."""
    amounts = isinstance(prepared.encoding.labels, Amounts)
    loss = dnn.mean_squared_error if amounts else dnn.sparse_softmax_cross_entropy
    return dnn.TensorBoard(folder, loss=loss, data=prepared.arrays["train"], append=append)


def write_results(folder: Path, estimator: Estimator, metrics: Mapping[str, Any]) -> None:
    """Write the estimator, the history and the metrics; those of a run that broke off just here are replaced."""
    for path in (folder / NETWORK, *leftovers(folder, NETWORK)):
        shutil.rmtree(path, ignore_errors=True)
    write_estimator(estimator, folder)
    estimator.history_.to_csv(folder / "history.csv")
    flush_all(folder)
    write_json_durably(folder / "metrics.json", metrics)


def estimator_of(settings: TrainSettings, *, amounts: bool) -> Estimator:
    """Return the estimator that has these settings. Raises: ValueError for an option that it cannot have."""
    kind = Regressor if amounts else Classifier
    options = read_options(settings)
    values: dict[str, Any] = {each.name: getattr(settings, each.name) for each in fields(settings)}
    values |= {"hidden": tuple(settings.hidden), "drop": tuple(listed(settings.drop)), "missing": options.missing}
    values |= {"kinds": kinds_given(settings) or None, **feature_settings(settings)}
    values |= {"validation": SHARE if settings.validation is None else settings.validation}
    values["class_weight"] = class_weight_given(settings)
    if values["class_weight"] is not None and kind is Regressor:
        raise ValueError("--class-weight is for classes, and the target is an amount")
    names = {each.name for each in fields(kind)}
    return kind(**{name: value for name, value in values.items() if name in names})


def _train(
    estimator: Estimator,
    prepared: Prepared,
    settings: TrainSettings,
    voice: Voice,
    callbacks: Sequence[CallbackLike],
    checkpoint: Checkpoints,
) -> None:
    """Train, and choose the threshold if one is asked for. Raises: ValueError if the training diverged."""
    encoding, (rows, held) = prepared.encoding, (prepared.arrays[name] for name in PARTS[:2])
    asked = tell_network(encoding, settings, voice)
    with in_cluster(GOES_ON), voice.epochs(settings.epochs) as show:
        estimator.fit_arrays(encoding, rows, held, callbacks=[show, *callbacks], checkpoint=checkpoint)
    refuse_diverged(estimator)
    if asked and isinstance(estimator, Classifier):
        keep_threshold(estimator, held[1], estimator.fitted.model_outputs(held[0]), settings, voice)


def tell_network(encoding: Encoding, settings: TrainSettings, voice: Voice) -> bool:
    """Tell what is trained, and return whether a threshold is to be chosen. Raises: ValueError if none can be."""
    outputs = 1 if isinstance(encoding.labels, Amounts) else encoding.labels.classes
    sizes = [encoding.features.width, *(units for units in settings.hidden if units), outputs]
    between = f", {settings.activation} between" if len(sizes) > 2 else ""
    many = f"{settings.ensemble} networks as one ({settings.architecture})" if settings.ensemble > 1 else "network"
    between += embedded_words(settings)
    voice.say(f"{many}: {' → '.join(map(str, sizes))}{between}; batches of {settings.batch_size}")
    asked = settings.min_recall is not None or bool(settings.cost)
    if asked and outputs != 2:
        raise ValueError("--min-recall and --cost choose a threshold between two classes; here are not two")
    return asked


def refuse_diverged(estimator: Estimator) -> None:
    """Refuse to go on with a network whose loss was never a number. Raises: ValueError."""
    best = estimator.history_.best
    if best is None or not np.isfinite(best["val_loss"]):
        raise ValueError("the validation loss was never a number: training diverged; try a smaller --learning-rate")


def keep_threshold(estimator: Classifier, labels: Any, logits: Any, settings: TrainSettings, voice: Voice) -> None:
    """Choose the threshold that the settings ask for, by the logits of the validation rows, and tell it."""
    cost = (settings.cost[0], settings.cost[1]) if settings.cost else None
    found = estimator.keep_threshold(labels, logits, recall=settings.min_recall, cost=cost)
    name = estimator.fitted.encoding.class_labels.names[1]
    figures = f"precision {found.precision:.4f}, recall {found.recall:.4f} on validation rows"
    line = f"threshold: {name!r} from the probability {found.value:.4g} on; {figures}"
    voice.result("threshold", found._asdict(), [line])
