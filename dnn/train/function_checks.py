"""A loss or a metric is called on a few rows before the first epoch: is it one number for each row, of that row alone?

In a trace its errors would be long, and one that mixes rows, as labels [rows] beside outputs [rows, 1] make it do by
broadcasting, would train something else without any error.
"""

import contextlib
import warnings
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.protocols import LossLike, MetricLike
from dnn.nn.score_metric import ScoreMetric
from dnn.train.collected import score_rows
from dnn.train.epoch import trace_prediction
from dnn.train.rows import Rows

Array = npt.NDArray[Any]
BETWEEN_0_AND_1 = np.random.default_rng(0).uniform(0.1, 0.9, size=4096)  # logits and probabilities alike


def check_functions(model: tf.Module, rows: Rows, loss: LossLike, metrics: Mapping[str, MetricLike], name: str) -> None:
    """Call the loss and the metrics on four rows, of targets that differ if any do, and outputs that are made up.

    Raises:
        ValueError: If one of them refuses the targets, does not give one number for each row, or gives numbers that
            depend on other rows.
    """
    targets = rows.y.numpy()
    logits = _sample_logits(trace_prediction(model, rows.x.shape[1]).function.outputs[0])
    first, unlike = _two_unlike(targets)
    y = tf.constant(targets[[first, first, unlike, unlike]])
    functions = {"loss": loss, **{f"metric {key!r}": metric for key, metric in metrics.items()}}
    for what, function in functions.items():
        try:
            values = tf.convert_to_tensor(function(y, tf.constant(logits)))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            if _takes_probabilities(function, y, logits):
                continue
            raise ValueError(f"{name}: the {what} rejects y: {error}") from error
        if values.shape != y.shape[:1]:
            raise ValueError(f"the {what} must be one number for each row, {y.shape[:1]}, got shape {values.shape}")
        if _mixes_rows(function, y.numpy(), logits, values.numpy()):
            raise ValueError(f"the {what} mixes rows: {_remedy(y.shape, logits.shape)}")


def check_scores(model: tf.Module, rows: Rows | None, scores: Mapping[str, ScoreMetric], name: str) -> None:
    """Call the metrics of all rows on these rows and outputs that are made up, before the first epoch.

    Raises:
        ValueError: If there are no rows for them, one refuses the targets, or does not give one number.
    """
    if not scores:
        return
    if rows is None:
        raise ValueError(
            f"the metric {next(iter(scores))!r} is of all rows, and measured on {name} rows: there are none"
        )
    outputs = trace_prediction(model, rows.x.shape[1]).function.outputs[0].shape[1] or 1
    made_up = np.resize(BETWEEN_0_AND_1, rows.x.shape[0] * outputs).astype(np.float64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for key, score in scores.items():
            try:
                score_rows({key: score}, [(rows, made_up)])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{name}: the metric {key!r} rejects y: {error}") from error


def same_targets(one: Rows, other: Rows) -> bool:
    """Whether the targets of both have one dtype and, but for the number of rows, one shape."""
    return bool(one.y.dtype == other.y.dtype and one.y.shape[1:] == other.y.shape[1:])


def _two_unlike(y: Array) -> list[int]:
    """Return the indices of the first row and of the first that has other targets; of the first again if none has."""
    with np.errstate(invalid="ignore"):
        unlike = (y != y[:1]).reshape(len(y), -1).any(axis=1)
    return [0, int(np.argmax(unlike))]


def _sample_logits(outputs: tf.Tensor) -> Array:
    return np.resize(BETWEEN_0_AND_1, [4, outputs.shape[1] or 1]).astype(outputs.dtype.as_numpy_dtype)


def _takes_probabilities(function: Callable[..., Any], y: tf.Tensor, logits: Array) -> bool:
    """Whether it takes probabilities that sum to 1, or their logarithms: such outputs cannot be changed at will."""
    share = 1 / logits.shape[1]
    for value in (share, np.log(share)):
        with contextlib.suppress(TypeError, ValueError, tf.errors.OpError):
            function(y, tf.constant(np.full_like(logits, value)))
            return True
    return False


def _mixes_rows(function: Callable[[tf.Tensor, tf.Tensor], Any], y: Array, logits: Array, values: Array) -> bool:
    """Whether other targets and outputs of two rows change the values of the other two, and not by chance.

    The targets of the four rows are a, a, b, b; then they become all b, or all a.
    """
    all_b, all_a = y[[2, 2, 2, 3]], y[[0, 1, 1, 1]]
    changes = (
        (all_b, np.concatenate([1 - logits[:2], logits[2:]]), slice(2, 4)),
        (all_a, np.concatenate([logits[:2], -3 * logits[2:]]), slice(0, 2)),
    )
    for other_y, other_logits, kept in changes:
        others = _values_or(values, function, other_y, other_logits)
        if not _alike(others[kept], values[kept]):
            return _alike(_values_or(values, function, y, logits), values)  # else it draws at random
    return False


def _values_or(values: Array, function: Callable[..., Any], y: Array, logits: Array) -> Array:
    """Return the values of the function; `values` if it refuses outputs that were made up, below 0 for example."""
    try:
        return tf.convert_to_tensor(function(tf.constant(y), tf.constant(logits))).numpy()
    except (TypeError, ValueError, tf.errors.OpError):
        return values


def _alike(values: Array, others: Array) -> bool:
    """Whether they are equal to rounding, which a shift by the largest of all outputs, say, may change."""
    first, second = values.astype(np.float64), others.astype(np.float64)
    largest = np.abs(first[np.isfinite(first)]).max(initial=0)
    return np.allclose(first, second, rtol=1e-3, atol=1e-5 * min(1, largest), equal_nan=True)


def _remedy(y: tf.TensorShape, logits: tuple[int, ...]) -> str:
    shapes = ["[rows" + "".join(f", {size}" for size in shape[1:]) + "]" for shape in (y, logits)]
    told = f"the value of a row changes with the labels or outputs of others. Labels are {shapes[0]} and outputs "
    if len(y) == 1 and logits[1] == 1:
        return told + f"{shapes[1]}, which broadcast to [rows, rows]: use labels[:, tf.newaxis], or outputs[:, 0]"
    return told + f"{shapes[1]}: sums and means must be over the axes after the first alone"
