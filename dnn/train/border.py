"""What is checked once, eagerly, before anything is traced: a compiled loop does not raise, it returns a number."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf


def checked_rows(model, data, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """(x, y) as tensors: x as `checked_inputs`, y in its own dtype, integers as int32.

    data: (x, y): x [rows, features], y [rows] of class numbers, or [rows, …] of whatever the loss compares with.
    Raises: ValueError that begins with the name, for x and y that do not pair, what `checked_inputs` refuses, and
    class numbers outside [0, number of logits).
    """
    x, y = data
    x, y = checked_inputs(model, x, f"{name}: x"), tf.convert_to_tensor(y)
    if y.shape.rank < 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"{name}: x has {x.shape[0]} rows, and y has shape {y.shape}")
    classes = model(x[:1]).shape[-1]
    if y.dtype.is_integer and y.shape.rank == 1:
        lowest, highest = int(tf.reduce_min(y)), int(tf.reduce_max(y))
        if lowest < 0 or highest >= classes:
            raise ValueError(f"{name}: labels must be in [0, {classes}), got values from {lowest} to {highest}")
        y = tf.cast(y, tf.int32)
    return x, y


def checked_inputs(model, x, name: str) -> tf.Tensor:
    """float[rows, features] in the dtype of the model's weights. Raises: ValueError for no rows, a NaN, an infinity."""
    x = tf.convert_to_tensor(x)
    if x.shape.rank != 2:
        raise ValueError(f"{name} must be [rows, features], got shape {x.shape}")
    if not x.shape[0]:
        raise ValueError(f"{name} has no rows")
    x = tf.cast(x, next((v.dtype for v in model.variables if v.dtype.is_floating), tf.float32))
    finite = tf.reduce_all(tf.math.is_finite(x), axis=1).numpy()
    if not finite.all():
        raise ValueError(f"{name} has a NaN or an infinity in row {int(np.argmin(finite))}, counted from 0")
    return x


def checked_metrics(metrics: Mapping[str, Callable]) -> dict[str, Callable]:
    """name -> function. Raises: TypeError for anything else: no text stands for a function here."""
    for name, metric in dict(metrics).items():
        if not callable(metric):
            raise TypeError(f"metric {name!r} must be a function of (labels, logits), got {metric!r}")
    return dict(metrics)


def checked_count(value: int, name: str) -> int:
    """The value. Raises: ValueError unless it is an integer of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{name} must be a positive integer, got {value!r}")
    return int(value)
