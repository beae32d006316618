"""A uniform sample of rows that come block by block: those with the least hashes, so each set of rows is as likely.

Up to its size it is all rows. It is a bottom-k sketch; source: E. Cohen, H. Kaplan, "Summarizing Data using Bottom-k
Sketches", PODC 2007.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.row_hash import SAMPLE, Hashes, row_hashes


class RowSample:
    """Up to `size` rows of columns of numbers, drawn by (seed, number of the row).

    Args:
        size: How many rows are kept, >= 1.
        seed: int >= 0.
    """

    def __init__(self, size: int, seed: int) -> None:
        self.size, self.seed = size, seed
        self.hashes: list[Hashes] = []
        self.columns: list[Mapping[str, npt.NDArray[Any]]] = []
        self.highest = np.uint64(2**64 - 1)  # a row with a higher hash is not among the least
        self.seen = 0

    def add(self, first: int, of_block: npt.NDArray[np.int64], columns: Mapping[str, npt.NDArray[Any]]) -> None:
        """Take some rows of a block.

        Args:
            first: Number of the block's first row.
            of_block: int64[rows], the places of the rows in the block, ascending.
            columns: [rows] by name, of these rows.
        """
        self.seen += len(of_block)
        hashes = row_hashes(self.seed, first, int(of_block[-1]) + 1 if len(of_block) else 0, SAMPLE)[of_block]
        kept = np.flatnonzero(hashes <= self.highest)
        self.hashes.append(hashes[kept])
        self.columns.append({name: cells[kept] for name, cells in columns.items()})
        if sum(map(len, self.hashes)) > self.size * 5 // 4:
            self._cut()

    @property
    def complete(self) -> bool:
        """Whether it is all rows."""
        return self.seen <= self.size

    def rows(self) -> dict[str, npt.NDArray[Any]]:
        """Return the columns of the sample, in the order the rows came; the sample is empty then."""
        self._cut()
        (columns,) = self.columns
        self.hashes, self.columns = [], []
        return dict(columns)

    def _cut(self) -> None:
        """Keep the least hashes, in one piece."""
        hashes = np.concatenate(self.hashes)
        kept = np.arange(len(hashes))
        if len(hashes) > self.size:
            kept = np.sort(np.argpartition(hashes, self.size - 1)[: self.size])
            self.highest = hashes[kept].max()
        joined = {}
        for name in self.columns[0]:  # column by column, so that little is in memory twice
            joined[name] = np.concatenate([columns[name] for columns in self.columns])[kept]
        self.hashes, self.columns = [hashes[kept]], [joined]
