"""`dnn train` with a prepared folder that memory may not hold: its rows are read from the disk in each epoch."""

import numpy as np

import dnn
from dnn.classifier import Classifier
from dnn.data.amounts import Amounts
from dnn.data.prepared import PreparedFolder
from dnn.data_notes import tell_encoding
from dnn.estimator.base import Estimator
from dnn.estimator.streamed import evaluate_rows, fit_on_disk, outputs_of
from dnn.preparation import PARTS, origin_of
from dnn.report.run_config import run_config
from dnn.report.voice import Voice, pictures_may_fail
from dnn.run_folder import RunFolder
from dnn.settings import TrainSettings, for_json
from dnn.shared_run import GOES_ON, check_workers_alike, in_cluster
from dnn.train.checkpoint import Checkpoints
from dnn.training_run import (
    estimator_of,
    keep_threshold,
    refuse_diverged,
    tell_network,
    tell_results,
    tell_run,
    write_results,
)


def train_on_disk(run: RunFolder, settings: TrainSettings, voice: Voice, prepared: PreparedFolder) -> None:
    """Train and test a network in a run folder; what needs all rows at once is left out, and said."""
    encoding = prepared.encoding
    run.config(run_config("train", dnn.__version__, for_json(settings), origin_of(prepared.path) | {"on_disk": True}))
    size = f"in memory they take {prepared.bytes:,} bytes, and more while they are trained with"
    voice.say(f"data: the prepared folder {prepared.path}; its rows are read in each epoch, since {size}")
    counts = {name: rows.rows for name, rows in zip(PARTS, prepared[2:5], strict=True)}
    tell_encoding(encoding, counts, voice, chosen=False)
    left_out = [
        ("baselines", settings.baselines),
        ("report.html", settings.report),
        ("event files", settings.tensorboard),
    ]
    if missed := [name for name, asked in left_out if asked]:
        voice.notes([f"left out, since the rows stay on the disk: {', '.join(missed)}"])
    estimator, asked = fit_rows(prepared, settings, voice, run.checkpoints(settings.checkpoint_every))
    if asked and isinstance(estimator, Classifier):
        pairs = list(outputs_of(estimator, prepared.validation))
        labels, logits = (np.concatenate(each) for each in zip(*pairs, strict=True))
        keep_threshold(estimator, labels, logits, settings, voice)
    results = evaluate_rows(estimator, prepared.test)
    history = estimator.history_
    write_results(run.path, estimator, {"best_epoch": history.best_epoch, "test": results, "baselines": {}})
    tell_results(history, results, settings, voice)
    with pictures_may_fail(voice, "curves.png"):
        history.plot(run.path / "curves.png")
    tell_run(run.path, voice)


def fit_rows(
    prepared: PreparedFolder, settings: TrainSettings, voice: Voice, checkpoint: Checkpoints
) -> tuple[Estimator, bool]:
    """Train, of several machines too, and return the estimator and whether a threshold is to be chosen."""
    check_workers_alike(settings, origin_of(prepared.path))
    estimator = estimator_of(settings, amounts=isinstance(prepared.encoding.labels, Amounts))
    asked = tell_network(prepared.encoding, settings, voice)
    with in_cluster(GOES_ON), voice.epochs(settings.epochs) as show:
        fit_on_disk(estimator, prepared, callbacks=[show], checkpoint=checkpoint)
    refuse_diverged(estimator)
    return estimator, asked
