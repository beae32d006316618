"""An initializer, a regularizer, a schedule, a callback or features in one call: an AssertionError says what breaks."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy.typing as npt

from dnn.ops.calling import name_of
from dnn.testing.lawbook import check
from dnn.testing.other_kinds import COLUMNS, SHAPES, Callback, FeaturesPiece, Initializer, Regularizer, Schedule


def check_initializer(initializer: Callable[..., Any], *, shapes: Sequence[tuple[int, ...]] = SHAPES) -> None:
    """Hold an initializer to its laws: (shape, seed, dtype) -> finite numbers that the seed alone decides.

    Args:
        initializer: The function.
        shapes: Those that it is asked for.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    check(Initializer(name_of(initializer), initializer, shapes=shapes))


def check_regularizer(regularizer: Callable[..., Any], *, xla: bool = True) -> None:
    """Hold a regularizer to its laws: variable -> a scalar of its dtype, with a finite gradient.

    Args:
        regularizer: The function.
        xla: Whether XLA must compile it.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    check(Regularizer(name_of(regularizer), regularizer, xla=xla))


def check_schedule(schedule: Callable[..., Any], *, xla: bool = True) -> None:
    """Hold a schedule to its laws: step -> a rate of 0 or more, which the step alone decides.

    Args:
        schedule: The function of a float64 tensor.
        xla: Whether XLA must compile it.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    check(Schedule(name_of(schedule), schedule, xla=xla))


def check_callback(make: Callable[[], Any]) -> None:
    """Hold a callback to its laws: made anew it begins anew, and with the state of another it goes on as that one.

    Args:
        make: () -> a new callback each time: `lambda: MyCallback(patience=3)`, or `lambda: my_function`.

    Raises:
        AssertionError: For the first law that it breaks.
    """
    check(Callback(name_of(make), make))


def check_features(learn: Callable[..., Any], *, columns: Mapping[str, npt.NDArray[Any]] = COLUMNS) -> None:
    """Hold features to their laws: named columns -> a finite float32 matrix, each row by itself.

    Args:
        learn: Columns by name -> features that have learnt from them: `dnn.Features`, or a function that makes some.
        columns: The training rows, by name: float64[rows] with NaN for an empty cell, or object[rows] of texts.

    Raises:
        AssertionError: For the first law that they break.
    """
    check(FeaturesPiece(name_of(learn), learn, columns=columns))
