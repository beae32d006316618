"""The order of an epoch of rows on a disk: lanes, each of which goes through its part of the shards, take turns.

The shards of an epoch follow each other in a drawn order. What they hold is cut into 24 parts of one length, the lanes.
Row i of the epoch is of lane i mod 24; in a window of a lane its rows are permuted. So each batch is of all lanes, and
of n workers, where n divides 24, each reads the lanes k, k + n, … alone, for every n-th row of each batch.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LANES = 24


class RowSpan(NamedTuple):
    """Rows that follow each other in the drawn order of the shards: the first, and how many."""

    first: int
    rows: int


def part_of_rows(rows: int, number: int, parts: int) -> RowSpan:
    """Return one of equal parts of so many rows; the first ones have a row more where it does not come out even."""
    even, more = divmod(rows, parts)
    return RowSpan(number * even + min(number, more), even + (number < more))


class Turns:
    """The lanes of one share of the rows, which take turns.

    Args:
        rows: Of the epoch, of all shares.
        window: Rows of all lanes that are permuted lane by lane, and so are in memory, about.
        share: (k, n): every n-th row of the epoch, from row k on.

    Attributes:
        rows: Of the share.
        most: Of one window.

    Raises:
        ValueError: If n does not divide the number of lanes.
    """

    def __init__(self, rows: int, window: int, share: tuple[int, int] = (0, 1)) -> None:
        number, shares = share
        if shares < 1 or LANES % shares or not 0 <= number < shares:
            raise ValueError(f"share must be (k, n) of n that divides {LANES}, and 0 <= k < n, got {share}")
        self.lanes = range(number, LANES, shares)
        self.parts = [part_of_rows(rows, lane, LANES) for lane in self.lanes]
        self.depth = max(1, -(-min(window, rows) // LANES))  # of a lane in a window
        self.rows = sum(part.rows for part in self.parts)
        self.most = min(self.rows, self.depth * len(self.lanes))

    def windows(self, seed: int, epoch: int, first: int = 0) -> Iterator[tuple[list[RowSpan], npt.NDArray[np.int64]]]:
        """Yield the windows of an epoch from row `first` of the share on.

        Yields:
            What of each lane to read, one after the other; and int64[rows], which of these rows follow each other.
        """
        whole = self.depth * len(self.lanes)
        for window in range(first // whole, -(-self.rows // whole)):
            begin = window * self.depth
            pieces = [RowSpan(part.first + begin, min(self.depth, part.rows - begin)) for part in self.parts]
            places = np.full((self.depth, len(self.lanes)), -1)
            read = 0
            for column, (lane, piece) in enumerate(zip(self.lanes, pieces, strict=True)):
                drawn = np.random.default_rng((seed, epoch, window, lane)).permutation(piece.rows)
                places[: piece.rows, column] = read + drawn
                read += piece.rows
            yield pieces, places[places >= 0][max(0, first - window * whole) :]
