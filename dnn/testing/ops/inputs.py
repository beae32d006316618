"""What the arguments of an op are: floats or integers, in arrays whose axes of one name have one size."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

BATCH = "batch"  # the one axis that may be empty, and that a trace need not know
NEAR = 3.0  # gradients are compared within ±3, where a domain has such numbers
BESIDE_A_KINK = 1e-3
TINY = 1e-30


class Spec(ABC):
    """What one argument of an op is. `sizes` are those of the named axes, for which an array is made."""

    shape: tuple[str | int, ...]
    least: int

    def names(self) -> set[str]:
        """Return the names whose sizes must be known."""
        return {axis for axis in self.shape if isinstance(axis, str)}

    def without_nan(self) -> "Spec":
        """Return the same spec without NaN and ±inf."""
        return self

    def near(self) -> "Spec":
        """Return the same spec without NaN, within ±3 if it has such numbers: where differences keep their digits."""
        return self

    def sized(self, sizes: Mapping[str, int]) -> tuple[int, ...]:
        """Return the shape."""
        return tuple(sizes[axis] if isinstance(axis, str) else axis for axis in self.shape)

    @abstractmethod
    def arrays(self, sizes: Mapping[str, int], away: bool) -> "SearchStrategy[npt.NDArray[Any]]":
        """Return a strategy; `away` from kinks, NaN and ±inf, where there is no gradient to compare."""

    @abstractmethod
    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        """Return uniformly distributed numbers, near 0 where the domain is."""

    @abstractmethod
    def spread(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        """Return numbers of the whole domain, away from kinks: half of them edge values, the others uniform."""

    @abstractmethod
    def tiled(self, sizes: Mapping[str, int]) -> npt.NDArray[Any]:
        """Return all edge values in turn."""


@dataclass(frozen=True)
class Floats(Spec):
    """An argument of floats from `low` to `high`, among them the bounds, ±0, ±1 and ±1e-30 where they lie between.

    Args:
        shape: The size or the name of each axis. Axes of one name have one size, in all arguments. That of "batch" may
            be 0, those of other names are `least` or more.
        low: The lower end of the domain where the op is defined. Raise it for a logarithm, say.
        high: The upper end of the domain. Widen it for an op that must not overflow.
        finite: False draws NaN and ±inf too, for the law of values that is about them; no other law draws them.
        kinks: Numbers where the derivative jumps. No gradient is asked for within 0.001 of them.
        least: The smallest size of a named axis other than "batch", at least 1.
        dtype: A dtype of floats, of NumPy or TensorFlow.

    Raises:
        TypeError: If shape is a string, or dtype is not of floats.
        ValueError: If low is more than high.

    Example:
        >>> dnn.testing.Floats(["batch", 3], low=0.01).high
        100.0
    """

    shape: tuple[str | int, ...] = (BATCH, "features")
    low: float = -100.0
    high: float = 100.0
    finite: bool = True
    kinks: tuple[float, ...] = ()
    least: int = 1
    dtype: type | tf.DType = np.float32

    def __post_init__(self) -> None:
        _refuse_string(self.shape)
        object.__setattr__(self, "dtype", _numpy_type(self.dtype, "floating"))
        if not self.low <= self.high:
            raise ValueError(f"low must be at most high, got {self.low} and {self.high}")

    def without_nan(self) -> "Floats":
        return replace(self, finite=True)

    def near(self) -> "Floats":
        low, high = max(self.low, -NEAR), min(self.high, NEAR)
        return replace(self.without_nan(), low=low, high=high) if low <= high else self.without_nan()

    def arrays(self, sizes: Mapping[str, int], away: bool) -> "SearchStrategy[npt.NDArray[Any]]":
        from hypothesis import strategies as st
        from hypothesis.extra.numpy import arrays

        low, high = self._bounds()
        of_numpy = self.dtype if np.issubdtype(self.dtype, np.floating) else np.float32  # bfloat16 is not one
        width: Any = np.finfo(of_numpy).bits
        numbers = st.floats(low, high, width=width, allow_subnormal=False)
        elements = st.sampled_from(self._edges(self.finite or away)) | numbers
        if away:
            elements = elements.filter(self._is_away)
        drawn = arrays(of_numpy, self.sized(sizes), elements=elements)
        return drawn if of_numpy is self.dtype else drawn.map(lambda numbers: numbers.astype(self.dtype))

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        near = self.near()
        return random.uniform(near.low, near.high, self.sized(sizes)).astype(self.dtype)

    def spread(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        shape, (low, high) = self.sized(sizes), self._bounds()
        part = random.uniform(0, 1, shape)
        edges = list(filter(self._is_away, self._edges(finite=True))) or [low]
        between = low * (1 - part) + high * part
        values = np.where(random.integers(0, 2, shape) == 0, random.choice(edges, shape), between)
        return np.clip(np.where(self._is_away(values), values, edges[0]), low, high).astype(self.dtype)

    def tiled(self, sizes: Mapping[str, int]) -> npt.NDArray[Any]:
        return np.resize(np.array(self._edges(self.finite), self.dtype), self.sized(sizes))

    def _edges(self, finite: bool) -> list[float]:
        low, high = self._bounds()
        usual = [0.0, -0.0, 1.0, -1.0, TINY, -TINY]
        others = [] if finite else [np.nan, np.inf, -np.inf]
        return [low, high, *(value for value in usual if low <= value <= high), *others]

    def _is_away(self, values: Any) -> Any:
        """Return whether each number is away from all kinks."""
        return np.all([abs(values - kink) > BESIDE_A_KINK for kink in self.kinks], axis=0)

    def _bounds(self) -> tuple[float, float]:
        """Return the smallest and the largest finite number of the dtype from low to high."""
        largest = float(tf.as_dtype(self.dtype).max)
        low, high = self.dtype(max(self.low, -largest)), self.dtype(min(self.high, largest))
        low = np.nextafter(low, self.dtype(np.inf)) if low < self.low else low
        high = np.nextafter(high, self.dtype(-np.inf)) if high > self.high else high
        return float(low), float(high)


@dataclass(frozen=True)
class Integers(Spec):
    """An argument of integers from `low` up to, but without, `below`.

    `Integers(["batch"], below="classes")` are the class numbers for `Floats(["batch", "classes"])`.

    Args:
        shape: The size or the name of each axis. Axes of one name have one size, in all arguments. That of "batch" may
            be 0, those of other names are `least` or more.
        below: The end of the range, a number, or the name of an axis whose size it is.
        low: The smallest number.
        least: The smallest size of a named axis other than "batch", at least 1.
        dtype: A dtype of integers, of NumPy or TensorFlow.

    Raises:
        TypeError: If shape is a string, or dtype is not of integers.
        ValueError: If low is not less than below.
    """

    shape: tuple[str | int, ...] = (BATCH,)
    below: int | str = "classes"
    low: int = 0
    least: int = 1
    dtype: type | tf.DType = np.int32

    def __post_init__(self) -> None:
        _refuse_string(self.shape)
        object.__setattr__(self, "dtype", _numpy_type(self.dtype, "integer"))
        if not isinstance(self.below, str) and not self.low < self.below:
            raise ValueError(f"below must be more than low, got {self.below} and {self.low}")

    def names(self) -> set[str]:
        return {axis for axis in (*self.shape, self.below) if isinstance(axis, str)}

    def arrays(self, sizes: Mapping[str, int], away: bool) -> "SearchStrategy[npt.NDArray[Any]]":
        from hypothesis import strategies as st
        from hypothesis.extra.numpy import arrays

        return arrays(self.dtype, self.sized(sizes), elements=st.integers(self.low, self._end(sizes) - 1))

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        return random.integers(self.low, self._end(sizes), self.sized(sizes), self.dtype)

    def spread(self, sizes: Mapping[str, int], random: np.random.Generator) -> npt.NDArray[Any]:
        return self.sample(sizes, random)

    def tiled(self, sizes: Mapping[str, int]) -> npt.NDArray[Any]:
        return np.resize(np.array([self.low, self._end(sizes) - 1], self.dtype), self.sized(sizes))

    def _end(self, sizes: Mapping[str, int]) -> int:
        return sizes[self.below] if isinstance(self.below, str) else self.below


def _refuse_string(shape: object) -> None:
    """Each letter of it would be the name of an axis."""
    if isinstance(shape, str):
        raise TypeError(f"shape must be a list with the size or name of each axis, as [{shape!r}], got {shape!r}")


def _numpy_type(dtype: object, kind: str) -> type:
    """Return the NumPy type of a dtype of this kind, "floating" or "integer"."""
    try:
        found = tf.as_dtype(dtype)
    except TypeError:
        found = tf.resource
    if not getattr(found, f"is_{kind}"):
        raise TypeError(f"dtype must be {kind}, got {dtype!r}")
    numpy_type: type = found.as_numpy_dtype
    return numpy_type
