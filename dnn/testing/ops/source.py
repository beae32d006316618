"""Where the arguments of an op come from, drawn, large or of edge values, and which of their axes a trace need know."""

import math
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import tensorflow as tf

from dnn.ops.calling import Example
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.inputs import BATCH, Floats, Integers, Spec

if TYPE_CHECKING:
    from dnn.testing.ops.drawing import ExampleStrategy

MISSING = "check_op draws its examples with Hypothesis, which is not installed: pip install hypothesis"
AXIS_SIZES = (2, 3, 4, 5, 8, 17, 33)  # of axes other than the batch, some not a multiple of a vector's width
EDGE_BATCHES = (7, 63, 257)  # neither a size that is drawn nor a power of two
SPREAD_BATCH = 3
LARGE_BATCH, LARGE_ROW = 64, 256
VERY_LARGE = (2**16, 2**18, 2**20)  # numbers in the largest array
VERY_LARGE_COUNT = 3
MOST_SECONDS = (
    0.05  # of a call, beyond which arrays grow no more: a call of four times as many may take 16 times as long
)


class ArgumentSource(ABC):
    """Where arrays come from. What a source cannot make is an empty list."""

    def without_nan(self) -> "ArgumentSource":
        """Return the same source without NaN and ±inf; a user's strategy alone knows what it draws."""
        return self

    @abstractmethod
    def strategy(self, *, near: bool = False, away: bool = False) -> "ExampleStrategy":
        """Return a strategy: `near` within ±3, `away` from kinks, NaN and ±inf."""

    @abstractmethod
    def large(self, count: int) -> list[Example]:
        """Return up to `count` different large examples."""

    def very_large(self, numbers: int, count: int) -> list[Example]:
        """Return different examples of one size, whose largest array has about `numbers` numbers."""
        return []

    def edges(self) -> list[Example]:
        """Return examples of all edge values in turn."""
        return []

    def spread(self, count: int) -> list[Example]:
        """Return small examples of the whole domain, away from kinks."""
        return []

    @abstractmethod
    def for_any_batch(self, arrays: Example) -> list[tf.TensorSpec] | None:
        """Return the specs of the arrays with a batch of unknown size; None if no axis is the batch."""


@dataclass(frozen=True)
class Specified(ArgumentSource):
    """Arrays as specs say: axes of one name have one size."""

    specs: tuple[Spec, ...]

    def without_nan(self) -> "Specified":
        return Specified(tuple(spec.without_nan() for spec in self.specs))

    def strategy(self, *, near: bool = False, away: bool = False) -> "ExampleStrategy":
        from hypothesis import strategies as st

        specs = [spec.near() if near else spec for spec in self.specs]

        @st.composite
        def arrays(draw: Callable[[Any], Any]) -> tuple[Any, ...]:
            sizes = {name: draw(st.sampled_from(self._sizes(name))) for name in self._names()}
            return tuple(draw(spec.arrays(sizes, away)) for spec in specs)

        return arrays()

    def large(self, count: int) -> list[Example]:
        """64 rows of about 256 numbers."""
        others = [name for name in self._names() if name != BATCH]
        sizes = dict.fromkeys(others, round(LARGE_ROW ** (1 / max(len(others), 1)))) | {BATCH: LARGE_BATCH}
        random = np.random.default_rng(0)
        return [tuple(spec.sample(sizes, random) for spec in self.specs) for _ in range(count)]

    def very_large(self, numbers: int, count: int) -> list[Example]:
        """The batch grows, or all named axes if there is none; sizes are odd where the specs leave them open."""
        names = self._names()
        growing = {BATCH} if any(BATCH in spec.shape for spec in self.specs) else set(names)
        across = round(LARGE_ROW ** (1 / max(len(names) - 1, 1))) | 1
        sizes = {name: max(self._sizes(name)[0], across) for name in names if name not in growing}
        lengths = [_length(spec, sizes, growing, numbers) for spec in self.specs if growing & set(spec.shape)]
        if not lengths:
            return []
        sizes |= dict.fromkeys(growing, max(1, int(min(lengths))) | 1)
        random = np.random.default_rng(4)
        return [tuple(spec.sample(sizes, random) for spec in self.specs) for _ in range(count)]

    def edges(self) -> list[Example]:
        sizes = {name: max(self._sizes(name)[0], 3) for name in self._names()}
        return [tuple(spec.tiled(sizes | {BATCH: batch}) for spec in self.specs) for batch in EDGE_BATCHES]

    def spread(self, count: int) -> list[Example]:
        sizes = {name: self._sizes(name)[0] for name in self._names()} | {BATCH: SPREAD_BATCH}
        random = np.random.default_rng(5)
        return [tuple(spec.spread(sizes, random) for spec in self.specs) for _ in range(count)]

    def for_any_batch(self, arrays: Example) -> list[tf.TensorSpec] | None:
        if not any(BATCH in spec.shape for spec in self.specs):
            return None
        shapes = [
            [None if axis == BATCH else size for axis, size in zip(spec.shape, array.shape, strict=True)]
            for spec, array in zip(self.specs, arrays, strict=True)
        ]
        return [tf.TensorSpec(shape, array.dtype) for shape, array in zip(shapes, arrays, strict=True)]

    def _sizes(self, name: str) -> list[int]:
        least = max(spec.least for spec in self.specs if name in spec.names())
        return [0, 1, 2, 3, 4, 5] if name == BATCH else [least, *(size for size in AXIS_SIZES if size > least)]

    def _names(self) -> list[str]:
        return sorted(set().union(*(spec.names() for spec in self.specs)))


