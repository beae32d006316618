"""A pass over rows without a step: the sums of the loss and the metrics, traced whole as the training epoch is."""

import functools
from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.nn.protocols import LossLike, MetricLike
from dnn.nn.regularizers import penalty
from dnn.train.epoch import sum_over_rows
from dnn.train.members import penalty_of_row
from dnn.train.rows import Rows
from dnn.train.runtime import Program, kept, trace
from dnn.train.workers import own_rows, total, workers


def evaluate_epoch(
    model: tf.Module, loss: LossLike, metrics: Sequence[MetricLike], batch_size: int, rows: Rows
) -> tf.Tensor:
    """Return the summed loss and metrics of all rows, float64[1 + metrics], without a step."""
    return total(evaluate_own(model, loss, metrics, batch_size, own_rows(rows)))


def evaluate_own(
    model: tf.Module, loss: LossLike, metrics: Sequence[MetricLike], batch_size: int, rows: Rows
) -> tf.Tensor:
    """Return what `evaluate_epoch` does, of this worker's rows alone."""
    return sum_of_blocks(functools.partial(evaluate_step, model, loss, metrics), rows, batch_size, 1 + len(metrics))


def sum_of_blocks(figures: Callable[[Rows], tf.Tensor], rows: Rows, size: int, count: int) -> tf.Tensor:
    """Return the sum of what a function gives for each `size` rows, and for those that remain: float64[count]."""

    def add(first: tf.Tensor, sums: tf.Tensor, size: int = size) -> tuple[tf.Tensor, tf.Tensor]:
        return first + size, sums + figures(rows.between(first, size))

    all_rows, remainder = rows.x.shape[0], rows.x.shape[0] % size
    if all_rows == size:
        return figures(rows)
    first, sums = tf.constant(0), tf.zeros(count, tf.float64)
    first, sums = tf.while_loop(lambda first, _: first < all_rows - remainder, add, (first, sums))
    return add(first, sums, remainder)[1] if remainder else sums


def evaluate_step(model: tf.Module, loss: LossLike, metrics: Sequence[MetricLike], batch: Rows) -> tf.Tensor:
    """Return the summed loss and metrics of one batch, as `sum_over_rows` does."""
    logits = model(batch.x)
    return sum_over_rows(loss(batch.y, logits), penalty_of_row(model, penalty(model)), metrics, batch, logits)


def evaluation_program(
    model: tf.Module, loss: LossLike, metrics: tuple[MetricLike, ...], batch_size: int, specs: Rows
) -> Program:
    """Return what to trace for rows of these specs, as `evaluate_epoch` takes them."""
    return Program(evaluate_epoch, (model, loss, metrics, batch_size), (specs,), workers=workers())


trace_evaluation = kept(trace)
