"""The order of an epoch of rows on a disk: lanes, each of which reads a part of the shards, take turns.

The shards of an epoch follow each other in a drawn order. What they hold is cut into 48 parts of one length, which are
read side by side, a window of each at a time. In each window the parts are dealt anew to 48 lanes, and the rows of a
lane are permuted. Row i of the epoch is of lane i mod 48. So of n workers, where n divides 48, each reads the lanes
k, k + n, … alone, for every n-th row of each batch.
"""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

LANES = 48


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
        self.parts = [part_of_rows(rows, part, LANES) for part in range(LANES)]
        self.depth = max(1, -(-min(window, rows) // LANES))  # of a lane in a window
        self.rows = sum(self.parts[lane].rows for lane in self.lanes)
        self.most = min(self.rows, self.depth * len(self.lanes))

    def windows(self, seed: int, epoch: int, first: int = 0) -> Iterator[tuple[list[RowSpan], npt.NDArray[np.int64]]]:
        """Yield the windows of an epoch from row `first` of the share on.

        Yields:
            What of each lane to read, one after the other; and int64[rows], which of these rows follow each other.
        """
        whole = self.depth * len(self.lanes)
        for window in range(first // whole, -(-self.rows // whole)):
            drawn_by = (seed, epoch, 1 + window)  # no 0 at the end, where NumPy takes it for nothing
            dealt = self._dealt(np.random.default_rng(drawn_by), window)
            spans = [self._span(dealt[lane], window) for lane in self.lanes]
            places, read = np.full((self.depth, len(spans)), -1), 0
            for column, (lane, span) in enumerate(zip(self.lanes, spans, strict=True)):
                order = np.random.default_rng((*drawn_by, 1 + lane)).permutation(span.rows)
                places[: span.rows, column] = read + order
                read += span.rows
            yield spans, places[places >= 0][max(0, first - window * whole) :]

    def _span(self, part: int, window: int) -> RowSpan:
        """Return what a window has of a part."""
        begin = window * self.depth
        return RowSpan(self.parts[part].first + begin, min(self.depth, self.parts[part].rows - begin))

    def _dealt(self, random: np.random.Generator, window: int) -> list[int]:
        """Return which part each lane has in a window; in the last, lanes with a row more get a longer part."""
        longest = self._span(0, window).rows
        more = sum(self._span(part, window).rows == longest for part in range(LANES))
        return [*random.permutation(more).tolist(), *(more + random.permutation(LANES - more)).tolist()]
