"""Checks of arguments: each returns the value it checked, or raises an error that says what was wanted and what it got.

Those of tensors look at dtypes and static shapes alone, so they add nothing to a compiled graph; a dimension that is
unknown while tracing, such as the number of rows, passes. Those of arrays and of hyperparameters look at the values.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.protocols import InitializerLike, TensorLike

AnyCallable = TypeVar("AnyCallable", bound=Callable[..., Any])


def checked_float(x: TensorLike, name: str) -> tf.Tensor:
    """Return x as a tensor; TypeError if its dtype is not floating."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise TypeError(f"{name} must be floats, got {x.dtype.name}")
    return x


def checked_numbers(x: TensorLike, name: str) -> tf.Tensor:
    """Return x as a tensor; TypeError if it holds neither numbers nor bools."""
    x = tf.convert_to_tensor(x)
    if not (x.dtype.is_floating or x.dtype.is_integer or x.dtype.is_bool):
        raise TypeError(f"{name} must be numbers, got {x.dtype.name}")
    return x


def checked_width(x: TensorLike, width: int, name: str = "x") -> tf.Tensor:
    """Return x as a float tensor; ValueError if its last axis is not `width` long."""
    x = checked_float(x, name)
    if x.shape.rank == 0 or (x.shape.rank and x.shape[-1] not in (None, width)):
        raise ValueError(f"{name} must be [..., {width}], got shape {x.shape}")
    return x


def checked_input(x: TensorLike, kernel: tf.Variable, name: str = "x") -> tf.Tensor:
    """Return x as a tensor [batch, inputs], or with more leading axes, to multiply with a kernel [inputs, ...].

    An ensemble's kernel is [members, inputs, units]. TypeError if the dtype of x is not the kernel's, ValueError for
    another shape.
    """
    inputs = kernel.shape[-2 if kernel.shape.rank == 3 else 0]
    x = checked_width(x, inputs, name)
    if x.dtype != kernel.dtype:
        raise TypeError(f"{name} must be {kernel.dtype.name}, as the kernel is, got {x.dtype.name}")
    if x.shape.rank == 1:
        raise ValueError(f"{name} must be [batch, {inputs}], got shape {x.shape}")
    return x


def checked_logits(logits: TensorLike, labels: tf.Tensor) -> tf.Tensor:
    """Return the logits as float[batch, classes]; ValueError for another shape, or other rows than the labels have."""
    logits = checked_float(logits, "logits")
    if logits.shape.rank not in (None, 2) or not logits.shape[:1].is_compatible_with(labels.shape[:1]):
        raise ValueError(f"logits must be [batch, classes], got {logits.shape} beside labels {labels.shape}")
    return checked_class_count(logits)


def checked_class_count(logits: tf.Tensor) -> tf.Tensor:
    """Return the logits; ValueError if their number of classes is unknown while tracing."""
    if logits.shape[-1] is None:
        raise ValueError(f"logits must have a known number of classes, got shape {logits.shape}")
    return logits


def checked_array(values: npt.ArrayLike, name: str, kinds: str, expected: str) -> npt.NDArray[Any]:
    """Return the values as an array; TypeError if its `dtype.kind` is not one of `kinds`."""
    array = np.asarray(values)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must be {expected}, got {array.dtype}")
    return array


def checked_class_numbers(values: npt.ArrayLike, classes: int, name: str) -> npt.NDArray[Any]:
    """Return the class numbers as an integer array; ValueError if one is outside [0, classes)."""
    numbers = checked_array(values, name, "iu", "integers")
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise ValueError(f"{name} must be in [0, {classes}), got values from {numbers.min()} to {numbers.max()}")
    return numbers


