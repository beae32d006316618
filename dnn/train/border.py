"""Arguments are checked once, eagerly, before anything is changed: a compiled loop does not raise, it returns a number.

Every message names the argument. Arrays become the tensors that the loop trusts.
"""

import math
from collections.abc import Mapping
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.example_weights import counted
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import MetricLike
from dnn.train.epoch import trace_prediction
from dnn.train.few_rows import copied_tensor
from dnn.train.forks import refuse_after_fork
from dnn.train.rows import Rows
from dnn.train.runtime import Compiled

Array = npt.NDArray[Any]
RowFunction = TypeVar("RowFunction")

FLOATS = frozenset(map(np.dtype, (np.float32, np.float64)))  # of which most arrays are


def checked_data(
    model: tf.Module,
    data: Any,
    name: str,
    ignore_class: int | None = None,
    *,
    a_chunk: bool = False,
    known: bool = False,
) -> Rows:
    """Return data as Rows: x as `checked_inputs` does, class numbers as int32, floats in y in the dtype of x.

    Args:
        data: (x, y) or (x, y, weights): x [rows, features]; y int[rows] of class numbers, or numbers [rows, …] of
            whatever the loss compares with. Integers beside a model with one output are such numbers too: counts, or
            0 and 1. Weights become float32 at least.
        ignore_class: rows with this label do not count, and get the label 0, so that no loss sees one out of range.
        a_chunk: whether these are some of many rows, of which all may be ignored.
        known: whether x is a tensor that was looked at before.

    Raises:
        ValueError: If x, y and weights do not have the same rows, `checked_inputs` refuses x, y has a NaN, an infinity
            or a class number outside [0, outputs of the model), a weight is below 0, or no row counts.
        TypeError: If data is not a tuple of two or three parts.
    """
    if not isinstance(data, tuple | list) or len(data) not in (2, 3):
        raise TypeError(f"{name} must be (x, y) or (x, y, weights), got {_kind(data)}")
    x, y, weights = (*data, None)[:3]
    x = tf.cast(x, _prediction(model, x.shape[1], name).dtype) if known else checked_inputs(model, x, f"{name}: x")
    y, dtype = _numbers(y, f"{name}: y"), tf.as_dtype(x.dtype).as_numpy_dtype
    if y.ndim < 1 or len(x) != len(y):
        raise ValueError(f"{name}: x has {len(x)} rows, and y has shape {y.shape}")
    y = _in_dtype(y, dtype) if _is_float(y) else y
    _refuse_infinite(y, f"{name}: y")
    y, counts = (y, None) if ignore_class is None else _without(y, ignore_class, f"{name}: y", some=not a_chunk)
    classes = _prediction(model, x.shape[1], name).function.outputs[0].shape[1]
    if _are_classes(y) and (classes or 1) > 1:  # None: the model does not tell
        lowest, highest = y.min(), y.max()
        if lowest < 0 or highest >= classes:
            raise ValueError(f"{name}: labels must be in [0, {classes}), got values from {lowest} to {highest}")
        y = y.astype(np.int32)
    weights = None if weights is None else _checked_weights(weights, x, name)
    parts = x, y, weights, counts
    return Rows(*(copied_tensor(part) if isinstance(part, np.ndarray) else part for part in parts))


def checked_inputs(model: tf.Module, x: npt.ArrayLike, name: str) -> Array:
    """Return x as float[rows, features] in the dtype of the model's weights.

    Raises:
        ValueError: If x has another shape, no rows, other values than numbers, a NaN, an infinity, or more or fewer
            features than the model takes.
        RuntimeError: If this process was forked after TensorFlow had started.
    """
    refuse_after_fork()
    x = _numbers(x, name)
    if x.ndim != 2:
        raise ValueError(f"{name} must be [rows, features], got shape {x.shape}")
    if not len(x):
        raise ValueError(f"{name} has no rows")
    x = _in_dtype(x, _prediction(model, x.shape[1], name).dtype)
    _refuse_infinite(x, name)
    return x


def checked_metrics(metrics: Mapping[str, MetricLike]) -> dict[str, MetricLike]:
    """Return the metrics as a dict.

    Raises:
        ValueError: If a name is that of another entry of a record.
        TypeError: If they are not a dict, or `checked_per_row` refuses one.
    """
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of functions by name, got {metrics!r}")
    for name, metric in metrics.items():
        checked_per_row(metric, f"metric {name!r}")
        if name in ("epoch", "loss", "learning_rate") or str(name).startswith("val_"):
            raise ValueError(f"no metric may be called {name!r}: a record of an epoch may have a figure of that name")
    return dict(metrics)


