"""A category whose values have an order becomes one number, its place in that order."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.scale import TensorOrArray
from dnn.data.string_table import rows_of_strings, string_table
from dnn.data.table import shortened


class Ordinal(tf.Module):
    """The place of a row's category in an order, from 0 for the first to 1 for the last, evenly spaced.

    A string that is not in the order, an empty one too, gets the mean place of the training rows.

    Args:
        categories: Two or more different strings, in their order.
        mean: The place that other strings get, in [0, 1].

    Raises:
        ValueError: If there are fewer than two categories, one is there twice, or the mean is not in [0, 1].

    Example:
        >>> Ordinal(["primary", "secondary", "tertiary"], 0.75)(["secondary", "tertiary", "unknown"]).numpy()
        array([[0.5 ],
               [1.  ],
               [0.75]], dtype=float32)
    """

    def __init__(self, categories: Sequence[str], mean: float = 0.5) -> None:
        super().__init__()
        self.categories, self.mean = tuple(categories), float(mean)
        if problem := self.problem(set(), self.categories):
            raise ValueError(problem)
        if not 0 <= self.mean <= 1:
            raise ValueError(f"mean must be in [0, 1], got {mean}")
        self.table = string_table(self.categories)

    @classmethod
    def learn(cls, strings: npt.NDArray[np.object_], order: Sequence[str]) -> "Ordinal":
        """Learn the mean place of the training rows.

        Args:
            strings: object[rows] of str, the training rows.
            order: The categories, in their order.

        Returns:
            The encoding in this order.

        Raises:
            ValueError: If a string is neither in the order nor empty.
        """
        if problem := cls.problem(set(strings), order):
            raise ValueError(problem)
        places = {category: index for index, category in enumerate(order)}
        found = [places[string] for string in strings if string in places]
        return cls(order, float(np.mean(found)) / (len(order) - 1) if found else 0.5)

    @staticmethod
    def problem(categories: set[str], order: Sequence[str]) -> str:
        """Return why an order does not suit categories.

        Args:
            categories: The different strings of the training rows.
            order: The categories, in their order.

        Returns:
            What is wrong, or "".
        """
        if len(order) < 2 or len(set(order)) < len(order):
            return f"an order that must have two categories or more, each once, got {tuple(order)}"
        if strange := sorted(map(repr, categories - {"", *order})):
            return f"values that its order, {shortened(map(repr, order))}, has no place for: {shortened(strange)}"
        return ""

    @property
    def unknown(self) -> tuple[str, str]:
        """What other strings than the categories are, and what they get: for `Features.gaps`."""
        return "empty or not in the order", "the training mean"

    def names(self, column: str) -> list[str]:
        """Return what each column of the result is.

        Args:
            column: Name of the column that it encodes.

        Returns:
            The name itself, alone.
        """
        return [column]

    def __call__(self, strings: TensorOrArray) -> tf.Tensor:
        """Encode rows.

        Args:
            strings: string[rows], a tensor or an array.

        Returns:
            float32[rows, 1].
        """
        places = [index / (len(self.categories) - 1) for index in range(len(self.categories))]
        values = tf.constant([*places, self.mean], tf.float32)
        return tf.gather(values, self.table.lookup(rows_of_strings(strings)))[:, tf.newaxis]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again, for pickle and copy: TensorFlow's lookup table can do neither."""
        return Ordinal, (self.categories, self.mean)
