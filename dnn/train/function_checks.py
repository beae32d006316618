"""A loss or a metric is called on a few rows before the first epoch: is it one number for each row, of that row alone?

In a trace its errors would be long, and one that mixes rows, as labels [rows] beside outputs [rows, 1] make it do by
broadcasting, would train something else without any error.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.protocols import LossLike, MetricLike
from dnn.train.epoch import trace_prediction
from dnn.train.rows import Rows

BETWEEN_0_AND_1 = np.random.default_rng(0).uniform(0.1, 0.9, size=4096)  # logits and probabilities alike


def check_functions(model: tf.Module, rows: Rows, loss: LossLike, metrics: Mapping[str, MetricLike], name: str) -> None:
    """Call the loss and the metrics on four rows, of targets that differ if any do, and outputs that are made up.

    Raises:
        ValueError: If one of them refuses the targets, does not give one number for each row, or gives numbers that
            depend on other rows.
    """
    outputs = trace_prediction(model, rows.x.shape[1]).function.outputs[0]
    y, logits = _targets(rows.y), _logits(outputs)
    functions = {"loss": loss, **{f"metric {key!r}": metric for key, metric in metrics.items()}}
    for what, function in functions.items():
        try:
            values = tf.convert_to_tensor(function(y, logits))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise ValueError(f"{name}: the {what} does not take y as it is: {error}") from error
        if values.shape != y.shape[:1]:
            raise ValueError(f"the {what} must be one number for each row, {y.shape[:1]}, got shape {values.shape}")
        if _mixes_rows(function, y, logits, values):
            raise ValueError(f"the {what} mixes rows: {_remedy(y, logits)}")


def _targets(y: tf.Tensor) -> tf.Tensor:
    """Return the targets of four rows: one twice, and another one twice, unless all are equal."""
    values = y.numpy()
    with np.errstate(invalid="ignore"):
        unlike = (values != values[:1]).reshape(len(values), -1).any(axis=1)
    return tf.gather(y, [0, 0, *[int(np.argmax(unlike))] * 2])


def _logits(outputs: tf.Tensor) -> tf.Tensor:
    return tf.cast(np.resize(BETWEEN_0_AND_1, [4, outputs.shape[1] or 1]), outputs.dtype)


def _mixes_rows(
    function: Callable[[tf.Tensor, tf.Tensor], Any], y: tf.Tensor, logits: tf.Tensor, values: tf.Tensor
) -> bool:
    """Whether other targets and outputs of two rows change the values of the other two, and not by chance."""
    first = tf.concat([1 - logits[:2], logits[2:]], axis=0), tf.gather(y, [2, 2, 2, 3])
    last = tf.concat([logits[:2], -3 * logits[2:]], axis=0), tf.gather(y, [0, 1, 1, 1])
    for (other_logits, other_y), kept in ((first, slice(2, 4)), (last, slice(0, 2))):
        if not _alike(_values_or(values, function, other_y, other_logits), values, kept):
            return _alike(tf.convert_to_tensor(function(y, logits)), values, slice(None))  # else it draws at random
    return False


def _values_or(values: tf.Tensor, function: Callable[..., Any], y: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """Return the values of the function; `values` if it refuses outputs that were made up, below 0 for example."""
    try:
        return tf.convert_to_tensor(function(y, logits))
    except (TypeError, ValueError, tf.errors.OpError):
        return values


def _alike(values: tf.Tensor, others: tf.Tensor, rows: slice) -> bool:
    """Whether they are equal to rounding, which a shift by the largest of all outputs, say, may change."""
    first, second = (np.asarray(tf.cast(part[rows], tf.float64)) for part in (values, others))
    return np.allclose(first, second, rtol=1e-3, atol=1e-5, equal_nan=True)


def _remedy(y: tf.Tensor, logits: tf.Tensor) -> str:
    shapes = ["[rows" + "".join(f", {size}" for size in tensor.shape[1:]) + "]" for tensor in (y, logits)]
    told = f"the value of a row changes with the labels or outputs of others. Labels are {shapes[0]} and outputs "
    if y.shape.rank == 1 and logits.shape[1] == 1:
        return told + f"{shapes[1]}, which broadcast to [rows, rows]: use labels[:, tf.newaxis], or outputs[:, 0]"
    return told + f"{shapes[1]}: sums and means must be over the axes after the first alone"
