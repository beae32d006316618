"""Five more kinds of pieces that can be checked: initializers, regularizers, schedules, callbacks and features."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.testing.pieces import Piece

SHAPES = ((5, 3), (3, 5), (7, 4))
COLUMNS: Mapping[str, npt.NDArray[Any]] = {
    "age": np.array([20.0, 40.0, np.nan, 30.0, 60.0, 25.0, 41.0]),
    "income": np.array([0.0, 1.5, -2.0, 1e4, 3.0, 0.25, 7.0]),
    "job": np.array(["cook", "pilot", "cook", "", "pilot", "baker", "cook"], object),
}


@dataclass(frozen=True, eq=False)
class Initializer(Piece):
    """An initializer: (shape, seed, dtype) -> the first values of a variable.

    Args:
        name: What errors call it.
        subject: The initializer.
        examples: Not used for an initializer.
        any_shape: Not used for an initializer.
        xla: Not used for an initializer, which is called once.
        refuses: Not used for an initializer.
        shapes: Those that it is asked for.
    """

    examples: tuple[npt.NDArray[Any], ...] = ()
    shapes: Sequence[tuple[int, ...]] = SHAPES


@dataclass(frozen=True, eq=False)
class Regularizer(Piece):
    """A regularizer: variable -> the penalty on it, a scalar of its dtype, that `fit` adds to the loss.

    Args:
        name: What errors call it.
        subject: The regularizer.
        examples: Not used for a regularizer.
        any_shape: Not used for a regularizer.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Not used for a regularizer.
    """

    examples: tuple[npt.NDArray[Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Schedule(Piece):
    """A schedule: the number of steps taken, a float64 tensor -> the learning rate of the next step.

    Args:
        name: What errors call it.
        subject: The schedule.
        examples: Not used for a schedule.
        any_shape: Not used for a schedule.
        xla: Whether XLA must compile it. Say False for a custom op that has no kernel there.
        refuses: Not used for a schedule.
    """

    examples: tuple[npt.NDArray[Any], ...] = ()


@dataclass(frozen=True, eq=False)
class Callback(Piece):
    """A callback of `fit`: (record, history) -> True to end the fit, or anything else.

    Args:
        name: What errors call it.
        subject: () -> a new callback each time.
        examples: Not used for a callback.
        any_shape: Not used for a callback.
        xla: Not used for a callback, which is not compiled.
        refuses: Not used for a callback.
    """

    examples: tuple[npt.NDArray[Any], ...] = ()


@dataclass(frozen=True, eq=False)
class FeaturesPiece(Piece):
    """Features: made of named columns of training rows; called with named columns, they give float32[rows, width].

    Args:
        name: What errors call them.
        subject: Columns by name -> features that have learnt from them.
        examples: Not used for features.
        any_shape: Not used for features.
        xla: Not used for features, which read texts.
        refuses: Not used for features.
        columns: The training rows, by name.
    """

    examples: tuple[npt.NDArray[Any], ...] = ()
    columns: Mapping[str, npt.NDArray[Any]] = field(default_factory=lambda: dict(COLUMNS))

    def learnt(self) -> Callable[..., Any]:
        """Learn from the columns.

        Returns:
            The features.
        """
        features: Callable[..., Any] = self.subject(self.columns)
        return features
