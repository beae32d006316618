"""Which scale the numbers get: by a name of the settings, by a function that learns it, or one for each column."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy.typing as npt
import tensorflow as tf

from dnn.data.piecewise_linear import PiecewiseLinear
from dnn.data.preprocess import Binarize, Normalize, Rescale, Standardize
from dnn.data.quantiles import Quantile
from dnn.data.robust_scale import RobustScale
from dnn.data.scale import Matrix, Scale, ScaleLearner, TensorOrArray

LearntScale: TypeAlias = Callable[[tf.Tensor], tf.Tensor]

SCALES: Mapping[str, type[Scale]] = MappingProxyType(
    {
        "standardize": Standardize,
        "rescale": Rescale,
        "normalize": Normalize,
        "binarize": Binarize,
        "quantile": Quantile,
        "robust": RobustScale,
        "piecewise": PiecewiseLinear,
        "piecewise_tree": PiecewiseLinear,
    }
)
"""What `dnn train --scale` may name; features.json has the names of the classes."""


def scale_learner(
    choice: str | ScaleLearner, *, bins: int = 8, target: npt.ArrayLike | None = None, regression: bool = False
) -> ScaleLearner:
    """Return what learns a scale.

    Args:
        choice: A name of `SCALES`, or a function that is returned as it is.
        bins: Most bins of a column, for "piecewise" and "piecewise_tree".
        target: [rows], of the training rows, for "piecewise_tree".
        regression: Whether the target is amounts.

    Returns:
        A function from float64[rows, columns] to a scale.

    Raises:
        ValueError: If there is no such name, or `bins` is not a positive integer.
    """
    if callable(choice):
        return choice
    if choice not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}, or a function, got {choice!r}")
    if choice == "piecewise":
        return PiecewiseLinear.learner(bins)
    if choice == "piecewise_tree":
        return PiecewiseLinear.learner(bins, target=target, regression=regression)
    return SCALES[choice].learn


class ByColumn(Scale):
    """Several scales, each of some of the columns; their results stand side by side.

    Args:
        groups: Pairs of indices of columns and their scale; each column is in one pair.

    Example:
        >>> scale = ByColumn([([0], Rescale([0.0], [4.0])), ([1], PiecewiseLinear([[0.0, 1.0, 3.0]]))])
        >>> scale(tf.constant([[1.0, 2.0]], tf.float64)).numpy()
        array([[0.25, 1.  , 0.5 ]])
        >>> scale.names(["age", "debt"])
        ['age', 'debt[0, 1)', 'debt[1, 3]']
    """

    def __init__(self, groups: Sequence[tuple[Sequence[int], LearntScale]]) -> None:
        super().__init__()
        self.indices = tuple(tuple(indices) for indices, _ in groups)
        self.scales = tuple(scale for _, scale in groups)

    def __call__(self, x: TensorOrArray) -> tf.Tensor:
        """Scale rows.

        Args:
            x: float64[rows, columns].

        Returns:
            float64[rows, names].
        """
        groups = zip(self.indices, self.scales, strict=True)
        return tf.concat([scale(tf.gather(x, indices, axis=1)) for indices, scale in groups], axis=1)

    def names(self, columns: Sequence[str]) -> list[str]:
        """Return what each column of the result is.

        Args:
            columns: Names of the columns that are scaled.

        Returns:
            The names that each scale gives its own columns, scale by scale.
        """
        groups = zip(self.indices, self.scales, strict=True)
        return [name for own, scale in groups for name in names_of(scale, [columns[index] for index in own])]

    def fits(self, columns: int) -> bool:
        """Return whether it was learnt from this number of columns.

        Args:
            columns: Number of columns.

        Returns:
            True if each is in one group, and each scale fits its own.
        """
        each_once = sorted(index for indices in self.indices for index in indices) == list(range(columns))
        groups = zip(self.indices, self.scales, strict=True)
        return each_once and all(not isinstance(scale, Scale) or scale.fits(len(own)) for own, scale in groups)

    def state(self) -> dict[str, Any]:
        """Return what was learnt.

        Returns:
            The columns and the state of each scale, for JSON.

        Raises:
            ValueError: If a scale is not one of this package.
        """
        groups = zip(self.indices, self.scales, strict=True)
        return {"groups": [{"columns": list(own), "scale": scale_state(scale)} for own, scale in groups]}

    def __reduce__(self) -> tuple[Any, ...]:
        """Return how to make it again, for pickle and copy, with the same scales, whoever wrote them."""
        return ByColumn, (tuple(zip(self.indices, self.scales, strict=True)),)


SCALE_CLASSES: Mapping[str, type[Scale]] = MappingProxyType({scale.__name__: scale for scale in SCALES.values()})


def learn_scale(
    x: Matrix, names: Sequence[str], scale: ScaleLearner, column_scale: Mapping[str, ScaleLearner]
) -> LearntScale:
    """Learn the scale of some columns.

    Args:
        x: float64[rows, columns], the training rows.
        names: Of the columns.
        scale: Learns the scale of all columns that have none of their own.
        column_scale: Learns a column's own scale, by name.

    Returns:
        One scale, or several as `ByColumn`.

    Raises:
        ValueError: If a name is not that of a column.
    """
    if strange := [name for name in column_scale if name not in names]:
        raise ValueError(f"column_scale has {strange[0]!r}, which is not a numeric column: {', '.join(names)}")
    if not column_scale:
        return scale(x)
    learners = {id(learner): learner for learner in (column_scale.get(name, scale) for name in names)}
    groups = []
    for learner in learners.values():
        own = [index for index, name in enumerate(names) if column_scale.get(name, scale) is learner]
        groups.append((own, learner(x[:, own])))
    return ByColumn(groups)


def names_of(scale: LearntScale, columns: Sequence[str]) -> list[str]:
    """Return what each column of a scale's result is; of a user's own scale without `names`, the columns themselves."""
    return scale.names(columns) if hasattr(scale, "names") else list(columns)


def columns_by_scale(scale: LearntScale, columns: Sequence[str]) -> dict[str, list[str]]:
    """Return the columns of each scale, under its name in the settings, with the number of bins where it has some."""
    if isinstance(scale, ByColumn):
        told: dict[str, list[str]] = {}
        for own, each in zip(scale.indices, scale.scales, strict=True):
            for name, its_columns in columns_by_scale(each, [columns[index] for index in own]).items():
                told.setdefault(name, []).extend(its_columns)
        return told
    name = next((name for name, kind in SCALES.items() if kind is type(scale)), type(scale).__name__.lower())
    if isinstance(scale, PiecewiseLinear):
        bins = [max(0, len(edges) - 1) for edges in scale.edges]
        return {name: [f"{column} ({count})" for column, count in zip(columns, bins, strict=True)]}
    return {name: list(columns)}


def columns_without_bin(scale: LearntScale, columns: Sequence[str]) -> list[str]:
    """Return the columns of which a piecewise-linear encoding makes no feature: those constant in the training rows."""
    if isinstance(scale, ByColumn):
        groups = zip(scale.indices, scale.scales, strict=True)
        return [name for own, each in groups for name in columns_without_bin(each, [columns[index] for index in own])]
    if not isinstance(scale, PiecewiseLinear):
        return []
    return [name for name, edges in zip(columns, scale.edges, strict=True) if len(edges) < 2]


def scale_state(scale: LearntScale) -> dict[str, Any]:
    """Return what a scale learnt, with the name of its class. Raises: ValueError if it is not of this package."""
    name = type(scale).__name__
    if isinstance(scale, ByColumn) or (isinstance(scale, Scale) and SCALE_CLASSES.get(name) is type(scale)):
        return {"name": name, **scale.state()}
    known = ", ".join(SCALE_CLASSES)
    raise ValueError(f"only {known} can be written as JSON, got {name}; use tf.train.Checkpoint")


def scale_from_state(state: Mapping[str, Any]) -> Scale:
    """Return the scale that had this state. Raises: KeyError, TypeError or ValueError if there is none."""
    if state["name"] == ByColumn.__name__:
        return ByColumn([(group["columns"], scale_from_state(group["scale"])) for group in state["groups"]])
    return SCALE_CLASSES[state["name"]](**{name: value for name, value in state.items() if name != "name"})
