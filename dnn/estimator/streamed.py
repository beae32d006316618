"""An estimator and the rows of a prepared folder that stay on the disk: how it is trained on them, and tested."""

from collections.abc import Iterator, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.classifier import Classifier
from dnn.data.prepared import PreparedFolder, ShardedRows
from dnn.estimator.base import Estimator
from dnn.estimator.class_factors import class_factors
from dnn.estimator.first_layer import first_layer
from dnn.estimator.network import RowsOnDisk, train_network
from dnn.estimator.outcome import unchanged_by_errors
from dnn.estimator.predictor import Predictor
from dnn.estimator.weighted_rows import WeightedRows
from dnn.regressor import Regressor
from dnn.report.score_sums import AmountScoreSums, ClassScoreSums
from dnn.settings import NetworkSettings
from dnn.train.callbacks import CallbackLike
from dnn.train.checkpoint import Checkpoints

EDGE_NUMBERS = 2**25  # of which the edges of piecewise embeddings are learnt: 128 MB, all if they are fewer
FEW_TARGETS = 2**22  # of rows on a disk, whose median is that of all but for some digits


def fit_on_disk(
    estimator: Estimator,
    prepared: PreparedFolder,
    *,
    callbacks: Sequence[CallbackLike] = (),
    checkpoint: str | Path | Checkpoints | None = None,
) -> Estimator:
    """Train a new network on the rows of a prepared folder, as `Estimator.fit_arrays` does on rows in memory.

    Args:
        estimator: Its settings say how; it learns in place.
        prepared: What `dnn.open_prepared` gives.
        callbacks: As in `fit`.
        checkpoint: As in `fit`.

    Raises:
        ValueError: If a setting is out of its range, or needs the rows in memory: several networks, each with an order
            of its own, and a monitored figure that ranks rows.
    """
    encoding, rows = prepared.encoding, prepared.train
    settings = NetworkSettings(**{each.name: getattr(estimator, each.name) for each in fields(NetworkSettings)})
    if settings.ensemble > 1 and settings.architecture != "tabm":
        why = "each network has an order of the rows for itself, and rows on the disk have one"
        raise ValueError(f"ensemble={settings.ensemble}: {why}; train one network, or rows that fit in memory")
    with unchanged_by_errors(estimator):
        learns_edges = settings.embedding == "piecewise"  # and of other embeddings the rows are not looked at
        some = rows.sample(settings.seed, max(1, EDGE_NUMBERS // rows.width) if learns_edges else 1)
        estimator._remember_target(encoding, (some, rows.targets(1 + rows.rows // FEW_TARGETS)))
        first = first_layer(encoding.features, some, settings, estimator.bins)
        parts, outputs = _weighted_parts(estimator, prepared), estimator._outputs(encoding)
        network, estimator.history_ = train_network(
            *parts, outputs, settings, callbacks, first=first, checkpoint=checkpoint
        )
        estimator.predictor_ = Predictor(encoding, network)
    return estimator


def score_sums(estimator: Estimator) -> ClassScoreSums | AmountScoreSums:
    """Return what adds up the figures of a test, block by block."""
    encoding = estimator.fitted.encoding
    if isinstance(estimator, Classifier):
        return ClassScoreSums(encoding.class_labels.names, estimator.threshold_)
    assert isinstance(estimator, Regressor)
    return AmountScoreSums(encoding.amounts.mean, estimator.median_)


def evaluate_rows(estimator: Estimator, rows: ShardedRows) -> dict[str, Any]:
    """Return the figures of a test on encoded rows that are read block by block."""
    sums, encoding = score_sums(estimator), estimator.fitted.encoding
    for targets, outputs in outputs_of(estimator, rows):
        if isinstance(sums, ClassScoreSums):
            sums.add(targets, outputs)
        else:
            sums.add(encoding.amounts.restore(targets), encoding.amounts.restore(outputs[:, 0]))
    return sums.scores()


def outputs_of(estimator: Estimator, rows: ShardedRows) -> Iterator[tuple[npt.NDArray[Any], npt.NDArray[np.float32]]]:
    """Yield the targets and the network's outputs, some ten thousand rows at a time, as they are stored."""
    for x, y in rows.dataset(0, 0):
        yield y.numpy(), estimator.fitted.model_outputs(x.numpy())


def _weighted_parts(estimator: Estimator, prepared: PreparedFolder) -> tuple[RowsOnDisk, RowsOnDisk]:
    """Return training and validation rows, with weights where classes weigh differently."""
    if not isinstance(estimator, Classifier) or estimator.class_weight is None:
        return prepared.train, prepared.validation
    factors = class_factors(prepared.train.targets(), estimator.class_weight, prepared.encoding.class_labels.names)
    return WeightedRows(prepared.train, factors), WeightedRows(prepared.validation, factors)
