"""What the arguments of an op are: floats or integers, in arrays whose axes fit together by their names."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import tensorflow as tf

from dnn.testing.ops.given import numpy_type, refuse_a_word

BATCH = "batch"  # the one axis that may be empty, and that a trace need not know
NEAR = 3.0  # gradients are compared within ±3, where a domain has such numbers
BESIDE_A_KINK = 1e-3
TINY = 1e-30


@dataclass(frozen=True)
class Floats:
    """An argument of floats from low to high, among them the bounds, ±0, ±1 and ±1e-30 where they lie between.

    shape: for each axis its size or a name. Axes of one name have one size, in all arguments. That of "batch" may be 0,
    those of other names are `least` or more.
    low, high: where the op is defined. Narrow them for log, widen them for what must not overflow.
    finite: False for NaN and ±inf too, where values are compared; no other draws them.
    kinks: numbers where the derivative jumps. No gradient is asked for nearer than 0.001 to them.
    dtype: of floats, of NumPy or TensorFlow.
    """

    shape: tuple[str | int, ...] = (BATCH, "features")
    low: float = -100.0
    high: float = 100.0
    finite: bool = True
    kinks: tuple[float, ...] = ()
    least: int = 1
    dtype: type | tf.DType = np.float32

    def __post_init__(self):
        refuse_a_word(self.shape)
        object.__setattr__(self, "dtype", numpy_type(self.dtype, "floating"))
        if not self.low <= self.high:
            raise ValueError(f"low must be at most high, got {self.low} and {self.high}")

    def names(self) -> set[str]:
        return {axis for axis in self.shape if isinstance(axis, str)}

    def without_nan(self) -> "Floats":
        """The same without NaN and ±inf."""
        return replace(self, finite=True)

    def near(self) -> "Floats":
        """The same without NaN, within ±3 where it has such numbers: where differences keep their digits."""
        low, high = max(self.low, -NEAR), min(self.high, NEAR)
        return replace(self.without_nan(), low=low, high=high) if low <= high else self.without_nan()

    def arrays(self, sizes: Mapping[str, int], away: bool):
        """A strategy. away: from kinks, NaN and ±inf, where there is no gradient to compare."""
        from hypothesis import strategies as st
        from hypothesis.extra.numpy import arrays

        low, high = self._bounds()
        of_numpy = self.dtype if np.issubdtype(self.dtype, np.floating) else np.float32  # bfloat16 is not one
        numbers = st.floats(low, high, width=np.finfo(of_numpy).bits, allow_subnormal=False)
        elements = st.sampled_from(self.edges(self.finite or away)) | numbers
        if away:
            elements = elements.filter(self._is_away)
        drawn = arrays(of_numpy, sized(self.shape, sizes), elements=elements)
        return drawn if of_numpy is self.dtype else drawn.map(lambda numbers: numbers.astype(self.dtype))

    def edges(self, finite: bool) -> list[float]:
        low, high = self._bounds()
        usual = [0.0, -0.0, 1.0, -1.0, TINY, -TINY]
        others = [] if finite else [np.nan, np.inf, -np.inf]
        return [low, high, *(value for value in usual if low <= value <= high), *others]

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
        """Equally distributed, near 0 where the domain is."""
        near = self.near()
        return random.uniform(near.low, near.high, sized(self.shape, sizes)).astype(self.dtype)

    def spread(self, sizes: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
        """Half of them edge values, the others equally distributed from low to high, away from kinks."""
        shape, (low, high) = sized(self.shape, sizes), self._bounds()
        part = random.uniform(0, 1, shape)
        edges = list(filter(self._is_away, self.edges(finite=True))) or [low]
        between = low * (1 - part) + high * part
        values = np.where(random.integers(0, 2, shape) == 0, random.choice(edges, shape), between)
        return np.clip(np.where(self._is_away(values), values, edges[0]), low, high).astype(self.dtype)

    def tiled(self, sizes: Mapping[str, int]) -> np.ndarray:
        """The edge values in turn."""
        return np.resize(np.array(self.edges(self.finite), self.dtype), sized(self.shape, sizes))

    def _is_away(self, values):
        """Whether they are from the kinks, all of them."""
        return np.all([abs(values - kink) > BESIDE_A_KINK for kink in self.kinks], axis=0)

    def _bounds(self) -> tuple[float, float]:
        """Of the finite numbers of this dtype between low and high."""
        largest = float(tf.as_dtype(self.dtype).max)
        low, high = self.dtype(max(self.low, -largest)), self.dtype(min(self.high, largest))
        low = np.nextafter(low, self.dtype(np.inf)) if low < self.low else low
        high = np.nextafter(high, self.dtype(-np.inf)) if high > self.high else high
        return float(low), float(high)


@dataclass(frozen=True)
class Integers:
    """An argument of integers from low up to, but without, `below`: a number, or the name of an axis.

    `Integers(["batch"], below="classes")` are the class numbers beside `Floats(["batch", "classes"])`.
    """

    shape: tuple[str | int, ...] = (BATCH,)
    below: int | str = "classes"
    low: int = 0
    least: int = 1
    dtype: type | tf.DType = np.int32

    def __post_init__(self):
        refuse_a_word(self.shape)
        object.__setattr__(self, "dtype", numpy_type(self.dtype, "integer"))
        if not isinstance(self.below, str) and not self.low < self.below:
            raise ValueError(f"below must be more than low, got {self.below} and {self.low}")

    def names(self) -> set[str]:
        return {axis for axis in (*self.shape, self.below) if isinstance(axis, str)}

    def without_nan(self) -> "Integers":
        return self

    def near(self) -> "Integers":
        return self

    def arrays(self, sizes: Mapping[str, int], away: bool):
        from hypothesis import strategies as st
        from hypothesis.extra.numpy import arrays

        below = sizes.get(self.below, self.below)
        return arrays(self.dtype, sized(self.shape, sizes), elements=st.integers(self.low, below - 1))

    def tiled(self, sizes: Mapping[str, int]) -> np.ndarray:
        """The least and the largest in turn."""
        edges = [self.low, sizes.get(self.below, self.below) - 1]
        return np.resize(np.array(edges, self.dtype), sized(self.shape, sizes))

    def spread(self, sizes: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
        return self.sample(sizes, random)

    def sample(self, sizes: Mapping[str, int], random: np.random.Generator) -> np.ndarray:
        return random.integers(self.low, sizes.get(self.below, self.below), sized(self.shape, sizes), self.dtype)


def sized(shape, sizes: Mapping[str, int]) -> tuple[int, ...]:
    return tuple(sizes.get(axis, axis) for axis in shape)
