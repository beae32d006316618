"""Arrays are checked once, eagerly, before anything is changed: a compiled loop does not raise, it returns a number."""

import numpy as np
import tensorflow as tf

from dnn.nn.example_weights import counted
from dnn.nn.precision import at_least_float32
from dnn.train.epoch import compiled_prediction
from dnn.train.rows import Rows


def checked_rows(model, data, name: str, ignore_class: int | None = None) -> Rows:
    """Rows: x as `checked_inputs`, class numbers as int32, floats in y in the dtype of x, weights float32 at least.

    data: (x, y) or (x, y, weights): x [rows, features]; y int[rows] of class numbers, or numbers [rows, …] of whatever
    the loss compares with. Integers beside a model with one output are such numbers too: counts, or 0 and 1.
    ignore_class: rows with this label do not count, and are given the label 0, so that no loss sees one out of range.
    Raises: ValueError that begins with the name, for x, y and weights that do not pair, what `checked_inputs` refuses,
    a NaN or an infinity in y, class numbers outside [0, outputs of the model), weights below 0, no row that counts.
    """
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise TypeError(f"{name} must be (x, y) or (x, y, weights), got {_kind(data)}")
    x, y, weights = (*data, None)[:3]
    x, y = checked_inputs(model, x, f"{name}: x"), _numbers(y, f"{name}: y")
    if y.shape.rank < 1 or x.shape[0] != y.shape[0]:
        raise ValueError(f"{name}: x has {x.shape[0]} rows, and y has shape {y.shape}")
    y = tf.cast(y, x.dtype) if y.dtype.is_floating else y
    _refuse_infinite(y, f"{name}: y")
    y, counts = (y, None) if ignore_class is None else _without(y, ignore_class, f"{name}: y")
    classes = _outputs(model, x, name)
    if _are_classes(y) and classes > 1:
        lowest, highest = int(tf.reduce_min(y)), int(tf.reduce_max(y))
        if lowest < 0 or highest >= classes:
            raise ValueError(f"{name}: labels must be in [0, {classes}), got values from {lowest} to {highest}")
        y = tf.cast(y, tf.int32)
    return Rows(x, y, None if weights is None else _checked_weights(weights, x, name), counts)


def check_functions(model, rows: Rows, loss, metrics, name: str) -> None:
    """Call the loss and the metrics once, with two targets and logits of 0: in a trace their errors would be long.

    Raises: ValueError that begins with the name, for targets that one refuses, or a result that is not one a row.
    """
    y = rows.y[:2]
    prediction = compiled_prediction(model, rows.x.shape[1], rows.x.dtype).get_concrete_function()
    logits = tf.zeros([y.shape[0], prediction.output_shapes[1]], prediction.output_dtypes)
    for what, function in {"loss": loss, **{f"metric {key!r}": metric for key, metric in metrics.items()}}.items():
        try:
            values = tf.convert_to_tensor(function(y, logits))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise ValueError(f"{name}: the {what} does not take y as it is: {error}") from error
        if values.shape != y.shape[:1]:
            raise ValueError(f"the {what} must be [batch], one number a row: of {y.shape[0]} it gives {values.shape}")


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


def _kind(data) -> str:
    return f"{len(data)} parts" if isinstance(data, tuple | list) else type(data).__name__


def _are_classes(y: tf.Tensor) -> bool:
    return y.dtype.is_integer and y.shape.rank == 1


def _without(y: tf.Tensor, ignore_class: int, name: str) -> tuple[tf.Tensor, tf.Tensor]:
    """(y with the label 0 instead of the ignored one, whether each row counts)."""
    if isinstance(ignore_class, bool) or not isinstance(ignore_class, int | np.integer):
        raise ValueError(f"ignore_class must be an integer, got {ignore_class!r}")
    if not _are_classes(y):
        raise ValueError(f"{name} must be class numbers, int[rows], to ignore class {ignore_class}")
    counts = counted(y, ignore_class)
    if not tf.reduce_any(counts):
        raise ValueError(f"{name} has only the ignored class {ignore_class}")
    return tf.where(counts, y, tf.zeros((), y.dtype)), counts


def _checked_weights(weights, x: tf.Tensor, name: str) -> tf.Tensor:
    weights = _numbers(weights, f"{name}: weights")
    if weights.shape != x.shape[:1]:
        raise ValueError(f"{name}: weights must be [rows], here {x.shape[:1]}, got shape {weights.shape}")
    weights = tf.cast(weights, at_least_float32(x.dtype))
    _refuse_infinite(weights, f"{name}: weights")
    if tf.reduce_any(weights < 0):
        raise ValueError(f"{name}: weights must be 0 or more, got {float(tf.reduce_min(weights)):g}")
    return weights


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
