"""A category becomes one column for each of its values: 1 in the column of the row's value, 0 in the others."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.preprocess import TensorOrArray

MOST_CATEGORIES = 1_000


class OneHot(tf.Module):
    """1 in the column of the row's category, 0 elsewhere; all zeros for a category that training never saw.

    Args:
        categories: The different strings, in the order of the columns.

    Raises:
        ValueError: If there are no categories, or one is there twice.

    Example:
        >>> OneHot.learn(np.array(["cook", "pilot"], object))(["pilot", "judge"]).numpy()
        array([[0., 1.],
               [0., 0.]], dtype=float32)
    """

    def __init__(self, categories: Iterable[str]) -> None:
        super().__init__()
        self.categories = tuple(categories)
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise ValueError(f"there must be categories, each once, got {self.categories}")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(self.categories, tf.string), tf.range(len(self.categories), dtype=tf.int64)
            ),
            default_value=len(self.categories),  # tf.one_hot makes zeros of it, as ONNX does, where −1 is the last one
        )

    def __reduce__(self) -> tuple[type["OneHot"], tuple[tuple[str, ...]]]:
        """Return how to make it again, for pickle and copy: TensorFlow's lookup table can do neither."""
        return OneHot, (self.categories,)

    @classmethod
    def learn(cls, strings: npt.NDArray[np.object_]) -> "OneHot":
        """Learn the categories, sorted.

        Args:
            strings: object[rows] of str, the training rows.

        Returns:
            The encoding of these categories.

        Raises:
            ValueError: If a cell is not a string, or there are more than 1,000 different ones.
        """
        categories = set(strings)
        if problem := cls.problem(categories):
            raise ValueError(problem)
        return cls(sorted(categories))

    @staticmethod
    def problem(categories: set[str]) -> str:
        """Return why categories cannot be learnt.

        Args:
            categories: The different strings of the training rows.

        Returns:
            What there is too much of, or "".
        """
        if strange := [category for category in categories if not isinstance(category, str)]:
            return f"{strange[0]!r} among its strings"
        if len(categories) > MOST_CATEGORIES:
            return f"{len(categories):,} different values; one-hot takes at most {MOST_CATEGORIES:,}"
        return ""

    def __call__(self, strings: TensorOrArray) -> tf.Tensor:
        """Encode rows.

        Args:
            strings: string[rows], a tensor or an array.

        Returns:
            float32[rows, categories].
        """
        return tf.one_hot(self.table.lookup(tf.convert_to_tensor(strings, tf.string)), len(self.categories))
