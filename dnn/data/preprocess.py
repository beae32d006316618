"""The article's four ways to bring numbers to one scale, and one-hot categories, each a formula and its memory.

x: float64[rows, columns] throughout. What a module remembers it learnt from the training rows (`learn`) and holds
as variables, so the same module runs in training and inside an exported model.
Source: J. Brownlee, "How to Prepare Your Data for Machine Learning in Python with Scikit-Learn", 2016; on the
training rows the results are scikit-learn's, but for a column constant to within rounding, which it makes 0 too. In
rows that come later a constant column stays 0 here, where scikit-learn gives x − minimum or x − mean.
"""

import numpy as np
import tensorflow as tf

MOST_CATEGORIES = 1_000


def rescale(x, minimum, maximum):
    """(x − minimum) / (maximum − minimum): the training rows fill [0, 1]. A constant column becomes 0."""
    return tf.math.divide_no_nan(x - minimum, maximum - minimum)


def standardize(x, mean, deviation):
    """(x − mean) / deviation: the training rows have mean 0 and variance 1. A constant column becomes 0."""
    return tf.math.divide_no_nan(x - mean, deviation)


def normalize(x):
    """x / ‖x‖₂, row by row: every row has length 1. A row of zeros stays zero."""
    largest = tf.reduce_max(tf.abs(x), axis=1, keepdims=True)  # divided out first, so that no square overflows
    x = tf.math.divide_no_nan(x, largest)
    return tf.math.divide_no_nan(x, tf.norm(x, axis=1, keepdims=True))


def binarize(x, threshold):
    """1 where x > threshold, else 0."""
    return tf.cast(x > threshold, x.dtype)


class Rescale(tf.Module):
    """`rescale` with the minimum and the maximum of each training column."""

    def __init__(self, minimum, maximum):
        super().__init__()
        self.minimum = _state(minimum)
        self.maximum = _state(maximum)

    @classmethod
    def learn(cls, x):
        return cls(x.min(axis=0), x.max(axis=0))

    def __call__(self, x):
        return rescale(x, self.minimum, self.maximum)


class Standardize(tf.Module):
    """`standardize` with the mean and the deviation √(Σ(x − mean)²/rows) of each training column."""

    def __init__(self, mean, deviation):
        super().__init__()
        self.mean = _state(mean)
        self.deviation = _state(deviation)

    @classmethod
    def learn(cls, x):
        constant = x.min(axis=0) == x.max(axis=0)  # whose computed deviation may be a rounding error, not 0
        return cls(x.mean(axis=0), np.where(constant, 0, x.std(axis=0)))

    def __call__(self, x):
        return standardize(x, self.mean, self.deviation)


class Normalize(tf.Module):
    """`normalize`; there is nothing to learn."""

    @classmethod
    def learn(cls, x):
        return cls()

    def __call__(self, x):
        return normalize(x)


class Binarize(tf.Module):
    """`binarize` at one threshold for all columns, or at one each. `learn` takes each training column's mean."""

    def __init__(self, threshold):
        super().__init__()
        self.threshold = _state(threshold)

    @classmethod
    def learn(cls, x):
        return cls(x.mean(axis=0))

    def __call__(self, x):
        return binarize(x, self.threshold)


class OneHot(tf.Module):
    """float32[rows, categories]: 1 in the column of the row's category; all zeros for one that training never saw."""

    def __init__(self, categories):
        """categories: the different texts, in the order of the columns. Raises: ValueError for none, or one twice."""
        super().__init__()
        self.categories = tuple(categories)
        if not self.categories or len(set(self.categories)) < len(self.categories):
            raise ValueError(f"there must be categories, each once, got {self.categories}")
        self.table = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(self.categories, tf.string), tf.range(len(self.categories), dtype=tf.int64)
            ),
            default_value=-1,  # tf.one_hot turns −1 into zeros
        )

    @classmethod
    def learn(cls, texts):
        """texts: object[rows] of str. Raises: ValueError for what is no text, or more than 1,000 different ones."""
        categories = set(texts)
        if strange := [text for text in categories if not isinstance(text, str)]:
            raise ValueError(f"{strange[0]!r} among its texts")
        if len(categories) > MOST_CATEGORIES:
            raise ValueError(f"{len(categories):,} different values; one-hot takes at most {MOST_CATEGORIES:,}")
        return cls(sorted(categories))

    def __call__(self, texts):
        """texts: string[rows], a tensor or an array."""
        return tf.one_hot(self.table.lookup(tf.convert_to_tensor(texts, tf.string)), len(self.categories))


def _state(value):
    return tf.Variable(value, trainable=False, dtype=tf.float64)
