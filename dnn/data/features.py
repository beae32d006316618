"""Named columns become the float32 matrix a network reads: first the numbers on one scale, then the one-hot blocks.

Everything is learnt in the constructor, from the training rows alone, and computed in TensorFlow ops, so the same
object runs in training, in prediction and inside an exported model.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.feature_columns import check_columns, kinds_now, means_of, numeric_matrix, spelt
from dnn.data.one_hot import OneHot
from dnn.data.preprocess import SCALES, Standardize, TensorOrArray
from dnn.data.table import Column, Kind, kinds_of, on_one_line, shortened

SCALE_CLASSES = {scale.__name__: scale for scale in SCALES.values()}  # what `state` can name

ScaleLearner: TypeAlias = Callable[[npt.NDArray[np.float64]], Callable[[tf.Tensor], tf.Tensor]]


class Gap(NamedTuple):
    """Cells for which the features have no value of their own. problem: "empty" or "never seen in training"."""

    column: str
    problem: str
    cells: int
    treatment: str


class Features(tf.Module):
    """The float32[rows, width] matrix of named columns.

    An empty number takes the training mean. An empty category is a category. A category that training never saw
    becomes zeros. `gaps` counts them.

    Args:
        columns: The training rows: float64[rows] or object[rows] of str by column name; a column of truth values is
            the category "false", "true".
        scale: Learns from float64[rows, numeric columns], and returns a function of the same; the default makes each
            column's mean 0 and variance 1. For a fixed threshold, say, `lambda x: Binarize(0.5)`.

    Raises:
        ValueError: If there are no columns or no rows, a number is beyond ±1e150, or a category has more than 1,000
            values; with a line for each column.

    Example:
        >>> features = Features({"age": np.array([20.0, 40.0]), "job": np.array(["cook", "pilot"], object)})
        >>> features({"age": np.array([30.0]), "job": np.array(["pilot"], object)}).numpy()
        array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(self, columns: Mapping[str, Column], *, scale: ScaleLearner = Standardize.learn) -> None:
        super().__init__()
        if not columns:
            raise ValueError("features need at least one column")
        columns = {name: spelt(cells) for name, cells in columns.items()}
        self.kinds = kinds_of(columns)
        check_columns(columns, self.numeric)
        numbers = numeric_matrix(columns, self.numeric)
        means = means_of(numbers)
        np.copyto(numbers, means, where=np.isnan(numbers))
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.scale = scale(numbers)
        self.blocks = _learn_categories({name: columns[name] for name in self.categorical})

    @property
    def numeric(self) -> list[str]:
        """Names of the numeric columns."""
        return [name for name, kind in self.kinds.items() if kind == "numeric"]

    @property
    def categorical(self) -> list[str]:
        """Names of the categories."""
        return [name for name, kind in self.kinds.items() if kind == "category"]

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """What each column of the matrix is: "age", …, "job=cook", …"""
        one_hot = [f"{name}={category}" for name, block in self.blocks.items() for category in block.categories]
        return self.numeric + one_hot

    def __call__(self, columns: Mapping[str, TensorOrArray]) -> tf.Tensor:
        """Return the matrix of these rows.

        Args:
            columns: float64[rows] or string[rows] by column name, arrays or tensors, in any order.

        Returns:
            float32[rows, width].

        Raises:
            ValueError: If a column is missing, is extra, or has another kind than in training.
        """
        self.check(columns)
        columns = {name: spelt(cells) for name, cells in columns.items()}
        blocks = [block(columns[name]) for name, block in self.blocks.items()]
        if numeric := self.numeric:
            numbers = tf.stack([tf.cast(columns[name], tf.float64) for name in numeric], axis=1)
            filled = tf.where(tf.math.is_nan(numbers), self.means, numbers)
            blocks.insert(0, tf.cast(self.scale(filled), tf.float32))
        return tf.concat(blocks, axis=1)

    def check(self, columns: Mapping[str, TensorOrArray]) -> None:
        """Refuse columns that are not those of the training data.

        Args:
            columns: float64[rows] or string[rows] by column name, arrays or tensors.

        Raises:
            ValueError: Names what is missing and what is extra, or the column of the wrong kind.
        """
        missing = [name for name in self.kinds if name not in columns]
        extra = [name for name in columns if name not in self.kinds]
        if missing or extra:
            raise ValueError(
                "the columns must be those of the training data:"
                + (f" missing {shortened(map(repr, missing))}" if missing else "")
                + (";" if missing and extra else "")
                + (f" extra {shortened(map(repr, extra))}" if extra else "")
            )
        kinds = kinds_now(columns)
        for name, kind in self.kinds.items():
            if kinds[name] != kind:
                raise ValueError(f"column {name!r} must be {kind}, got {kinds[name]}")

    def gaps(self, columns: Mapping[str, Column]) -> list[Gap]:
        """Count the cells that have to be filled.

        Args:
            columns: float64[rows] or object[rows] of str by column name.

        Returns:
            One Gap for each column, problem and treatment, with the number of cells; none where there are none.
        """
        columns = {name: spelt(cells) for name, cells in columns.items()}
        gaps = [Gap(name, "empty", int(np.isnan(columns[name]).sum()), "the training mean") for name in self.numeric]
        for name, block in self.blocks.items():
            counts, known = Counter(columns[name]), set(block.categories)
            unseen = sum(cells for category, cells in counts.items() if category not in known)
            gaps.append(Gap(name, "never seen in training", unseen, "all zeros"))
            if "" in known:
                gaps.append(Gap(name, "empty", counts[""], "a category of its own"))
        return [gap for gap in gaps if gap.cells]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make them again, for pickle and copy, with the same scale, whoever wrote it."""
        return _remade, (type(self), dict(self.kinds), self.means.numpy(), self.scale, dict(self.blocks))

    def state(self) -> dict[str, Any]:
        """Return all that was learnt.

        Returns:
            Plain lists and strings, for JSON.

        Raises:
            ValueError: If the scale is not one of this package.
        """
        name = type(self.scale).__name__
        if SCALE_CLASSES.get(name) is not type(self.scale):
            known = ", ".join(SCALE_CLASSES)
            raise ValueError(f"only {known} can be written as JSON, got {name}; use tf.train.Checkpoint")
        learnt = {key: value for key, value in vars(self.scale).items() if isinstance(value, tf.Variable)}
        return {
            "kinds": dict(self.kinds),
            "means": self.means.numpy().tolist(),
            "scale": {"name": name, **{key: value.numpy().tolist() for key, value in learnt.items()}},
            "categories": {name: list(block.categories) for name, block in self.blocks.items()},
        }

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Features":
        """Make the features that had this state.

        Args:
            state: What `state` returned.

        Returns:
            Features that compute the same, bit for bit.

        Raises:
            ValueError: If it is not the state of features.
        """
        features = cls.__new__(cls)
        tf.Module.__init__(features)
        try:
            features._restore(**state)
        except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
            raise ValueError(f"not the state of features: {error!r}") from None
        if features.state() != state:  # a string in place of a list, a name too many, …
            raise ValueError("not the state of features: its contents are inconsistent")
        return features

    def _restore(
        self, kinds: dict[str, Kind], means: list[float], scale: dict[str, Any], categories: dict[str, list[str]]
    ) -> None:
        if not kinds or not set(kinds.values()) <= {"numeric", "category"}:
            raise ValueError(f"kinds must be numeric or category, got {kinds}")
        self.kinds = dict(kinds)
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.scale = SCALE_CLASSES[scale["name"]](**{name: value for name, value in scale.items() if name != "name"})
        self.blocks = {name: OneHot(categories[name]) for name in self.categorical}
        per_column = [self.means, *(variable for variable in self.scale.variables if variable.shape.rank)]
        if any(variable.shape != [len(self.numeric)] for variable in per_column):
            raise ValueError(f"{len(self.numeric)} columns are numeric, got another number of values")

    def __repr__(self) -> str:
        kinds = shortened(f"{on_one_line(name)} ({kind})" for name, kind in self.kinds.items())
        return f"Features({len(self.kinds):,} columns: {kinds}; width {self.width:,})"


def _remade(
    cls: type[Features],
    kinds: dict[str, Kind],
    means: npt.NDArray[np.float64],
    scale: Callable[[tf.Tensor], tf.Tensor],
    blocks: dict[str, OneHot],
) -> Features:
    features = cls.__new__(cls)
    tf.Module.__init__(features)
    features.kinds, features.scale, features.blocks = kinds, scale, blocks
    features.means = tf.Variable(means, trainable=False, dtype=tf.float64)
    return features


def _learn_categories(columns: Mapping[str, Column]) -> dict[str, OneHot]:
    return {name: OneHot.learn(cells) for name, cells in columns.items()}
