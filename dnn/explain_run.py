"""`dnn explain`: a file becomes features, and the first step of a network on some of its rows a page."""

from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

import dnn
from dnn.data.amounts import Amounts
from dnn.data.encoding import Encoding
from dnn.data.options import ReadOptions
from dnn.data.split import check_target, labelled_rows
from dnn.data.table import Column, Table
from dnn.estimator.base import Estimator
from dnn.estimator.examples import Examples
from dnn.estimator.folder import load_estimator
from dnn.estimator.network import Rows, loss_of, make_optimizer
from dnn.files.json_files import read_json
from dnn.inspection.explain import explain
from dnn.nn.ensemble import Ensemble
from dnn.nn.protocols import OptimizerLike
from dnn.preparation import Prepared, prepare_file, read_prepared, refuse_decided
from dnn.report.voice import Voice
from dnn.settings import EXPLAINED_SCALE, HIDDEN, ExplainSettings, NetworkSettings


class Explained(NamedTuple):
    """What a page is made of: what was learnt of the table, rows as it has them and encoded, network and optimizer.

    columns: by name, the target first; none if only the arrays were kept. description: what the network and rows are.
    """

    encoding: Encoding
    columns: dict[str, Column]
    rows: Rows
    network: tf.Module
    optimizer: OptimizerLike | None
    description: str
    label_smoothing: float = 0.0


def explain_step(settings: ExplainSettings, voice: Voice) -> None:
    """`dnn explain`: take the first steps of a new network, or of a trained one, and write them as a page.

    Raises:
        ValueError: If the data cannot be learnt from, or do not fit the run.
    """
    shown = _of_run(settings, settings.run, voice) if settings.run else _of_new_network(settings)
    features, labels = shown.encoding.features, shown.encoding.labels
    names = None if isinstance(labels, Amounts) else list(labels.names)
    x, y = shown.rows[:2]
    count = min(settings.rows * settings.steps, len(x))
    made = explain(
        shown.network,
        x[:count],
        y[:count],
        loss=loss_of(len(names) if names else None, NetworkSettings(label_smoothing=shown.label_smoothing)),
        optimizer=shown.optimizer,
        steps=settings.steps,
        batch_size=min(settings.rows, count),
        seed=settings.seed,
        feature_names=features.names,
        class_names=names,
        columns={name: list(cells[:count]) for name, cells in shown.columns.items()},
        features=features if shown.columns else None,
        description=shown.description,
        graph=settings.graph,
    )
    settings.out.parent.mkdir(parents=True, exist_ok=True)
    voice.say(f"page: {made.save(settings.out)}, {len(made.html.encode()) / 1e6:.1f} MB; open it in a browser")


def _of_new_network(settings: ExplainSettings) -> Explained:
    prepared = _prepared(settings)
    encoding, rows = prepared.encoding, prepared.arrays["train"]
    outputs = 1 if isinstance(encoding.labels, Amounts) else encoding.labels.classes
    sizes = [encoding.features.width, *(units for units in settings.hidden if units), outputs]
    part = prepared.parts.get("train")
    columns = {encoding.target: part.target, **part.columns} if part else {}
    source = settings.data or "the embedded sample"
    description = f"A new network, seed {settings.seed}, that has learnt nothing yet; training rows of {source}."
    return Explained(encoding, columns, rows, dnn.mlp(sizes, seed=settings.seed), None, description)


def _prepared(settings: ExplainSettings) -> Prepared:
    if settings.data is not None and settings.data.is_dir():
        return read_prepared(settings.data, settings)
    return prepare_file(replace(settings, scale=settings.scale or EXPLAINED_SCALE), settings.seed)


def _of_run(settings: ExplainSettings, run: Path, voice: Voice) -> Explained:
    """Return the first rows of the file, the network of the run, and a new optimizer of the run's settings."""
    refuse_decided(settings, "the run was trained", besides=["skip_unlabelled"])
    if settings.hidden != HIDDEN:
        raise ValueError("--hidden was decided when the run was trained; leave it out")
    estimator = load_estimator(run)
    encoding, network = estimator.fitted.encoding, estimator.fitted.model
    if isinstance(network, Ensemble):
        voice.say(f"the first of {network.members} networks is shown")
        network = network.member(0)
    path = settings.data or _data_of(run)
    table = _with_target(encoding, path, settings)
    voice.notes(table.notes)
    voice.say(f"network of {run}, on the first rows of {path}; the optimizer begins anew: a run keeps no state of it")
    columns, target = table.without(encoding.target).columns, table.column(encoding.target)
    first = np.arange(min(settings.rows * settings.steps, table.rows))
    examples = Examples(columns, target, None, table.options).take(first)
    shown = {encoding.target: examples.target} | {name: examples.columns[name] for name in encoding.features.kinds}
    description = f"The trained network of {run}, on the first rows of {path}; the optimizer begins anew."
    rows, optimizer = estimator.encoded(examples), _optimizer(estimator, network)
    return Explained(encoding, shown, rows, network, optimizer, description, estimator.label_smoothing)


def _with_target(encoding: Encoding, path: Path, settings: ExplainSettings) -> Table:
    """Read a file. Raises: ValueError if it is a folder, has no targets, or others than training had."""
    if path.is_dir():
        raise ValueError(f"{path} is a folder; with --run, --data takes the file that it was prepared from")
    table, target = encoding.read(path, options=ReadOptions(max_bytes=settings.max_bytes)), encoding.target
    if target not in table.columns:
        raise ValueError(
            f"{path} has no column {target!r}, the target: a training step needs it, since its loss compares each "
            "prediction with it; name a file that has it with --data"
        )
    table = labelled_rows(table, target) if settings.skip_unlabelled else table
    check_target(table, target)
    encoding.check_classes(table)
    return table


def _optimizer(estimator: Estimator, network: tf.Module) -> OptimizerLike:
    """Return a new one of the run's settings, but for its schedule, which begins at 0 or ends there."""
    names = ("optimizer", "learning_rate", "weight_decay", "beta_2")
    given = {name: value for name, value in estimator.get_params().items() if name in names}
    return make_optimizer(network.trainable_variables, NetworkSettings(**given), steps=1)


def _data_of(run: Path) -> Path:
    """Return the file that the run was trained on. Raises: ValueError if it is not known, or not there any more."""
    config = run / "config.json"
    try:
        path = Path(read_json(config)["data"]["path"]) if config.is_file() else None
    except (KeyError, TypeError):  # it is not what a run writes
        path = None
    if path is None or not path.is_file():
        was = "it is not known what it was trained on" if path is None else f"its data, {path}, are no file"
        raise ValueError(f"{run}: {was}; name a file with --data")
    return path
