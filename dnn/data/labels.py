"""The target column becomes class numbers: the classes are its different values, sorted, from 0."""

from collections.abc import Iterable
from math import isfinite

import numpy as np

MOST_CLASSES = 1_000


class Labels:
    """Class numbers of a target column, learnt from the training rows.

    names: the classes, sorted; of no/yes and 0/1 the second, "yes" or "1", is the positive one.

    >>> Labels(np.array(["no", "yes", "no"], dtype=object))(["yes", "no"])
    array([1, 0], dtype=int32)
    """

    def __init__(self, target: np.ndarray):
        """target: [rows], texts or numbers. Raises: ValueError for one class, more than 1,000, or an empty cell."""
        self.names = class_names(target)

    @property
    def classes(self) -> int:
        return len(self.names)

    @property
    def numeric(self) -> bool:
        """Whether every class is a number, so that a file's column of them may be read as numbers."""
        return _numeric(self.names)

    def __call__(self, target: np.ndarray) -> np.ndarray:
        """int32[rows], each in [0, classes). Raises: ValueError for a class that training did not have."""
        texts = as_texts(target)
        number = {name: number for number, name in enumerate(self.names)}
        labels = np.array([number.get(text, -1) for text in texts], dtype=np.int32)
        if (labels < 0).any():
            row = int(np.argmin(labels))
            raise ValueError(f"data row {row + 1}: the target {texts[row]!r} is none of {', '.join(self.names)}")
        return labels


def class_names(target: np.ndarray) -> list[str]:
    """The different values of a target column as texts, sorted, by size if all are numbers. Raises: as `Labels`."""
    texts = as_texts(target)
    if (texts == "").any():
        raise ValueError(f"the target is empty in data row {int(np.argmax(texts == '')) + 1}")
    names = sorted(set(texts))
    if _numeric(names):
        names.sort(key=float)  # 2 before 10
    if len(names) < 2:
        raise ValueError(f"the target has one class, {names[0]!r}, in all {len(texts)} rows; learning takes two")
    if len(names) > MOST_CLASSES:
        raise ValueError(f"the target has {len(names):,} different values; a label has at most {MOST_CLASSES:,}")
    return names


def as_texts(target: np.ndarray) -> np.ndarray:
    """object[rows] of str: 1.0 is "1", an empty number "" (a column with an empty cell is read as floats)."""
    target = np.asarray(target)
    if target.dtype.kind == "O":
        return target
    if target.dtype.kind in "US":
        return target.astype(str).astype(object)
    return np.array([_as_text(value) for value in target.tolist()], dtype=object)


def _numeric(texts: Iterable[str]) -> bool:
    try:
        return all(isfinite(float(text)) for text in texts)
    except ValueError:
        return False


def _as_text(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)
