"""Named columns become the float32 matrix a network reads: first the numbers on one scale, then the one-hot blocks.

Everything is learnt in the constructor, from the training rows alone, and computed in TensorFlow ops, so the same
object runs in training, in prediction and inside an exported model.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from dnn.data.preprocess import Binarize, Normalize, OneHot, Rescale, Standardize
from dnn.data.table import kind_of

SCALES = {scale.__name__: scale for scale in (Standardize, Rescale, Normalize, Binarize)}  # what `state` can name
LARGEST = 1e150  # of a number to learn from: beyond it, the square overflows


class Gap(NamedTuple):
    """Cells for which the features have no value of their own. problem: "empty" or "never seen in training"."""

    column: str
    problem: str
    cells: int
    treatment: str


class Features(tf.Module):
    """float32[rows, width] from named columns.

    An empty number takes the training mean. An empty category is a category. A category that training never saw
    becomes zeros. `gaps` counts them.

    >>> features = Features({"age": np.array([20.0, 40.0]), "job": np.array(["cook", "pilot"], object)})
    >>> features({"age": np.array([30.0]), "job": np.array(["pilot"], object)}).numpy()
    array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(self, columns: Mapping[str, np.ndarray], *, scale: Callable = Standardize.learn):
        """columns: name -> float64[rows] or object[rows] of str, the training rows.
        scale: learns from float64[rows, numeric columns], and returns a function of the same; for a fixed threshold
            say, `lambda x: Binarize(0.5)`.
        Raises: ValueError for no columns, no rows, a number beyond ±1e150, or a category with more than 1,000 values.
        """
        super().__init__()
        if not columns:
            raise ValueError("features need at least one column")
        self.kinds = {name: kind_of(cells) for name, cells in columns.items()}
        numbers = _matrix(columns, self.numeric)
        means = _means(numbers)
        np.copyto(numbers, means, where=np.isnan(numbers))
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.scale = scale(numbers)
        self.blocks = {name: _learn_categories(name, columns[name]) for name in self.categorical}

    @property
    def numeric(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == "numeric"]

    @property
    def categorical(self) -> list[str]:
        return [name for name, kind in self.kinds.items() if kind == "category"]

    @property
    def width(self) -> int:
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """What each column of the matrix is: "age", …, "job=cook", …"""
        one_hot = [f"{name}={category}" for name in self.categorical for category in self.blocks[name].categories]
        return self.numeric + one_hot

    def __call__(self, columns: Mapping) -> tf.Tensor:
        """float32[rows, width]. columns: name -> float64[rows] or string[rows], arrays or tensors.

        Raises: ValueError for a missing or an extra column, or one of the wrong kind.
        """
        self.check(columns)
        blocks = [self.blocks[name](columns[name]) for name in self.categorical]
        if self.numeric:
            blocks.insert(0, tf.cast(self.scale(self._filled(columns)), tf.float32))
        return tf.concat(blocks, axis=1)

    def _filled(self, columns: Mapping) -> tf.Tensor:
        numbers = tf.stack([tf.cast(columns[name], tf.float64) for name in self.numeric], axis=1)
        return tf.where(tf.math.is_nan(numbers), self.means, numbers)

    def check(self, columns: Mapping) -> None:
        """Raises: ValueError that names what is missing, what is extra, or the column of the wrong kind."""
        missing = [name for name in self.kinds if name not in columns]
        extra = [name for name in columns if name not in self.kinds]
        if missing or extra:
            raise ValueError(
                "the columns must be those of the training data:"
                + (f" missing {', '.join(missing)}" if missing else "")
                + (";" if missing and extra else "")
                + (f" extra {', '.join(extra)}" if extra else "")
            )
        for name, kind in self.kinds.items():
            found = _kind_now(columns[name])
            if found != kind:
                raise ValueError(f"column {name!r} must be {kind}, got {found}")

    def gaps(self, columns: Mapping[str, np.ndarray]) -> list[Gap]:
        """The cells that had to be filled, one Gap for each column that has any."""
        found = [Gap(name, "empty", int(np.isnan(columns[name]).sum()), "the training mean") for name in self.numeric]
        for name in self.categorical:
            counted, known = Counter(columns[name]), set(self.blocks[name].categories)
            unseen = sum(cells for text, cells in counted.items() if text not in known)
            found.append(Gap(name, "never seen in training", unseen, "all zeros"))
            if "" in known:
                found.append(Gap(name, "empty", counted[""], "a category of its own"))
        return [gap for gap in found if gap.cells]

    def state(self) -> dict:
        """All that was learnt, as plain lists and texts for JSON. Raises: ValueError for a scale of the user's own."""
        name = type(self.scale).__name__
        if SCALES.get(name) is not type(self.scale):
            raise ValueError(f"only {', '.join(SCALES)} can be written as JSON, got {name}; use tf.train.Checkpoint")
        learnt = {key: value for key, value in vars(self.scale).items() if isinstance(value, tf.Variable)}
        return {
            "kinds": dict(self.kinds),
            "means": self.means.numpy().tolist(),
            "scale": {"name": name, **{key: value.numpy().tolist() for key, value in learnt.items()}},
            "categories": {name: list(block.categories) for name, block in self.blocks.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping) -> "Features":
        """The features whose `state` this is. Raises: ValueError if it is not one."""
        features = cls.__new__(cls)
        tf.Module.__init__(features)
        try:
            features._restore(**state)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise ValueError(f"not the state of features: {error!r}") from None
        if features.state() != state:  # texts where lists belong, numbers that are no numbers, names too many
            raise ValueError("not the state of features: it holds something else")
        return features

    def _restore(self, kinds: dict, means: list, scale: dict, categories: dict) -> None:
        if not kinds or not set(kinds.values()) <= {"numeric", "category"}:
            raise ValueError(f"kinds must be numeric or category, got {kinds}")
        self.kinds = dict(kinds)
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.scale = SCALES[scale["name"]](**{name: value for name, value in scale.items() if name != "name"})
        self.blocks = {name: OneHot(categories[name]) for name in self.categorical}
        per_column = [self.means, *(variable for variable in self.scale.variables if variable.shape.rank)]
        if any(variable.shape != [len(self.numeric)] for variable in per_column):
            raise ValueError(f"{len(self.numeric)} columns are numeric, got another number of values")


def _learn_categories(name: str, texts: np.ndarray) -> OneHot:
    try:
        return OneHot.learn(texts)
    except ValueError as error:
        raise ValueError(f"column {name!r} has {error}; leave it out, or group its values") from None


def _kind_now(cells) -> str:
    if tf.is_tensor(cells):  # which may have no values yet
        return "category" if cells.dtype == tf.string else "numeric"
    return kind_of(cells)


def _matrix(columns: Mapping[str, np.ndarray], names: list[str]) -> np.ndarray:
    """float64[rows, names], a copy; each column lies in one piece, so that its sums are fast and little is rounded."""
    rows = len(next(iter(columns.values())))
    if not rows:
        raise ValueError("features need at least one row")
    numbers = np.array([columns[name] for name in names], np.float64).reshape(len(names), rows).T
    for name, column in zip(names, numbers.T, strict=True):
        if (np.abs(column) > LARGEST).any():
            raise ValueError(f"column {name!r} has numbers beyond ±{LARGEST:g}")
    return numbers


def _means(numbers: np.ndarray) -> np.ndarray:
    """The mean of each column's cells that are not empty; 0 where all are."""
    there = ~np.isnan(numbers)
    return np.where(there, numbers, 0).sum(axis=0) / np.maximum(there.sum(axis=0), 1)
