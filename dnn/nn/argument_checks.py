"""What is refused: each check returns what it checked, or says what was wanted and what it got.

They look at dtypes and static shapes alone, so they cost nothing in a compiled graph. What a trace does not know, a
number of rows, say, passes. Those of class numbers are for NumPy, where the values are known.
"""

import numpy as np
import tensorflow as tf


def checked_float(x, name: str) -> tf.Tensor:
    """x as a tensor. Raises: TypeError if it is not of floats."""
    x = tf.convert_to_tensor(x)
    if not x.dtype.is_floating:
        raise TypeError(f"{name} must be floats, got {x.dtype.name}")
    return x


def checked_numbers(x, name: str) -> tf.Tensor:
    """x as a tensor. Raises: TypeError if it is neither of numbers nor of truth values."""
    x = tf.convert_to_tensor(x)
    if not (x.dtype.is_floating or x.dtype.is_integer or x.dtype.is_bool):
        raise TypeError(f"{name} must be numbers, got {x.dtype.name}")
    return x


def checked_width(x, width: int, name: str = "x") -> tf.Tensor:
    """x as a tensor of floats. Raises: TypeError for others, ValueError if its last axis is not `width`."""
    x = checked_float(x, name)
    if x.shape.rank == 0 or (x.shape.rank and x.shape[-1] not in (None, width)):
        raise ValueError(f"{name} must be [..., {width}], got shape {x.shape}")
    return x


def checked_input(x, kernel: tf.Variable, name: str = "x") -> tf.Tensor:
    """x as a tensor that a kernel [inputs, …] can be multiplied with: [batch, inputs], or more axes before.

    Raises: TypeError if it is not of the kernel's dtype, ValueError for another shape.
    """
    x = checked_width(x, kernel.shape[0], name)
    if x.dtype != kernel.dtype:
        raise TypeError(f"{name} must be {kernel.dtype.name}, as the kernel is, got {x.dtype.name}")
    if x.shape.rank == 1:
        raise ValueError(f"{name} must be [batch, {kernel.shape[0]}], got shape {x.shape}")
    return x


def checked_logits(logits, labels: tf.Tensor) -> tf.Tensor:
    """float[batch, classes], of a known number of classes, with a row for each of the labels', in their first axis.

    Raises: TypeError for no floats, ValueError for another shape, other rows, or a number of classes not known.
    """
    logits = checked_float(logits, "logits")
    if logits.shape.rank not in (None, 2) or not logits.shape[:1].is_compatible_with(labels.shape[:1]):
        raise ValueError(f"logits must be [batch, classes], got {logits.shape} beside labels {labels.shape}")
    return checked_classes(logits)


def checked_classes(logits: tf.Tensor) -> tf.Tensor:
    """The logits [batch, classes]. Raises: ValueError if a trace does not know their number of classes."""
    if logits.shape[-1] is None:
        raise ValueError(f"logits must have a known number of classes, got shape {logits.shape}")
    return logits


def checked_array(values, name: str, kinds: str, wanted: str) -> np.ndarray:
    """The values as an array. Raises: TypeError, with what was wanted, if its dtype is of none of NumPy's kinds."""
    array = np.asarray(values)
    if array.dtype.kind not in kinds:
        raise TypeError(f"{name} must be {wanted}, got {array.dtype}")
    return array


def checked_class_numbers(values, classes: int, name: str) -> np.ndarray:
    """int[…]. Raises: TypeError for what is no integer, ValueError for one outside [0, classes)."""
    numbers = checked_array(values, name, "iu", "integers")
    if numbers.size and not 0 <= numbers.min() <= numbers.max() < classes:
        raise ValueError(f"{name} must be in [0, {classes}), got values from {numbers.min()} to {numbers.max()}")
    return numbers


def checked_square(table, name: str) -> np.ndarray:
    """The table as an array [classes, classes]. Raises: ValueError for another shape."""
    array = np.asarray(table)
    if array.ndim != 2 or array.shape[0] != array.shape[1]:
        raise ValueError(f"{name} must be [classes, classes], got shape {array.shape}")
    return array


def checked_size(size: int, name: str) -> int:
    """The size. Raises: TypeError if it is no integer, ValueError if it is not positive."""
    if isinstance(size, bool) or not isinstance(size, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {size!r}")
    if size < 1:
        raise ValueError(f"{name} must be positive, got {size}")
    return size


def checked_callable(function, name: str):
    """The function. Raises: TypeError for what cannot be called; text stands for no function here."""
    if not callable(function):
        raise TypeError(f"{name} must be a function, got {function!r}")
    return function


def checked_optional_callable(function, name: str):
    """The function, or None. Raises: TypeError for what is neither."""
    return None if function is None else checked_callable(function, name)


def checked_key(training):
    """The key of a training step, int32[3], or None: outside training. False, as in Keras, is None.

    Raises: TypeError for True, which is no key to draw from.
    """
    if training is True:
        raise TypeError("training must be None, or the key int32[3] of a step, (seed, epoch, step); got True")
    return None if training is False else training


def checked_number(value: float, name: str) -> float:
    """The value as a float. Raises: TypeError for what is no number."""
    if isinstance(value, bool | str) or not hasattr(value, "__float__"):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def checked_positive(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one that is not positive and finite."""
    if not 0 < checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be positive, got {value}")
    return float(value)


def checked_not_negative(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one that is negative or not finite."""
    if not 0 <= checked_number(value, name) < float("inf"):
        raise ValueError(f"{name} must be a number of 0 or more, got {value}")
    return float(value)


def checked_below_one(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one outside [0, 1)."""
    if not 0 <= checked_number(value, name) < 1:
        raise ValueError(f"{name} must be in [0, 1), got {value}")
    return float(value)


def checked_fraction(value: float, name: str) -> float:
    """The value. Raises: TypeError for what is no number, ValueError for one outside [0, 1]."""
    if not 0 <= checked_number(value, name) <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {value}")
    return float(value)


def checked_count(value: int, name: str, least: int = 1) -> int:
    """The value. Raises: ValueError unless it is an integer of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more, got {value!r}")
    return int(value)
