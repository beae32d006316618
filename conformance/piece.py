"""A piece: what computes it here, in Keras and exactly; and the rows of the table that come of comparing the three."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from conformance.exact import parts
from conformance.measure import largest_difference, largest_error


@dataclass(frozen=True)
class Part:
    """One output of a piece: its name, and in what its error is counted."""

    name: str
    unit: Callable


@dataclass(frozen=True)
class Piece:
    """draw(random, chunk) gives the inputs; ours, keras_s and exact take these and give one array for each part.

    keras_s is None where Keras has no such thing, and exact where there is no exact value: of drawn weights, say.
    """

    name: str
    domain: str
    dtype: str
    parts: Sequence[Part]
    draw: Callable
    ours: Callable
    keras_s: Callable | None
    exact: Callable | None
    chunks: int = 8


@dataclass(frozen=True)
class Row:
    """One line of the table. Errors and the difference are the largest of all numbers compared, in units."""

    piece: str
    part: str
    domain: str
    dtype: str
    unit: str
    numbers: int
    difference: float | None
    our_error: float | None
    keras_error: float | None

    @property
    def key(self) -> tuple[str, str, str, str]:
        return self.piece, self.part, self.domain, self.dtype

    @property
    def is_red(self) -> bool:
        """Whether our error is above Keras's, by however little."""
        return self.our_error is not None and self.keras_error is not None and self.our_error > self.keras_error

    @property
    def is_stricter(self) -> bool:
        """Whether Keras's error is over half a last place and more than twice ours; or Keras has no such piece."""
        if self.keras_error is None:
            return self.our_error is not None
        return self.keras_error > max(2 * self.our_error, 1e-9 if self.unit == "one" else 0.5)

    @property
    def is_large(self) -> bool:
        """Whether our error is more than 20 units: more than a few roundings."""
        return self.our_error is not None and self.our_error > 20


def rows_of(piece: Piece, chunks: int | None = None) -> list[Row]:
    """A row for each part, over the first chunks of the piece's inputs; None: over all of them.

    Chunk number i is drawn from a seed that holds i and the name of the piece, so the first chunks are always the same.
    """
    figures = [[0, None, None, None] for _ in piece.parts]
    for chunk in range(min(chunks or piece.chunks, piece.chunks)):
        for figure, new in zip(figures, _figures(piece, chunk), strict=True):
            figure[0] += new[0]
            figure[1:] = map(_larger, figure[1:], new[1:])
    return [
        Row(piece.name, part.name, piece.domain, piece.dtype, part.unit.__name__, *figure)
        for part, figure in zip(piece.parts, figures, strict=True)
    ]


def _figures(piece: Piece, chunk: int) -> list[tuple]:
    """(numbers, difference, our error, Keras's error) of each part, on one chunk."""
    seed = [chunk, *f"{piece.name} {piece.domain} {piece.dtype}".encode()]
    inputs = piece.draw(np.random.default_rng(seed), chunk)
    dtype = np.dtype(tf.as_dtype(piece.dtype).as_numpy_dtype)
    ours, keras_s, exact = (
        [None] * len(piece.parts) if function is None else function(*inputs)
        for function in (piece.ours, piece.keras_s, piece.exact)
    )
    figures = []
    for part, a, b, numbers in zip(piece.parts, ours, keras_s, exact, strict=True):
        e = None if numbers is None else parts(numbers)
        figures.append(
            (
                np.size(a),
                None if b is None else largest_difference(a, b, e, part.unit, inputs, dtype),
                None if e is None else largest_error(a, e, part.unit, inputs, dtype),
                None if e is None or b is None else largest_error(b, e, part.unit, inputs, dtype),
            )
        )
    return figures


def _larger(a: float | None, b: float | None) -> float | None:
    return b if a is None else a if b is None else max(a, b)