@dataclass(frozen=True)
class Drawn(ArgumentSource):
    """Tuples of arrays that a user's strategy draws; the first axis of each is the batch."""

    tuples: "ExampleStrategy"

    def strategy(self, *, near: bool = False, away: bool = False) -> "ExampleStrategy":
        return self.tuples

    def large(self, count: int) -> list[Example]:
        """The first that are drawn and not empty."""
        found: list[Example] = []
        check_examples(self.tuples, found.append, 4 * count)
        return [arrays for arrays in found if all(map(np.size, arrays))][:count]

    def for_any_batch(self, arrays: Example) -> list[tf.TensorSpec] | None:
        if not any(map(np.ndim, arrays)):
            return None
        return [tf.TensorSpec([None, *array.shape[1:]] if array.ndim else [], array.dtype) for array in arrays]


def argument_source(inputs: Any) -> ArgumentSource:
    """Return the source that the argument `inputs` of check_op stands for."""
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


def very_large_examples(source: ArgumentSource, functions: Sequence[Callable[[Example], Any]]) -> list[Example]:
    """Return examples of one size, the largest before which each function, of arrays, took few seconds."""
    found: list[Example] = []
    for numbers in VERY_LARGE:
        if found and max(_seconds(function, found[0]) for function in functions) > MOST_SECONDS:
            break
        found = source.very_large(numbers, VERY_LARGE_COUNT)
    return found


def most_numbers(arrays: Example) -> int:
    """Return the size of the largest array."""
    return max(map(np.size, arrays))


def _length(spec: Spec, sizes: Mapping[str, int], growing: set[str], numbers: int) -> float:
    """Return the size of each growing axis with which this argument has `numbers` numbers."""
    others = math.prod(sizes[axis] if isinstance(axis, str) else axis for axis in spec.shape if axis not in growing)
    return (numbers / max(others, 1)) ** (1 / sum(axis in growing for axis in spec.shape))


def _seconds(function: Callable[[Example], Any], arrays: Example) -> float:
    """Return the shorter of two calls; 0 if they raise, which the laws will tell.

    Of the clock and the processor's time the shorter: on a busy machine a call waits, and with many cores it has more
    of the processor than of the clock.
    """
    taken = []
    for _ in range(2):
        before = time.perf_counter(), time.process_time()
        try:
            function(arrays)
        except Exception:
            return 0.0
        taken += [time.perf_counter() - before[0], time.process_time() - before[1]]
    return min(taken)
