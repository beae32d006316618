"""One split of one table, the same for all methods, and the forms in which they take its rows."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

import dnn

Classes = npt.NDArray[np.int32]
Probabilities = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Split:
    """Training, validation and test rows: 80, 10 and 10 %, dealt class by class.

    Args:
        train: Rows to learn from.
        validation: Rows by which a fit is stopped, or the best of several is chosen.
        test: Rows that are only scored.
        seed: Of the split, and of whatever a method draws.
    """

    train: dnn.Part
    validation: dnn.Part
    test: dnn.Part
    seed: int

    @cached_property
    def labels(self) -> dnn.Labels:
        """The classes, as the training rows have them."""
        return dnn.Labels(self.train.target)

    @cached_property
    def encoder(self) -> dnn.Features:
        """Standardised numbers, the mean where one is missing, and one-hot categories: what a plain network gets."""
        return dnn.Features(self.train.columns)

    @cached_property
    def categories(self) -> dict[str, npt.NDArray[Any]]:
        """The categories of each such column, among the training rows."""
        kinds = {name: cells for name, cells in self.train.columns.items() if cells.dtype.kind == "O"}
        return {name: np.unique(cells[cells != ""].astype(str)) for name, cells in kinds.items()}

    def classes(self, part: dnn.Part) -> Classes:
        """Return the class number of each row."""
        return self.labels(part.target)

    def encoded(self, part: dnn.Part) -> npt.NDArray[np.float32]:
        """Return the rows as a plain network gets them."""
        return self.encoder(part.columns).numpy()

    def frame(self, part: dnn.Part, *, fill: bool = False) -> Any:
        """Return the rows as a pandas frame with NaN for what is missing, and for a category that training lacks.

        Args:
            part: The rows.
            fill: Whether a missing number becomes the training rows' mean, and a missing category one of its own.
        """
        import pandas as pd

        frame = {}
        for name, cells in part.columns.items():
            if name in self.categories:
                frame[name] = pd.Series(self._categorical(name, cells))
                frame[name] = frame[name].cat.add_categories([""]).fillna("") if fill else frame[name]
            else:
                frame[name] = np.where(np.isnan(cells), self.means[name], cells) if fill else cells
        return pd.DataFrame(frame)

    def _categorical(self, name: str, cells: npt.NDArray[Any]) -> Any:
        import pandas as pd

        known = np.isin(cells.astype(str), self.categories[name])
        return pd.Categorical(np.where(known, cells, None), categories=self.categories[name])

    @cached_property
    def means(self) -> dict[str, float]:
        """The mean of each column of numbers over the training rows; 0 for one without any."""
        numbers = {name: cells for name, cells in self.train.columns.items() if name not in self.categories}
        known = {name: cells[~np.isnan(cells)] for name, cells in numbers.items()}
        return {name: float(cells.mean()) if cells.size else 0.0 for name, cells in known.items()}


def split(table: dnn.Table, target: str, seed: int) -> Split:
    """Return the rows of a table in three parts, by seed."""
    train, validation, test = dnn.split(table, target, fractions=(0.8, 0.1, 0.1), seed=seed)
    return Split(train, validation, test, seed)
