"""A pass over rows that keeps what the model gives for each, for the metrics that are of all rows."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.protocols import LossLike, MetricLike
from dnn.nn.regularizers import penalty
from dnn.nn.score_metric import ScoreMetric
from dnn.train.epoch import sum_over_rows
from dnn.train.members import penalty_of_row
from dnn.train.rows import Rows

Array: TypeAlias = npt.NDArray[np.float64]


def metrics_of_rows(metrics: Mapping[str, Any]) -> dict[str, MetricLike]:
    """Return those that are one number for each row."""
    return {name: metric for name, metric in metrics.items() if not isinstance(metric, ScoreMetric)}


def scores_of(metrics: Mapping[str, Any]) -> dict[str, ScoreMetric]:
    """Return those that are of all rows."""
    return {name: metric for name, metric in metrics.items() if isinstance(metric, ScoreMetric)}


def collect_epoch(
    model: tf.Module, loss: LossLike, metrics: Sequence[MetricLike], batch_size: int, rows: Rows
) -> tf.Tensor:
    """Return the sums that `evaluate_epoch` returns, then the outputs of all rows: float64[1 + metrics + numbers]."""
    batches, remainder = divmod(rows.x.shape[0], batch_size)

    def add(index: tf.Tensor, sums: tf.Tensor, outputs: Any, size: int = batch_size) -> tuple[Any, ...]:
        batch = rows.between(index * batch_size, size)
        logits = model(batch.x)
        addend = penalty_of_row(model, penalty(model))
        figures = sum_over_rows(loss(batch.y, logits), addend, metrics, batch, logits)
        return index + 1, sums + figures, outputs.write(index, tf.cast(logits, tf.float64))

    outputs = tf.TensorArray(tf.float64, batches + bool(remainder), infer_shape=False)
    start = tf.constant(0), tf.zeros(1 + len(metrics), tf.float64), outputs
    index, sums, outputs = tf.while_loop(lambda index, *_: index < batches, add, start)
    if remainder:
        _, sums, outputs = add(index, sums, outputs, remainder)
    return tf.concat([sums, tf.reshape(outputs.concat(), [-1])], axis=0)


def score_rows(scores: Mapping[str, ScoreMetric], seen: Sequence[tuple[Rows, Array]]) -> dict[str, float]:
    """Return each score of the rows that count.

    Args:
        scores: By name.
        seen: Rows, of which x is not looked at, and the outputs of each, flat.
    """
    if not scores:
        return {}
    parts = [_that_count(rows, flat.reshape(rows.y.shape[0], -1)) for rows, flat in seen]
    labels, outputs = (np.concatenate(part) for part in list(zip(*parts, strict=True))[:2])
    weights = None if seen[0][0].weights is None else np.concatenate([part[2] for part in parts])
    return {name: score(labels, outputs, weights) for name, score in scores.items()}


def _that_count(rows: Rows, outputs: Array) -> tuple[Any, ...]:
    counted = slice(None) if rows.counted is None else rows.counted.numpy()
    return rows.y.numpy()[counted], outputs[counted], None if rows.weights is None else rows.weights.numpy()[counted]
