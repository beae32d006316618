"""The target column becomes class numbers: the classes are its different values, sorted, from 0."""

from collections.abc import Sequence

import numpy as np

from dnn.data.table import is_number

MOST_CLASSES = 1_000


class Labels:
    """Class numbers of a target column, learnt from the training rows.

    names: the classes, sorted; of no/yes and 0/1 the second, "yes" or "1", is the positive one.

    >>> Labels(np.array(["no", "yes", "no"], dtype=object))(["yes", "no"])
    array([1, 0], dtype=int32)
    """

    def __init__(self, target: Sequence):
        """target: [rows], texts or numbers; NaN and "" are empty cells.

        Raises: ValueError for one class, more than 1,000, an empty cell, or what is neither text nor number.
        """
        self.names = _class_names(*_different(target))

    @property
    def classes(self) -> int:
        return len(self.names)

    @property
    def numeric(self) -> bool:
        """Whether a file's column of these classes may be read as numbers: "7" comes back from 7.0, "07" does not."""
        return all(is_number(name) and _as_text(float(name)) == name for name in self.names)

    def __call__(self, target: Sequence) -> np.ndarray:
        """int32[rows], each in [0, classes). Raises: ValueError for a class that training did not have."""
        texts, places = _different(target)
        number = {name: number for number, name in enumerate(self.names)}
        labels = np.array([number.get(text, -1) for text in texts], dtype=np.int32)[places]
        if (labels < 0).any():
            row = int(np.argmin(labels))
            raise ValueError(f"data row {row + 1}: the target {texts[places[row]]!r} is none of {_listed(self.names)}")
        return labels


def _different(target: Sequence) -> tuple[list[str], np.ndarray]:
    """(the different values as texts, int[rows]: which of them each row has). 1.0 is "1", an empty number ""."""
    target = np.asarray(target)
    if target.dtype.kind in "OUS":
        place = {text: place for place, text in enumerate(dict.fromkeys(target.tolist()))}
        if strange := [text for text in place if not isinstance(text, str)]:
            raise ValueError(f"the target must hold texts or numbers, got {strange[0]!r} among texts")
        return list(place), np.fromiter((place[text] for text in target.tolist()), np.int64, len(target))
    if target.dtype.kind not in "fiub":
        raise ValueError(f"the target must hold texts or numbers, got {target.dtype}")
    values, places = np.unique(target, return_inverse=True)
    return [_as_text(value) for value in values.tolist()], places


def _class_names(texts: list[str], places: np.ndarray) -> list[str]:
    """Sorted, by size if all are numbers. Raises: ValueError as `Labels`."""
    if "" in texts:
        raise ValueError(f"the target is empty in data row {int(np.argmax(places == texts.index(''))) + 1}")
    if len(texts) < 2:
        raise ValueError(f"the target has one class, {_listed(texts)}, in all {len(places)} rows; learning takes two")
    if len(texts) > MOST_CLASSES:
        raise ValueError(f"the target has {len(texts):,} different values; a label has at most {MOST_CLASSES:,}")
    return sorted(sorted(texts), key=float) if all(map(is_number, texts)) else sorted(texts)  # 2 before 10


def _as_text(value: float) -> str:
    if value != value:
        return ""
    return str(int(value)) if float(value).is_integer() else str(value)


def _listed(names: Sequence[str], most: int = 12) -> str:
    return ", ".join(map(repr, names[:most])) + (f", … ({len(names):,} in all)" if len(names) > most else "")
