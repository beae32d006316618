"""What callbacks and early stopping remember, as JSON and back, bit for bit: arrays too, and no code."""

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np

ARRAY = "array of dtype"


def to_plain(value: Any) -> Any:
    """Return a value of numbers, texts, arrays, lists, tuples and dicts as JSON has them.

    Raises:
        TypeError: If there is anything else in it.
    """
    if isinstance(value, np.ndarray):
        data = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        if value.dtype.hasobject:
            raise TypeError("a checkpoint keeps arrays of numbers, got one of Python objects")
        return {ARRAY: value.dtype.name, "shape": list(value.shape), "data": data}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(name): to_plain(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [to_plain(item) for item in value]
    if value is None or isinstance(value, bool | int | float | str):
        return value
    try:
        return float(value)  # a tensor, say, that a callback has put into a record
    except (TypeError, ValueError):
        raise TypeError(f"a checkpoint keeps numbers, texts, arrays, lists and dicts, got {value!r}") from None


def from_plain(value: Any) -> Any:
    """Return what `to_plain` was given; a tuple is a list."""
    if isinstance(value, dict):
        if ARRAY in value:
            data = np.frombuffer(base64.b64decode(value["data"]), np.dtype(value[ARRAY]))
            return data.reshape(value["shape"]).copy()
        return {name: from_plain(item) for name, item in value.items()}
    return [from_plain(item) for item in value] if isinstance(value, list) else value
