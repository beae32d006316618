"""The target column of a regression: amounts, which a network predicts on a scale with mean 0 and deviation 1."""

from collections.abc import Mapping
from math import isfinite
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.table import is_missing, numbers_of, plural, refuse_missing

FEW = 20  # different numbers, which may be classes


class Amounts:
    """A numeric target, standardised: (target − mean) / deviation, learnt from the training rows.

    Args:
        target: [rows] of finite numbers, at least two different ones.

    Raises:
        ValueError: If a cell is missing or is no finite number, or all are equal.

    Example:
        >>> amounts = Amounts(np.array([10.0, 30.0]))
        >>> amounts([50.0]), amounts.restore([3.0])
        (array([3.], dtype=float32), array([50.]))
    """

    def __init__(self, target: npt.ArrayLike) -> None:
        numbers = _numbers(target)
        if numbers.min() == numbers.max():
            raise ValueError(f"the target is {numbers[0]:g} in all {len(numbers)} rows; there is nothing to learn")
        self.mean, self.deviation = _moments(numbers)

    def __call__(self, target: npt.ArrayLike) -> npt.NDArray[np.float32]:
        """Return the standardised target.

        Args:
            target: [rows] of finite numbers.

        Returns:
            float32[rows].

        Raises:
            ValueError: If a cell is missing or is no finite number.
        """
        return ((_numbers(target) - self.mean) / self.deviation).astype(np.float32)

    def restore(self, outputs: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """Return amounts in the target's unit.

        Args:
            outputs: A network's outputs, of any shape.

        Returns:
            float64 of the same shape: outputs · deviation + mean.
        """
        return np.asarray(outputs, np.float64) * self.deviation + self.mean

    def state(self) -> dict[str, float]:
        """Return what was learnt.

        Returns:
            Two plain numbers, for JSON.
        """
        return {"mean": self.mean, "deviation": self.deviation}

    @classmethod
    def from_state(cls, state: Mapping[str, Any]) -> "Amounts":
        """Make the amounts that had this state.

        Args:
            state: What `state` returned.

        Returns:
            Amounts that compute the same, bit for bit.

        Raises:
            ValueError: If it is not the state of amounts.
        """
        amounts = cls.__new__(cls)
        try:
            amounts.mean, amounts.deviation = float(state["mean"]), float(state["deviation"])
        except (KeyError, TypeError, OverflowError) as error:
            raise ValueError(f"not the state of amounts: {error!r}") from None
        if amounts.state() != state or not (isfinite(amounts.mean) and 0 < amounts.deviation < float("inf")):
            raise ValueError(f"not the state of amounts: {state}")
        return amounts

    def __repr__(self) -> str:
        return f"Amounts(mean {self.mean:g}, deviation {self.deviation:g})"


def look_like_amounts(target: npt.ArrayLike) -> bool:
    """Whether a target is numbers, more than 20 different ones, that are fractions or hardly ever occur twice.

    Args:
        target: [rows] of numbers or strings.

    Returns:
        True for prices, False for digits, words and codes that occur often.
    """
    numbers, rows = _many_numbers(target)
    return len(numbers) * 5 > rows or not all(map(float.is_integer, numbers))


def are_fractions(target: npt.ArrayLike) -> bool:
    """Whether a target is numbers, more than 20 different ones, some with fractions, which are hardly ever classes.

    Args:
        target: [rows] of numbers or strings.
    """
    return not all(map(float.is_integer, _many_numbers(target)[0]))


def amounts_told(name: str, target: npt.ArrayLike) -> str:
    """Return what to say of a target that looks like amounts."""
    numbers, rows = _many_numbers(target)
    told = f"{name} has {len(numbers):,} different numbers in {plural(rows, 'row')}: it looks like an amount"
    return f"{told}, not classes; --task regression, in Python dnn.Regressor, predicts it"


def _many_numbers(target: npt.ArrayLike) -> tuple[list[float], int]:
    """Return the different numbers, none unless all are numbers and more than 20, and how many cells have one."""
    cells = np.asarray(target)
    cells = cells[~is_missing(cells)]
    values = set(cells.tolist())
    numbers = _as_numbers(values) if len(values) > FEW else None
    return numbers or [], len(cells)


def _as_numbers(values: set[Any]) -> list[float] | None:
    if all(isinstance(value, str) for value in values):
        numbers = numbers_of(values)
        return list(numbers.values()) if len(numbers) == len(values) else None
    return None if any(isinstance(value, str) for value in values) else [float(value) for value in values]


def _moments(numbers: npt.NDArray[np.float64]) -> tuple[float, float]:
    with np.errstate(over="ignore"):
        mean, deviation = float(numbers.mean()), float(numbers.std())
    if not isfinite(mean) or not 0 < deviation < float("inf"):
        raise ValueError("the target's numbers are too large, or too near to each other, to be standardised")
    return mean, deviation


def _numbers(target: npt.ArrayLike) -> npt.NDArray[np.float64]:
    cells = np.asarray(target)
    refuse_missing(cells)
    try:
        numbers = cells.astype(np.float64)
    except (ValueError, TypeError):
        words = set(cells.tolist())
        word = next(cell for cell in cells.tolist() if _as_numbers(words & {cell}) is None)
        raise ValueError(f"the target must hold numbers, got {word!r}") from None
    if not len(numbers) or not np.isfinite(numbers).all():
        raise ValueError("the target must hold finite numbers" + ("" if len(numbers) else ", got no rows"))
    return numbers
