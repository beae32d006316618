"""Arrays are checked once, eagerly, before anything is changed: a compiled loop does not raise, it returns a number."""

import numpy as np
import tensorflow as tf

from dnn.nn.example_weights import counted
from dnn.nn.precision import at_least_float32
from dnn.train.compiled import compiled_prediction
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
    if y.ndim < 1 or len(x) != len(y):
        raise ValueError(f"{name}: x has {len(x)} rows, and y has shape {y.shape}")
    y = _cast(y, x.dtype) if _is_float(y) else y
    _refuse_infinite(y, f"{name}: y")
    y, counts = (y, None) if ignore_class is None else _without(y, ignore_class, f"{name}: y")
    classes = _prediction(model, x.shape[1], name).outputs[0].shape[1]
    if _are_classes(y) and (classes or 1) > 1:  # None: the model does not tell
        lowest, highest = y.min(), y.max()
        if lowest < 0 or highest >= classes:
            raise ValueError(f"{name}: labels must be in [0, {classes}), got values from {lowest} to {highest}")
        y = y.astype(np.int32)
    weights = None if weights is None else _checked_weights(weights, x, name)
    return Rows(*(None if part is None else tf.convert_to_tensor(part) for part in (x, y, weights, counts)))


def check_functions(model, rows: Rows, loss, metrics, name: str) -> None:
    """Call the loss and the metrics once, with two targets and logits of 0: in a trace their errors would be long.

    Raises: ValueError that begins with the name, for targets that one refuses, or a result that is not one a row.
    """
    y = rows.y[:2]
    outputs = compiled_prediction(model, rows.x.shape[1]).function.outputs[0]
    logits = tf.zeros([y.shape[0], outputs.shape[1]], outputs.dtype)
    for what, function in {"loss": loss, **{f"metric {key!r}": metric for key, metric in metrics.items()}}.items():
        try:
            values = tf.convert_to_tensor(function(y, logits))
        except (TypeError, ValueError, tf.errors.OpError) as error:
            raise ValueError(f"{name}: the {what} does not take y as it is: {error}") from error
        if values.shape != y.shape[:1]:
            raise ValueError(f"the {what} must be [batch], one number a row: of {y.shape[0]} it gives {values.shape}")


def checked_inputs(model, x, name: str) -> np.ndarray:
    """float[rows, features] in the dtype of the model's weights.

    Raises: ValueError that begins with the name, for another shape, no rows, what is no number, a NaN, an infinity, or
    more or fewer features than the model takes.
    """
    x = _numbers(x, name)
    if x.ndim != 2:
        raise ValueError(f"{name} must be [rows, features], got shape {x.shape}")
    if not len(x):
        raise ValueError(f"{name} has no rows")
    x = _cast(x, _prediction(model, x.shape[1], name).inputs[0].dtype.as_numpy_dtype)
    _refuse_infinite(x, name)
    return x


def _kind(data) -> str:
    return f"{len(data)} parts" if isinstance(data, tuple | list) else type(data).__name__


def _is_float(values: np.ndarray) -> bool:
    return tf.as_dtype(values.dtype).is_floating  # NumPy alone does not know that bfloat16 is


def _are_classes(y: np.ndarray) -> bool:
    return np.issubdtype(y.dtype, np.integer) and y.ndim == 1


def _cast(values: np.ndarray, dtype) -> np.ndarray:
    """What is too large becomes an infinity, which is refused next."""
    with np.errstate(over="ignore"):
        return values.astype(dtype, copy=False)


def _without(y: np.ndarray, ignore_class: int, name: str) -> tuple[np.ndarray, np.ndarray]:
    """(y with the label 0 instead of the ignored one, whether each row counts)."""
    if isinstance(ignore_class, bool) or not isinstance(ignore_class, int | np.integer):
        raise ValueError(f"ignore_class must be an integer, got {ignore_class!r}")
    if not _are_classes(y):
        raise ValueError(f"{name} must be class numbers, int[rows], to ignore class {ignore_class}")
    counts = counted(y, ignore_class).numpy()
    if not counts.any():
        raise ValueError(f"{name} has only the ignored class {ignore_class}")
    return np.where(counts, y, y.dtype.type(0)), counts


def _checked_weights(weights, x: np.ndarray, name: str) -> np.ndarray:
    weights = _numbers(weights, f"{name}: weights")
    if weights.shape != x.shape[:1]:
        raise ValueError(f"{name}: weights must be [rows], here {x.shape[:1]}, got shape {weights.shape}")
    weights = _cast(weights, at_least_float32(tf.as_dtype(x.dtype)).as_numpy_dtype)
    _refuse_infinite(weights, f"{name}: weights")
    if weights.min() < 0:
        raise ValueError(f"{name}: weights must be 0 or more, got {weights.min():g}")
    return weights


def _numbers(values, name: str) -> np.ndarray:
    """An array of numbers or truth values, in their own dtype."""
    try:
        array = np.asarray(values)
        dtype = tf.as_dtype(array.dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    if not (dtype.is_floating or dtype.is_integer or dtype == tf.bool):
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    return array


def _prediction(model, features: int, name: str):
    """The compiled prediction: traced, not run, since a run may change what the model remembers."""
    try:
        prediction = compiled_prediction(model, features).function
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        reason = str(error).strip().splitlines()[-1].strip()  # above it, where in the model
        raise ValueError(f"{name} has {features} features, which the model does not take: {reason}") from error
    logits = prediction.structured_outputs
    if not tf.is_tensor(logits) or logits.shape.rank != 2:
        raise ValueError(
            f"the model must give [rows, outputs], got {getattr(logits, 'shape', logits)}; "
            "what TensorFlow cannot infer, tf.ensure_shape says"
        )
    return prediction


def _refuse_infinite(values: np.ndarray, name: str) -> None:
    if _is_float(values) and not _finite(values):
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(f"{name} has a NaN or an infinity, as {values.dtype.name}, in row {row}, counted from 0")


def _finite(values: np.ndarray) -> bool:
    """Whether all are; without an array of as many truth values."""
    with np.errstate(invalid="ignore"):  # a NaN is both the least and the greatest, in bfloat16 with a warning
        return bool(np.isfinite((values.min(initial=0), values.max(initial=0))).all())
