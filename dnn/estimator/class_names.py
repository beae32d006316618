"""Classes as a user has them, numbers, truth values or strings, and the names by which labels know them."""

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.amounts import amounts_told, are_fractions
from dnn.data.table import is_nothing
from dnn.estimator.scikit_learn import refuse_missing_targets


def class_names(target: npt.NDArray[Any]) -> npt.NDArray[np.object_]:
    """Return the class of each row as a string: 1, 1.0 and True have the names "1", "1" and "true".

    Raises:
        ValueError: If a target is missing (NaN, None, ""), or the targets look like amounts.
    """
    if target.dtype.kind not in "OUSfiub":
        raise ValueError(f"Unknown label type: classes must be strings, numbers or truth values, got {target.dtype}")
    if target.dtype.kind == "f" and np.isinf(target).any():
        raise ValueError("Input y contains infinity")
    cells = target.tolist()  # once: each list has its own NaN, which equals no other
    index = {value: number for number, value in enumerate(dict.fromkeys(cells))}
    names = [class_name(value) for value in index]
    if target.dtype.kind == "f" and are_fractions(np.array(list(index))):
        raise ValueError(f"Unknown label type: continuous. {amounts_told('The target', target)}")
    rows = np.fromiter((index[value] for value in cells), np.intp, len(target))
    strings = np.array(names, object)[rows]
    refuse_missing_targets(strings == "")
    return strings


def class_name(value: Any) -> str:
    """Return the name of a class; "" for what is missing."""
    if value is None or is_nothing(value):
        return ""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def plain_classes(classes: npt.NDArray[Any]) -> dict[str, Any]:
    """Return classes as JSON has them: their dtype and their values. Raises: ValueError for other kinds."""
    values = classes.tolist()
    if not all(isinstance(value, str | bool | int | float) for value in values):
        raise ValueError(f"classes that are saved must be strings, numbers or truth values, got {values[0]!r}")
    return {"dtype": "str" if classes.dtype.kind == "U" else classes.dtype.name, "values": values}


def classes_of(names: Sequence[str], plain: Any) -> npt.NDArray[Any]:
    """Return the classes that `plain_classes` described; None: the names themselves.

    Raises:
        ValueError: If they have other names.
    """
    if plain is None:
        return np.array(names, object)
    dtype = plain["dtype"]
    if not (dtype in ("object", "str", "bool") or re.fullmatch(r"u?int\d+|float\d+", dtype)):
        raise ValueError(f"classes must be strings, numbers or truth values, got the dtype {dtype!r}")
    classes = np.array(plain["values"], dtype)
    if [class_name(value) for value in classes.tolist()] != list(names):
        raise ValueError(f"the classes {plain['values']} are not those of the encoding, {list(names)}")
    return classes
