"""Where the arrays come from that an op is called with, and which of their axes a trace need not know."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from dnn.testing.ops.each import for_each
from dnn.testing.ops.inputs import BATCH, Floats, Integers

MISSING = "check_op draws its examples with Hypothesis, which is not installed: pip install 'dnn-tables[test]'"
SIZES = (2, 3, 4, 5, 8, 17, 33)  # of axes other than the batch, among them what is no multiple of a vector's width
EDGE_BATCHES = (7, 63, 257)
SPREAD = 3  # rows
BATCHES, LARGE_BATCH, LARGE_ROW = 16, 64, 256


@dataclass(frozen=True)
class Specified:
    """Arrays as specs say: axes of one name have one size."""

    specs: tuple[Floats | Integers, ...]

    def without_nan(self) -> "Specified":
        """The same without NaN and ±inf."""
        return Specified(tuple(spec.without_nan() for spec in self.specs))

    def strategy(self, *, near: bool = False, away: bool = False):
        """near: floats within ±3. away: from kinks, NaN and ±inf."""
        from hypothesis import strategies as st

        specs = [spec.near() if near else spec for spec in self.specs]

        @st.composite
        def arrays(draw):
            sizes = {name: draw(st.sampled_from(self._sizes(name))) for name in self._names()}
            return tuple(draw(spec.arrays(sizes, away)) for spec in specs)

        return arrays()

    def large(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """Different arrays of one size, 64 rows of about 256 numbers."""
        others = [name for name in self._names() if name != BATCH]
        sizes = dict.fromkeys(others, round(LARGE_ROW ** (1 / max(len(others), 1)))) | {BATCH: LARGE_BATCH}
        random = np.random.default_rng(0)
        return [tuple(spec.sample(sizes, random) for spec in self.specs) for _ in range(count)]

    def longer(self, numbers: int, count: int) -> list[tuple[np.ndarray, ...]]:
        """Different arrays of one size, the largest of about so many numbers, an odd count if the specs leave it open.

        The batch is made longer; without one, all axes that have a name. Empty where none has.
        """
        names = self._names()
        stretched = {BATCH} if any(BATCH in spec.shape for spec in self.specs) else set(names)
        across = round(LARGE_ROW ** (1 / max(len(names) - 1, 1))) | 1
        sizes = {name: max(self._sizes(name)[0], across) for name in names if name not in stretched}
        lengths = [_length(spec, sizes, stretched, numbers) for spec in self.specs if stretched & set(spec.shape)]
        if not lengths:
            return []
        sizes |= dict.fromkeys(stretched, max(1, int(min(lengths))) | 1)
        random = np.random.default_rng(4)
        return [tuple(spec.sample(sizes, random) for spec in self.specs) for _ in range(count)]

    def edges(self) -> list[tuple[np.ndarray, ...]]:
        """Arrays of all edge values in turn, in batches that are no drawn size and no power of two."""
        sizes = {name: max(self._sizes(name)[0], 3) for name in self._names()}
        return [tuple(spec.tiled(sizes | {BATCH: batch}) for spec in self.specs) for batch in EDGE_BATCHES]

    def spread(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """Different small arrays, away from kinks, of the edge values and what is equally distributed between."""
        sizes = {name: self._sizes(name)[0] for name in self._names()} | {BATCH: SPREAD}
        random = np.random.default_rng(5)
        return [tuple(spec.spread(sizes, random) for spec in self.specs) for _ in range(count)]

    def for_any_batch(self, arrays) -> list[tf.TensorSpec] | None:
        """The same shapes, but for the batch; None where no axis is one."""
        if not any(BATCH in spec.shape for spec in self.specs):
            return None
        shapes = [
            [None if axis == BATCH else size for axis, size in zip(spec.shape, array.shape, strict=True)]
            for spec, array in zip(self.specs, arrays, strict=True)
        ]
        return [tf.TensorSpec(shape, array.dtype) for shape, array in zip(shapes, arrays, strict=True)]

    def _sizes(self, name: str) -> list[int]:
        least = max(spec.least for spec in self.specs if name in spec.names())
        return [0, 1, 2, 3, 4, 5] if name == BATCH else [least, *(size for size in SIZES if size > least)]

    def _names(self) -> list[str]:
        return sorted(set().union(*(spec.names() for spec in self.specs)))


@dataclass(frozen=True)
class Drawn:
    """Arrays that a strategy of the user's draws, tuples of them; the first axis of each is the batch."""

    tuples: object

    def without_nan(self) -> "Drawn":
        """Itself: only the strategy knows what it draws."""
        return self

    def strategy(self, *, near: bool = False, away: bool = False):
        return self.tuples

    def large(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """So many of the first that are drawn and not empty, if there are so many."""
        found = []
        for_each(self.tuples, found.append, 4 * count)
        found = [arrays for arrays in found if all(map(np.size, arrays))]
        return found[:count]

    def longer(self, numbers: int, count: int) -> list[tuple[np.ndarray, ...]]:
        """None: only the strategy knows which shapes fit together."""
        return []

    def edges(self) -> list[tuple[np.ndarray, ...]]:
        """None."""
        return []

    def spread(self, count: int) -> list[tuple[np.ndarray, ...]]:
        """None: what the strategy draws is the whole domain."""
        return []

    def for_any_batch(self, arrays) -> list[tf.TensorSpec] | None:
        if not any(map(np.ndim, arrays)):
            return None
        return [tf.TensorSpec([None, *array.shape[1:]] if array.ndim else [], array.dtype) for array in arrays]


def source_of(inputs) -> Specified | Drawn:
    """Raises: ModuleNotFoundError without Hypothesis; TypeError for what are neither specs nor a strategy."""
    try:
        from hypothesis.strategies import SearchStrategy
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(MISSING) from error
    if isinstance(inputs, SearchStrategy):
        return Drawn(inputs.map(lambda arrays: tuple(map(np.asarray, arrays))))
    specs = (inputs,) if isinstance(inputs, Floats | Integers) else inputs
    if not isinstance(specs, Sequence) or not specs or not all(isinstance(spec, Floats | Integers) for spec in specs):
        raise TypeError(f"inputs must be Floats and Integers, or a strategy of Hypothesis for tuples, got {inputs!r}")
    return Specified(tuple(specs))


def _length(spec: Floats | Integers, sizes: Mapping[str, int], stretched: set[str], numbers: int) -> float:
    """Of each of these axes, where this argument is to have so many numbers."""
    others = math.prod(sizes.get(axis, axis) for axis in spec.shape if axis not in stretched)
    return (numbers / max(others, 1)) ** (1 / sum(axis in stretched for axis in spec.shape))
