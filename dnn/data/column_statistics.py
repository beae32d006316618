"""What is exact of columns that are read a block at a time: counts, means, variances, extremes, and vocabularies.

Sums within a block are NumPy's in float64, pairwise; blocks are joined by the formula of T. F. Chan, G. H. Golub and
R. J. LeVeque, "Updating Formulae and a Pairwise Algorithm for Computing Sample Variances", 1979, equation 2.1.
"""

from collections.abc import Mapping
from itertools import repeat
from math import sqrt

import numpy as np
import numpy.typing as npt

from dnn.data.table import Column

MOST_STRINGS = 2**20  # different ones of a column, which are in memory


class Moments:
    """Count, mean and sum of squared deviations of the numbers of a column that are not empty, and their extremes."""

    def __init__(self) -> None:
        self.rows = self.count = 0
        self.mean = self.squares = 0.0
        self.least, self.greatest = np.inf, -np.inf

    def add(self, cells: Column) -> None:
        """Take float64[rows], NaN for an empty cell."""
        self.rows += len(cells)
        filled = cells[~np.isnan(cells)]
        if not len(filled):
            return
        mean = float(filled.mean())
        count, apart = self.count + len(filled), mean - self.mean
        self.squares += float(np.square(filled - mean).sum()) + apart**2 * (self.count * len(filled) / count)
        self.mean += apart * (len(filled) / count)
        self.count = count
        self.least, self.greatest = min(self.least, float(filled.min())), max(self.greatest, float(filled.max()))

    @property
    def deviation(self) -> float:
        """The standard deviation over all rows, an empty cell counting as the mean; 0 where all cells are equal."""
        return 0.0 if self.least >= self.greatest else sqrt(self.squares / self.rows)

    @property
    def extremes(self) -> tuple[float, float]:
        """The least and the greatest cell; 0 where all are empty."""
        return (self.least, self.greatest) if self.count else (0.0, 0.0)


class Vocabulary:
    """The different strings of a column, numbered in the order they come, and the rows of each.

    Args:
        name: Of the column, for messages.
        most: How many different strings there may be.
        remedy: What to do where there are more.
    """

    def __init__(self, name: str, most: int = MOST_STRINGS, remedy: str = "leave it out, or group its values") -> None:
        self.name, self.most, self.remedy = name, most, remedy
        self.numbers: dict[str, int] = {}
        self.rows = np.zeros(0, np.int64)

    def add(self, cells: Column) -> npt.NDArray[np.int32]:
        """Count object[rows] of str, and return the number of each row's string.

        Raises:
            ValueError: If there are more different strings than there may be.
        """
        found = np.fromiter(map(self.numbers.get, cells.tolist(), repeat(-1)), np.int32, len(cells))
        for row in np.flatnonzero(found < 0).tolist():
            found[row] = self.numbers.setdefault(cells[row], len(self.numbers))
        if len(self.numbers) > self.most:
            raise ValueError(f"column {self.name!r} has more than {self.most:,} different values; {self.remedy}")
        self.rows = np.append(self.rows, np.zeros(len(self.numbers) - len(self.rows), np.int64))
        self.rows += np.bincount(found, minlength=len(self.rows))
        return found

    def strings(self, numbers: npt.NDArray[np.int32]) -> Column:
        """Return the strings of these numbers, object[rows]."""
        return np.array(list(self.numbers), object)[numbers]

    @property
    def counts(self) -> Mapping[str, int]:
        """The rows of each string."""
        return dict(zip(self.numbers, self.rows.tolist(), strict=True))
