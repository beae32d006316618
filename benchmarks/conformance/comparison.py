"""A piece beside Keras and beside exact arithmetic, and the rows of the table that follow from comparing them."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from benchmarks.conformance.bounds import ALL
from benchmarks.conformance.exact import parts
from benchmarks.conformance.measure import Unit, largest_difference, largest_error

Arrays = Sequence[npt.NDArray[Any]]
Function = Callable[..., Arrays]


@dataclass(frozen=True)
class Part:
    """One result of a piece.

    Args:
        name: "value" or "gradient by x", say.
        unit: What its error is counted in.
        bound: The largest error that the arithmetic allows, in units, on any processor. None where there is no exact
            value.
        keras_bits: Whether Keras runs the same operations in the same order, so that its results have the same bits.
    """

    name: str
    unit: Unit
    bound: float | None
    keras_bits: bool = False


@dataclass(frozen=True)
class Reason:
    """Why the error of some rows is notable.

    Args:
        of: "stricter": less than half of Keras's. "red": above Keras's. "large": more than 20 units.
        why: What the table says.
        part: A pattern for the name of the part.
        domain: A pattern for the inputs.
        dtypes: The dtypes.
    """

    of: Literal["stricter", "red", "large"]
    why: str
    part: str = "*"
    domain: str = "*"
    dtypes: Sequence[str] = ALL

    def fits(self, row: "Row") -> bool:
        """Whether it is about this row, if it is about the row's piece."""
        return row.dtype in self.dtypes and fnmatchcase(row.part, self.part) and fnmatchcase(row.domain, self.domain)


@dataclass(frozen=True)
class Comparison:
    """A piece on inputs of one kind and one dtype.

    Args:
        name: The public name, followed by its options: "Adam, amsgrad".
        domain: The kind of the inputs, "ordinary" or "extreme", say.
        dtype: Of the inputs.
        parts: What each of the three functions returns an array for.
        draw: (random, chunk) -> the inputs.
        ours: Takes the inputs.
        keras_s: The same in Keras; None if it has no such piece.
        exact: The same in exact arithmetic; None if there is no exact value, as of drawn weights.
        chunks: How many times inputs are drawn.
        reasons: Why rows are notable, the first that fits.
    """

    name: str
    domain: str
    dtype: str
    parts: Sequence[Part]
    draw: Callable[[np.random.Generator, int], Sequence[Any]]
    ours: Function
    keras_s: Function | None
    exact: Function | None
    chunks: int = 8
    reasons: Sequence[Reason] = ()


@dataclass(frozen=True)
class Row:
    """One line of the table: a part of a comparison. Errors and the difference are the largest of all numbers."""

    piece: str
    part: str
    domain: str
    dtype: str
    unit: str
    numbers: int
    difference: float | None
    our_error: float | None
    keras_error: float | None
    bound: float | None
    keras_bits: bool

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.piece, self.part, self.domain, self.dtype

    @property
    def wrong(self) -> str:
        """What is wrong with the row: an error above its bound, or other bits than Keras's; nothing if it is right."""
        if self.bound is not None and not (self.our_error is not None and self.our_error <= self.bound):
            return f"the error is {self.our_error} {self.unit}, the bound {self.bound}"
        if self.keras_bits and self.difference != 0:
            return f"the bits must be Keras's, but the difference is {self.difference} {self.unit}"
        return ""

    @property
    def is_red(self) -> bool:
        """Whether our error is above Keras's, however little."""
        return self.our_error is not None and self.keras_error is not None and self.our_error > self.keras_error

    @property
    def is_stricter(self) -> bool:
        """Whether Keras's error is over half a last place and more than twice ours, or Keras has no such piece."""
        if self.our_error is None or self.keras_error is None:
            return self.our_error is not None
        return self.keras_error > max(2 * self.our_error, 1e-9 if self.unit == "one" else 0.5)

    @property
    def is_large(self) -> bool:
        """Whether our error is more than 20 units: more than a few roundings."""
        return self.our_error is not None and self.our_error > 20


def rows_of(comparison: Comparison, chunks: int | None = None, *, beside_keras: bool = True) -> list[Row]:
    """Measure a comparison.

    The inputs of chunk i are drawn from a seed made of i and the comparison's name, so they are always the same.

    Args:
        comparison: What to measure.
        chunks: How many chunks of inputs to draw; None draws all.
        beside_keras: Whether to run Keras too. Where the bits must be Keras's, it runs in any case.

    Returns:
        A row for each part.
    """
    keras_s = comparison.keras_s if beside_keras or any(part.keras_bits for part in comparison.parts) else None
    chunks = min(chunks or comparison.chunks, comparison.chunks)
    measured = zip(*(_measured(comparison, keras_s, chunk) for chunk in range(chunks)), strict=True)
    return [_row(comparison, part, figures) for part, figures in zip(comparison.parts, measured, strict=True)]


@dataclass(frozen=True)
class _Figures:
    """What was measured of a part on one chunk."""

    numbers: int
    difference: float | None
    our_error: float | None
    keras_error: float | None


def _row(comparison: Comparison, part: Part, figures: Sequence[_Figures]) -> Row:
    return Row(
        comparison.name,
        part.name,
        comparison.domain,
        comparison.dtype,
        part.unit.__name__,
        sum(chunk.numbers for chunk in figures),
        _largest(chunk.difference for chunk in figures),
        _largest(chunk.our_error for chunk in figures),
        _largest(chunk.keras_error for chunk in figures),
        part.bound,
        part.keras_bits,
    )


def _measured(comparison: Comparison, keras_s: Function | None, chunk: int) -> list[_Figures]:
    seed = [chunk, *f"{comparison.name} {comparison.domain} {comparison.dtype}".encode()]
    inputs = comparison.draw(np.random.default_rng(seed), chunk)
    dtype = np.dtype(tf.as_dtype(comparison.dtype).as_numpy_dtype)
    nothing = [None] * len(comparison.parts)
    results = (nothing if f is None else f(*inputs) for f in (comparison.ours, keras_s, comparison.exact))
    figures = []
    for part, ours, theirs, numbers in zip(comparison.parts, *results, strict=True):
        exact = None if numbers is None else parts(numbers)
        difference = None if theirs is None else largest_difference(ours, theirs, exact, part.unit, inputs, dtype)
        errors = [
            None if exact is None or actual is None else largest_error(actual, exact, part.unit, inputs, dtype)
            for actual in (ours, theirs)
        ]
        figures.append(_Figures(np.size(ours), difference, *errors))
    return figures


def _largest(figures: Iterator[float | None]) -> float | None:
    return max((figure for figure in figures if figure is not None), default=None)
