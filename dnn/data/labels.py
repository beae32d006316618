"""The target column becomes class numbers: the classes are its different values, sorted, from 0."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.table import MARKERS, is_missing, numbers_of, plural, refuse_missing, shell_word, shortened

MOST_CLASSES = 1_000


class Labels:
    """Class numbers of a target column, learnt from the training rows.

    The classes, `names`, are sorted: of no/yes and 0/1 the second, "yes" or "1", is the positive one.

    Args:
        target: [rows] of strings, numbers or truth values; None, NaN and "" are missing.

    Raises:
        ValueError: If there is one class or more than 1,000, a cell is missing, or a cell is neither a string nor a
            number.

    Example:
        >>> Labels(np.array(["no", "yes", "no"], dtype=object))(["yes", "no"])
        array([1, 0], dtype=int32)
    """

    def __init__(self, target: npt.ArrayLike) -> None:
        refuse_missing(target)
        values, indices = _distinct(target)
        self.names = _class_names(values, np.bincount(indices, minlength=len(values)))

    @classmethod
    def from_names(cls, names: Sequence[str]) -> "Labels":
        """Make labels whose classes have an order of their own.

        Args:
            names: The classes, each once, in the order of their numbers.

        Returns:
            Labels with these names.

        Raises:
            ValueError: As `Labels`, or if a name is there twice.
        """
        labels = cls(np.array(names, dtype=object))
        if len(names) != labels.classes:
            raise ValueError(f"each class must be there once, got {_quoted(names)}")
        labels.names = list(names)
        return labels

    @classmethod
    def of_counts(cls, counts: Mapping[str, int]) -> "Labels":
        """Learn the classes of the rows that each of them has.

        Args:
            counts: Rows by class.

        Returns:
            What `Labels` learns of these rows.

        Raises:
            ValueError: As `Labels`.
        """
        labels = cls.__new__(cls)
        labels.names = _class_names(list(counts), np.array(list(counts.values()), np.int64))
        return labels

    @property
    def classes(self) -> int:
        """Number of classes."""
        return len(self.names)

    @property
    def numeric(self) -> bool:
        """Whether a file's column of these classes may be read as numbers: "7" comes back from 7.0, "07" does not."""
        return [_as_string(value) for value in numbers_of(self.names).values()] == self.names

    def __call__(self, target: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return the class number of each row.

        Args:
            target: [rows] of strings or numbers, each one of the classes.

        Returns:
            int32[rows], each in [0, classes).

        Raises:
            ValueError: If a row has no class, or one that training did not have.
        """
        refuse_missing(target)
        labels = self._numbers(target)
        if problem := self.unknown(target):
            raise ValueError(f"data row {problem[0] + 1}: the target {problem[1]}")
        return labels

    def unknown(self, target: npt.ArrayLike) -> tuple[int, str] | None:
        """Find a row whose class training did not have.

        Args:
            target: [rows] of strings or numbers.

        Returns:
            The first such row, from 0, and what is wrong with it: "'maybe' is not one of 'no', 'yes'". None: all have a
            class, or are empty.
        """
        wrong = (self._numbers(target) < 0) & ~is_missing(target)
        if not wrong.any():
            return None
        row = int(np.argmax(wrong))
        (value,), _ = _distinct(np.asarray(target)[row : row + 1])
        return row, f"{value!r} is not one of {_quoted(self.names)}"

    def _numbers(self, target: npt.ArrayLike) -> npt.NDArray[np.int32]:
        """Return the class number of each row, -1 for none."""
        values, indices = _distinct(target)
        number = {name: number for number, name in enumerate(self.names)}
        return np.array([number.get(value, -1) for value in values], dtype=np.int32)[indices]

    def __repr__(self) -> str:
        return f"Labels({self.classes:,} classes: {_quoted(self.names)})"


def _distinct(target: npt.ArrayLike) -> tuple[list[str], npt.NDArray[np.intp]]:
    """Return the different values as strings, and the index of each row's; 1.0 is "1", an empty number is ""."""
    target = np.asarray(target)
    if target.dtype.kind == "b":
        target = np.where(target, "true", "false")  # as files and frames are read
    if target.dtype.kind in "OUS":
        index: dict[Any, int] = {value: number for number, value in enumerate(dict.fromkeys(target.tolist()))}
        if strange := [value for value in index if not isinstance(value, str)]:
            raise ValueError(f"the target must hold strings or numbers, got {strange[0]!r} among strings")
        return list(index), np.fromiter(map(index.__getitem__, target.tolist()), np.intp, len(target))
    if target.dtype.kind not in "fiu":
        raise ValueError(f"the target must hold strings or numbers, got {target.dtype}")
    values, indices = np.unique(target, return_inverse=True)
    return [_as_string(value) for value in values.tolist()], indices


def _class_names(values: list[str], counts: npt.NDArray[np.int64]) -> list[str]:
    """Sort the classes, by size if all are numbers: 2 before 10. Raises: ValueError as `Labels`."""
    if len(values) < 2:
        rows = int(counts.sum())
        raise ValueError(f"the target has one class, {_quoted(values)}, in all {rows} rows; there must be at least two")
    numbers = numbers_of(values)
    if len(values) > MOST_CLASSES:
        remedy = "; --task regression predicts amounts" if len(numbers) == len(values) else ""
        limit = f"at most {MOST_CLASSES:,} are allowed"
        raise ValueError(f"the target has {len(values):,} different values; {limit}{remedy}")
    _check_markers(values, counts, numbers)
    return sorted(sorted(values), key=numbers.__getitem__) if len(numbers) == len(values) else sorted(values)


def _check_markers(values: list[str], counts: npt.NDArray[np.int64], numbers: Mapping[str, float]) -> None:
    """Refuse a class such as "NA" or "nan" among classes that are numbers."""
    words = [value for value in values if value not in numbers]
    if numbers and words and set(words) <= set(MARKERS):
        rows = int(sum(counts[values.index(word)] for word in words))
        told = f"the target is {_quoted(words)} in {plural(rows, 'row')}, a number in the others"
        raise ValueError(
            f"{told}; --missing {shell_word(words[0])} reads it as missing, --skip-unlabelled leaves these rows out"
        )


def _as_string(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)


def _quoted(names: Sequence[str]) -> str:
    return shortened(map(repr, names))
