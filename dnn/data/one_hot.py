"""A category becomes one column for each of its values: 1 in the column of the row's value, 0 in the others."""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import repeat
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.scale import TensorOrArray
from dnn.data.string_table import rows_of_strings, string_table

MOST_CATEGORIES = 1_000
UNKNOWN = (("never seen in training", "all zeros"), ("rare or never seen in training", "the column of rare values"))


class OneHot(tf.Module):
    """1 in the column of the row's category, 0 elsewhere; all zeros for a category that training never saw.

    With `rare`, one more column, the last, is 1 for every other string: those that were rare in training and those that
    training never saw.

    Args:
        categories: The different strings, in the order of the columns.
        rare: Whether there is a column for all other strings.

    Raises:
        ValueError: If there are no categories, or one is there twice.

    Example:
        >>> OneHot.learn(np.array(["cook", "pilot"], object))(["pilot", "judge"]).numpy()
        array([[0., 1.],
               [0., 0.]], dtype=float32)
    """

    def __init__(self, categories: Iterable[str], *, rare: bool = False) -> None:
        super().__init__()
        self.categories, self.rare = tuple(categories), bool(rare)
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise ValueError(f"there must be categories, each once, got {self.categories}")
        # any other string: the rare column, or past the last one, of which tf.one_hot makes zeros, as ONNX does
        self.table = string_table(self.categories)

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again, for pickle and copy: TensorFlow's lookup table can do neither."""
        return _remade_one_hot, (self.categories, self.rare)

    @classmethod
    def learn(cls, strings: npt.NDArray[np.object_], *, min_count: int = 1) -> "OneHot":
        """Learn the categories, sorted.

        Args:
            strings: object[rows] of str, the training rows.
            min_count: Categories of fewer rows are rare: they share one column.

        Returns:
            The encoding of these categories.

        Raises:
            ValueError: If a cell is not a string, or there are more than 1,000 different ones that are not rare, or
                none.
        """
        return cls.of_counts(Counter(strings), min_count)

    @classmethod
    def of_counts(cls, counts: Mapping[str, int], min_count: int = 1) -> "OneHot":
        """Learn the categories, sorted, of the rows that each value has.

        Args:
            counts: Rows by value.
            min_count: As for `learn`.

        Returns:
            The encoding of these categories.

        Raises:
            ValueError: As `learn`.
        """
        frequent = frequent_strings(counts, min_count)
        if problem := cls.problem(frequent):
            raise ValueError(problem)
        return cls(sorted(frequent), rare=len(frequent) < len(counts))

    @staticmethod
    def problem(categories: set[str]) -> str:
        """Return why categories cannot be learnt: not strings, or too many, or all of them rare.

        Args:
            categories: The different strings of the training rows that are not rare.

        Returns:
            What is wrong, or "".
        """
        if strange := [category for category in categories if not isinstance(category, str)]:
            return f"{strange[0]!r} among its strings"
        if len(categories) > MOST_CATEGORIES:
            return f"{len(categories):,} different values; one-hot takes at most {MOST_CATEGORIES:,}"
        return "" if categories else "rare values alone, fewer rows of each than min_count"

    def names(self, column: str) -> list[str]:
        """Return what each column of the result is.

        Args:
            column: Name of the column that it encodes.

        Returns:
            "job=cook", …, and "job is rare" where rare strings have a column.
        """
        rare = [f"{column} is rare"] if self.rare else []
        return [f"{column}={category}" for category in self.categories] + rare

    @property
    def unknown(self) -> tuple[str, str]:
        """What other strings than the categories are, and what they get: for `Features.gaps`."""
        return UNKNOWN[self.rare]

    def __call__(self, strings: TensorOrArray) -> tf.Tensor:
        """Encode rows.

        Args:
            strings: string[rows], a tensor or an array.

        Returns:
            float32[rows, categories], and one column more with `rare`.
        """
        indices = self.table.lookup(rows_of_strings(strings))
        return tf.one_hot(indices, len(self.categories) + self.rare)

    def fill(self, strings: npt.NDArray[Any], out: npt.NDArray[np.float32]) -> None:
        """Write what a call returns into an array of zeros, in a third of the time.

        Args:
            strings: object[rows] of str.
            out: float32[rows, categories], and one column more with `rare`.
        """
        place = {category: index for index, category in enumerate(self.categories)}
        found = np.fromiter(map(place.get, strings.tolist(), repeat(-1)), np.intp, len(strings))
        known = np.flatnonzero(found >= 0)
        out[known, found[known]] = 1
        if len(known) < len(found):
            others = np.flatnonzero(found < 0)
            out[others] = self(strings[others]).numpy()


def frequent_strings(counts: Mapping[str, int], min_count: int) -> set[str]:
    """Return the different strings that at least `min_count` rows have."""
    return {string for string, rows in counts.items() if rows >= min_count}


def _remade_one_hot(categories: tuple[str, ...], rare: bool) -> OneHot:
    return OneHot(categories, rare=rare)
