"""Classes as a user has them, numbers, truth values or strings, and the names by which labels know them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

MOST_FRACTIONS = 20  # different numbers that are not whole, and may be classes all the same


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
    if target.dtype.kind == "f" and len(names) > MOST_FRACTIONS and any("." in name for name in names):
        raise ValueError(
            f"Unknown label type: continuous. The target has {len(names):,} different numbers in {len(target):,} rows: "
            "it looks like an amount, not like classes; dnn.Regressor predicts it"
        )
    rows = np.fromiter((index[value] for value in cells), np.intp, len(target))
    strings = np.array(names, object)[rows]
    if missing := int((strings == "").sum()):
        first = int(np.argmax(strings == ""))
        share = f"{missing:,} of {len(target):,} rows have no target, the first is row {first + 1}"
        raise ValueError(f"Input y contains NaN: {share}")
    return strings


def class_name(value: Any) -> str:
    """Return the name of a class; "" for what is missing."""
    if value is None or value != value:
        return ""
    if isinstance(value, bool | np.bool_):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return value.decode() if isinstance(value, bytes) else str(value)


def classes_of(names: Sequence[str], dtype: str) -> npt.NDArray[Any]:
    """Return the classes that have these names, in the dtype that the target had. Raises: ValueError."""
    if dtype == "bool":
        return np.array([name == "true" for name in names])
    if np.dtype(dtype).kind in "iuf":
        return np.array([float(name) for name in names]).astype(dtype)
    return np.array(names, object if dtype == "object" else str)
