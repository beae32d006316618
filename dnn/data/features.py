"""Named columns become the float32 matrix a network reads: first the numbers on one scale, then the one-hot blocks.

Everything is learnt in the constructor, from the training rows alone, and computed in TensorFlow ops, so the same
object runs in training, in prediction and inside an exported model.
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.feature_columns import (
    check_columns,
    check_same_columns,
    counts_of,
    fill_gaps,
    learn_categories,
    made_blocks,
    numeric_features,
    numeric_matrix,
    spelt,
)
from dnn.data.gaps import Gap, category_gaps, is_missing_name, numeric_gap
from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal
from dnn.data.preprocess import Standardize
from dnn.data.scale import ScaleLearner, TensorOrArray
from dnn.data.scale_choice import LearntScale, learn_scale, names_of, scale_from_state, scale_state
from dnn.data.table import Column, Kind, kinds_of, shortened

NONE: Mapping[str, Any] = MappingProxyType({})


class Features(tf.Module):
    """The float32[rows, width] matrix of named columns.

    An empty number takes the training mean. An empty category is a category. A category that training never saw
    becomes zeros. `gaps` counts them.

    Args:
        columns: The training rows: float64[rows] or object[rows] of str by column name; a column of truth values is
            the category "false", "true".
        scale: Learns from float64[rows, numeric columns], and returns a function of the same; the default makes each
            column's mean 0 and variance 1. `PiecewiseLinear.learner(8)` gives each column eight bins. For a fixed
            threshold, say, `lambda x: Binarize(0.5)`. A function that returns another number of columns has a method
            `names`, as `Scale` has.
        column_scale: Columns that have another scale, by name: `{"age": PiecewiseLinear.learner(8)}`.
        missing_indicator: Whether each numeric column with empty cells in the training rows gets a feature that is 1
            where the cell is empty, "age is missing".
        min_count: Values of a category with fewer training rows share one feature, "job is rare", with those that
            training never saw. 1: each has its own.
        ordinal: Categories that have an order, by name, with their values in it: each becomes one number from 0 to 1.

    Raises:
        ValueError: If there are no columns or no rows, a number is beyond ±1e150, a category has more than 1,000
            values, or an option names a column that is not there; with a line for each column.

    Example:
        >>> features = Features({"age": np.array([20.0, 40.0]), "job": np.array(["cook", "pilot"], object)})
        >>> features({"age": np.array([30.0]), "job": np.array(["pilot"], object)}).numpy()
        array([[0., 0., 1.]], dtype=float32)
    """

    def __init__(
        self,
        columns: Mapping[str, Column],
        *,
        scale: ScaleLearner = Standardize.learn,
        column_scale: Mapping[str, ScaleLearner] = NONE,
        missing_indicator: bool = False,
        min_count: int = 1,
        ordinal: Mapping[str, Sequence[str]] = NONE,
    ) -> None:
        super().__init__()
        if not columns:
            raise ValueError("features need at least one column")
        columns = {name: spelt(cells) for name, cells in columns.items()}
        self.kinds = kinds_of(columns)
        counts = counts_of({name: columns[name] for name in self.categorical if name not in ordinal})
        check_columns(columns, self.numeric, counts, min_count, ordinal)
        numbers = numeric_matrix(columns, self.numeric)
        means, gaps = fill_gaps(numbers)
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.indicated = tuple(gaps) if missing_indicator else ()
        self.scale = learn_scale(numbers, self.numeric, scale, column_scale)
        self.blocks = learn_categories({name: columns[name] for name in self.categorical}, counts, min_count, ordinal)
        if not self.names:
            raise ValueError("no column has two different values in the training rows, so there is nothing to learn")

    @property
    def numeric(self) -> list[str]:
        """Names of the numeric columns."""
        return [name for name, kind in self.kinds.items() if kind == "numeric"]

    @property
    def categorical(self) -> list[str]:
        """Names of the categories."""
        return [name for name, kind in self.kinds.items() if kind == "category"]

    @property
    def with_indicator(self) -> list[str]:
        """Names of the numeric columns whose empty cells have a feature of their own."""
        return [self.numeric[index] for index in self.indicated]

    @property
    def width(self) -> int:
        """Number of columns of the matrix."""
        return len(self.names)

    @property
    def names(self) -> list[str]:
        """What each column of the matrix is: "age", …, "age is missing", …, "job=cook", …"""
        numeric = self.numeric
        numbers = names_of(self.scale, numeric) if numeric else []
        indicators = map(is_missing_name, self.with_indicator)
        return [*numbers, *indicators, *(name for column, block in self.blocks.items() for name in block.names(column))]

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
            blocks[:0] = numeric_features(numbers, self.means, self.scale, self.indicated)
        return tf.concat(blocks, axis=1)

    def check(self, columns: Mapping[str, TensorOrArray]) -> None:
        """Refuse columns that are not those of the training data.

        Args:
            columns: float64[rows] or string[rows] by column name, arrays or tensors.

        Raises:
            ValueError: Names what is missing and what is extra, or the column of the wrong kind.
        """
        check_same_columns(columns, self.kinds)

    def gaps(self, columns: Mapping[str, Column]) -> list[Gap]:
        """Count the cells that have to be filled.

        Args:
            columns: float64[rows] or object[rows] of str by column name.

        Returns:
            One Gap for each column, problem and treatment, with the number of cells; none where there are none.
        """
        columns = {name: spelt(cells) for name, cells in columns.items()}
        gaps = [numeric_gap(name, columns[name], name in self.with_indicator) for name in self.numeric]
        return [gap for gap in (*gaps, *category_gaps(self.blocks, columns)) if gap.cells]

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make them again, for pickle and copy, with the same scale, whoever wrote it."""
        learnt = dict(self.kinds), self.means.numpy(), self.scale, dict(self.blocks), self.indicated
        return _remade, (type(self), *learnt)

    def state(self) -> dict[str, Any]:
        """Return all that was learnt.

        Returns:
            Plain lists and strings, for JSON.

        Raises:
            ValueError: If the scale is not one of this package.
        """
        chosen = {
            "indicated": list(self.indicated),
            "rare": [name for name, block in self.blocks.items() if isinstance(block, OneHot) and block.rare],
            "ordinal": {name: block.mean for name, block in self.blocks.items() if isinstance(block, Ordinal)},
        }
        return {
            "kinds": dict(self.kinds),
            "means": self.means.numpy().tolist(),
            "scale": scale_state(self.scale),
            "categories": {name: list(block.categories) for name, block in self.blocks.items()},
            **{name: value for name, value in chosen.items() if value},
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
        self,
        kinds: dict[str, Kind],
        means: list[float],
        scale: dict[str, Any],
        categories: dict[str, list[str]],
        indicated: Sequence[int] = (),
        rare: Sequence[str] = (),
        ordinal: Mapping[str, float] = NONE,
    ) -> None:
        if not kinds or not set(kinds.values()) <= {"numeric", "category"}:
            raise ValueError(f"kinds must be numeric or category, got {kinds}")
        self.kinds = dict(kinds)
        self.means = tf.Variable(means, trainable=False, dtype=tf.float64)
        self.scale, self.indicated = scale_from_state(scale), tuple(indicated)
        self.blocks = made_blocks({name: categories[name] for name in self.categorical}, rare, ordinal)
        columns = len(self.numeric)
        in_order = sorted(set(indicated) & set(range(columns))) == list(indicated)
        if self.means.shape != [columns] or not self.scale.fits(columns) or not in_order:
            raise ValueError(f"{columns} columns are numeric, got another number of values")

    def __repr__(self) -> str:
        kinds = shortened(f"{name} ({kind})" for name, kind in self.kinds.items())
        return f"Features({len(self.kinds):,} columns: {kinds}; width {self.width:,})"


def _remade(
    cls: type[Features],
    kinds: dict[str, Kind],
    means: npt.NDArray[np.float64],
    scale: LearntScale,
    blocks: dict[str, OneHot | Ordinal],
    indicated: tuple[int, ...],
) -> Features:
    features = cls.__new__(cls)
    tf.Module.__init__(features)
    features.kinds, features.scale, features.blocks, features.indicated = kinds, scale, blocks, indicated
    features.means = tf.Variable(means, trainable=False, dtype=tf.float64)
    return features
