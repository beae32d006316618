"""What is checked once, eagerly, before anything is changed: a compiled loop does not raise, it returns a number."""

from collections.abc import Callable, Mapping

import numpy as np
import tensorflow as tf

from dnn.train.early_stopping import EarlyStopping
from dnn.train.epoch import compiled_prediction


def checked_rows(model, data, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """(x, y) as tensors: x as `checked_inputs`, class numbers as int32, floats in y in the dtype of x.

    data: (x, y): x [rows, features]; y int[rows] of class numbers, or numbers [rows, …] of whatever the loss
    compares with. Integers beside a model with one output are such numbers too: counts, or 0 and 1.
    Raises: ValueError that begins with the name, for x and y that do not pair, what `checked_inputs` refuses, a NaN
    or an infinity in y, and class numbers outside [0, outputs of the model).
    """
    if not isinstance(data, tuple | list) or len(data) != 2:
        raise TypeError(f"{name} must be (x, y), got {type(data).__name__}")
    x, y = data
    x, y = checked_inputs(model, x, f"{name}: x"), _numbers(y, f"{name}: y")
    if y.shape.rank < 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"{name}: x has {x.shape[0]} rows, and y has shape {y.shape}")
    y = tf.cast(y, x.dtype) if y.dtype.is_floating else y
    _refuse_infinite(y, f"{name}: y")
    classes = _outputs(model, x, name)
    if y.dtype.is_integer and y.shape.rank == 1 and classes > 1:
        lowest, highest = int(tf.reduce_min(y)), int(tf.reduce_max(y))
        if lowest < 0 or highest >= classes:
            raise ValueError(f"{name}: labels must be in [0, {classes}), got values from {lowest} to {highest}")
        y = tf.cast(y, tf.int32)
    return x, y


def check_objects(model, optimizer, early_stopping) -> None:
    """Raises: TypeError that names the argument which is not of the kind that `fit` takes."""
    if not isinstance(model, tf.Module) or not callable(model):
        raise TypeError(f"model must be a tf.Module that can be called, got {model!r}")
    if isinstance(optimizer, type) or not (hasattr(optimizer, "parameters") and hasattr(optimizer, "apply")):
        raise TypeError(f"optimizer must have parameters and apply(gradients), as dnn.Adam(…) has, got {optimizer!r}")
    if not isinstance(early_stopping, EarlyStopping | None):
        raise TypeError(f"early_stopping must be a dnn.EarlyStopping(…), got {early_stopping!r}")


def checked_inputs(model, x, name: str) -> tf.Tensor:
    """float[rows, features] in the dtype of the model's weights.

    Raises: ValueError that begins with the name, for another shape, no rows, what is no number, a NaN, an infinity, or
    more or fewer features than the model takes.
    """
    x = _numbers(x, name)
    if x.shape.rank != 2:
        raise ValueError(f"{name} must be [rows, features], got shape {x.shape}")
    if not x.shape[0]:
        raise ValueError(f"{name} has no rows")
    weights = [*model.trainable_variables, *model.variables]
    x = tf.cast(x, next((v.dtype for v in weights if v.dtype.is_floating), tf.float32))
    _refuse_infinite(x, name)
    _outputs(model, x, name)
    return x


def checked_metrics(metrics: Mapping[str, Callable]) -> dict[str, Callable]:
    """name -> function. Raises: ValueError for a name that a record has already, TypeError as `checked_function`."""
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of functions by name, got {metrics!r}")
    for name, metric in metrics.items():
        checked_function(metric, f"metric {name!r}")
        if name in ("epoch", "loss"):
            raise ValueError(f"no metric may be called {name!r}: a record of an epoch has one")
    return dict(metrics)


def checked_function(function: Callable, name: str) -> Callable:
    """The function. Raises: TypeError for text, which stands for no function here, and for what has no hash.

    A compiled epoch is found again by its functions' hashes, so a dataclass with __call__ must be frozen.
    """
    if not callable(function) or type(function).__hash__ is None:
        raise TypeError(f"{name} must be a function of (labels, logits), with a hash, got {function!r}")
    return function


def checked_count(value: int, name: str, least: int = 1) -> int:
    """The value. Raises: ValueError unless it is an integer of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more, got {value!r}")
    return int(value)


def _numbers(values, name: str) -> tf.Tensor:
    """A tensor of numbers or truth values, in their own dtype."""
    try:
        tensor = tf.convert_to_tensor(values if tf.is_tensor(values) else np.asarray(values))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    if not (tensor.dtype.is_floating or tensor.dtype.is_integer or tensor.dtype == tf.bool):
        raise ValueError(f"{name} must be numbers, got {tensor.dtype.name}")
    return tensor


def _outputs(model, x: tf.Tensor, name: str) -> int:
    """How many numbers the model gives for a row: traced, not run, since a run may change what the model remembers."""
    try:
        shape = compiled_prediction(model, x.shape[1], x.dtype).get_concrete_function().output_shapes
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        reason = str(error).strip().splitlines()[-1].strip()  # above it, where in the model
        raise ValueError(f"{name} has {x.shape[1]} features, which the model does not take: {reason}") from error
    if shape.rank != 2:
        raise ValueError(f"the model must give [rows, outputs], got shape {shape}")
    return shape[1]


def _refuse_infinite(values: tf.Tensor, name: str) -> None:
    if values.dtype.is_floating:
        finite = tf.reduce_all(tf.math.is_finite(values), axis=list(range(1, values.shape.rank))).numpy()
        if not finite.all():
            row = int(np.argmin(finite))
            raise ValueError(f"{name} has a NaN or an infinity, as {values.dtype.name}, in row {row}, counted from 0")