def checked_size(size: int, name: str) -> int:
    """Return the size; TypeError if it is not an integer, ValueError if it is not positive."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {size!r}")
    if size < 1:
        raise ValueError(f"{name} must be positive, got {size}")
    return size


def checked_callable(function: AnyCallable, name: str) -> AnyCallable:
    """Return the function; TypeError if it cannot be called: names of functions are not looked up."""
    if not callable(function):
        raise TypeError(f"{name} must be a function, got {function!r}")
    return function


def checked_optional_callable(function: AnyCallable | None, name: str) -> AnyCallable | None:
    """Return the function or None; TypeError for anything else."""
    return None if function is None else checked_callable(function, name)


def checked_dense(
    inputs: int,
    units: int,
    kernel_initializer: Callable[..., Any],
    bias_initializer: Callable[..., Any],
    **functions: Callable[..., Any] | None,
) -> tuple[int, int]:
    """Return the shape of a dense layer's kernel, inputs and units, if it can be made of these arguments.

    TypeError or ValueError if not; functions: those that may be None, by their names.
    """
    shape = checked_size(inputs, "inputs"), checked_size(units, "units")
    for name, function in functions.items():
        checked_optional_callable(function, name)
    checked_callable(kernel_initializer, "kernel_initializer")
    checked_callable(bias_initializer, "bias_initializer")
    return shape


def checked_key(training: TensorLike | None) -> tf.Tensor | None:
    """Return the key int32[3] of a training step, or None outside training: for None and, as in Keras, False.

    TypeError for True: dropout needs a key to draw from.
    """
    if training is True:
        raise TypeError("training must be None, or the key int32[3] of a step, (seed, epoch, step); got True")
    return None if training is False else training


def refuse_variable(value: object, name: str) -> None:
    """Refuse a tf.Variable as a hyperparameter, which is read once: TypeError, for what is assigned to it later."""
    if isinstance(value, tf.Variable):
        raise TypeError(
            f"{name} must be a number, got the tf.Variable {value.name}, whose later values would be ignored: give "
            "float(variable); a rate that changes is a schedule, or is assigned to learning_rate"
        )


def checked_number(value: float, name: str) -> float:
    """Return the value as a float; TypeError if it is not a number, or is a tf.Variable."""
    refuse_variable(value, name)
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def checked_positive(value: float, name: str) -> float:
    """Return the value as a float; ValueError if it is not positive and finite."""
    if not 0 < checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)


def checked_not_negative(value: float, name: str) -> float:
    """Return the value as a float; ValueError if it is negative or not finite."""
    if not 0 <= checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be a number of 0 or more, got {value}")
    return float(value)


def checked_below_one(value: float, name: str) -> float:
    """Return the value as a float; ValueError if it is outside [0, 1)."""
    if not 0 <= checked_number(value, name) < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
    return float(value)


def checked_fraction(value: float, name: str) -> float:
    """Return the value as a float; ValueError if it is outside [0, 1]."""
    if not 0 <= checked_number(value, name) <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return float(value)


def checked_count(value: int, name: str, least: int = 1) -> int:
    """Return the value as an int; ValueError unless it is an integer of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more, got {value!r}")
    return int(value)


def checked_first_values(
    initializer: InitializerLike, shape: Sequence[int], seed: int | Sequence[int], dtype: tf.DType, name: str
) -> tf.Tensor:
    """Return what the initializer of a variable gives, checked: dtype[shape], every number finite.

    A bias of shape [1] would be one for all units; NumPy's float64 becomes the dtype of the variable.
    Raises: ValueError for another shape or a NaN or an infinity, TypeError for another dtype.
    """
    values = initializer(shape, seed, dtype)
    values = values if tf.is_tensor(values) else tf.convert_to_tensor(np.asarray(values), dtype)
    if values.dtype != dtype:
        raise TypeError(f"{name} must give {tf.as_dtype(dtype).name}, got {values.dtype.name}")
    if values.shape != tuple(shape):
        raise ValueError(f"{name} must give the shape {tuple(shape)}, got {tuple(values.shape)}")
    if tf.executing_eagerly() and not np.isfinite(values.numpy().astype(np.float64)).all():
        raise ValueError(f"{name} must give finite numbers, got a NaN or an infinity")
    return values