def checked_per_row(function: RowFunction, name: str) -> RowFunction:
    """Return a loss or a metric, a function of (labels, logits).

    A compiled epoch is found again by the hashes of its functions, so a dataclass with __call__ must be frozen.

    Raises:
        TypeError: If it is a string, which stands for no function here, or has no hash.
    """
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{name} must be a function of (labels, logits), got {function!r}")
    if type(function).__hash__ is None:
        raise TypeError(f"{name} must have a hash: as a dataclass, {type(function).__name__} must be frozen")
    return function


def _prediction(model: tf.Module, features: int, name: str) -> Compiled:
    """The traced prediction; not run, since that may change what the model remembers."""
    try:
        prediction = trace_prediction(model, features)
    except (ValueError, tf.errors.InvalidArgumentError) as error:
        reason = str(error).strip().splitlines()[-1].strip()  # above it, where in the model
        if "singleton tf.Variables" in reason:
            raise ValueError("the model makes a variable in each call: make all of them in its constructor") from error
        raise ValueError(f"{name} has {features} features, which the model does not take: {reason}") from error
    if not prediction.gives_rows:
        logits = prediction.function.structured_outputs
        raise ValueError(
            f"the model must give [rows, outputs], got {getattr(logits, 'shape', logits)}; "
            "tf.ensure_shape declares a shape that TensorFlow cannot infer"
        )
    return prediction


def _kind(data: Any) -> str:
    return f"{len(data)} parts" if isinstance(data, tuple | list) else type(data).__name__


def _is_float(values: Array) -> bool:
    return values.dtype.kind == "f" or tf.as_dtype(values.dtype).is_floating  # NumPy does not know that bfloat16 is


def _are_classes(y: Array) -> bool:
    return np.issubdtype(y.dtype, np.integer) and y.ndim == 1


def _in_dtype(values: Array, dtype: npt.DTypeLike) -> Array:
    """What is too large becomes an infinity, which is refused next."""
    if values.dtype == dtype:
        return values
    with np.errstate(over="ignore"):
        return values.astype(dtype, copy=False)


def _without(y: Array, ignore_class: int, name: str, *, some: bool) -> tuple[Array, Array]:
    """(y with the label 0 instead of the ignored one, whether each row counts); `some` must count."""
    if isinstance(ignore_class, bool) or not isinstance(ignore_class, int | np.integer):
        raise ValueError(f"ignore_class must be an integer, got {ignore_class!r}")
    if not _are_classes(y):
        raise ValueError(f"{name} must be class numbers, int[rows], to ignore class {ignore_class}")
    counts = counted(y, ignore_class).numpy()
    if some and not counts.any():
        raise ValueError(f"{name} has only the ignored class {ignore_class}")
    return np.where(counts, y, y.dtype.type(0)), counts


def _checked_weights(weights: npt.ArrayLike, x: Array, name: str) -> Array:
    weights = _numbers(weights, f"{name}: weights")
    if weights.shape != x.shape[:1]:
        raise ValueError(f"{name}: weights must be [rows], here {x.shape[:1]}, got shape {weights.shape}")
    weights = _in_dtype(weights, at_least_float32(tf.as_dtype(x.dtype)).as_numpy_dtype)
    _refuse_infinite(weights, f"{name}: weights")
    if weights.min() < 0:
        raise ValueError(f"{name}: weights must be 0 or more, got {weights.min():g}")
    return weights


def _numbers(values: npt.ArrayLike, name: str) -> Array:
    """An array of numbers or truth values, in their own dtype."""
    try:
        array = np.asarray(values)
        if array.dtype in FLOATS:
            return array
        dtype = tf.as_dtype(array.dtype)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must be numbers: {error}") from error
    if not (dtype.is_floating or dtype.is_integer or dtype == tf.bool):
        raise ValueError(f"{name} must be numbers, got {array.dtype}")
    return array


def _refuse_infinite(values: Array, name: str) -> None:
    if not _finite(values):
        row = int(np.argwhere(~np.isfinite(values))[0][0])
        raise ValueError(f"{name} has a NaN or an infinity, as {values.dtype.name}, in row {row} (the first is row 0)")


def _finite(values: Array) -> bool:
    """Whether all are, as a finite sum of squares tells; without an array of as many truth values."""
    if values.dtype in FLOATS and values.flags.c_contiguous and math.isfinite(np.vdot(values, values)):
        return True
    with np.errstate(invalid="ignore"):  # a NaN is both the least and the greatest, in bfloat16 with a warning
        return not _is_float(values) or bool(np.isfinite((values.min(initial=0), values.max(initial=0))).all())
