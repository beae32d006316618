"""What a trained model makes of a column: permutation importance and partial dependence, as scikit-learn defines them.

Both look at the columns as they were read, before they become the inputs of a network.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Columns: TypeAlias = Mapping[str, npt.NDArray[Any]]
"""float64[rows] or object[rows] of str, by column name."""

GRID = 20
LOW, HIGH = 0.05, 0.95  # of the cells; scikit-learn's range
MOST_CATEGORIES = 12


def column_importance(
    columns: Columns,
    scores: Callable[[Columns, int], Sequence[float] | npt.NDArray[np.float64]],
    *,
    names: Sequence[str],
    repeats: int = 5,
    seed: int = 0,
) -> dict[str, list[float]]:
    """Return by how much a score falls if a column's cells are shuffled among the rows.

    The shuffles are those of `sklearn.inspection.permutation_importance(..., n_repeats=repeats, random_state=seed)`:
    each column has the same ones, and a repeat shuffles what the one before has left.
    Source: L. Breiman, "Random Forests", Machine Learning 45, 2001, section 10.

    Args:
        columns: Rows that were not trained on.
        scores: (columns, count) -> a figure of the model on each of `count` tables of as many rows, which stand one
            after the other, so that the model is asked once for all; higher is better.
        names: The columns to shuffle.
        repeats: How often each is shuffled.
        seed: Of the shuffles.

    Returns:
        By column: the score of the columns − that of the shuffled columns, of each repeat.
    """
    (whole,) = scores(columns, 1)
    seed = np.random.RandomState(seed).randint(np.iinfo(np.int32).max + 1)
    tables = {name: np.tile(cells, repeats) for name, cells in columns.items()}
    shuffled = {name: np.concatenate(_shuffles(columns[name], repeats, seed)) for name in names}
    return {
        name: [float(whole - score) for score in scores({**tables, name: cells}, repeats)]
        for name, cells in shuffled.items()
    }


def partial_dependence_of(
    columns: Columns, name: str, predict: Callable[[Columns], npt.NDArray[Any]]
) -> tuple[list[Any], list[list[float]]]:
    """Return what the model predicts on average if all rows have the same value in one column.

    As `sklearn.inspection.partial_dependence(kind="average", grid_resolution=20)`: up to 19 different cells are all
    taken, of more numbers 20 between their 5 % and their 95 % quantile. Of more than 12 categories the most frequent.
    Source: J. Friedman, "Greedy Function Approximation", Annals of Statistics 29, 2001, equation 53.

    Args:
        columns: Rows of the table.
        name: The column.
        predict: Columns -> float[rows, outputs].

    Returns:
        The values of the column, and for each output the mean prediction at each of them.
    """
    grid = value_grid(columns[name])
    rows = len(columns[name])
    repeated = {other: np.tile(cells, len(grid)) for other, cells in columns.items()}
    repeated[name] = np.repeat(grid, rows)
    outputs = np.asarray(predict(repeated), np.float64)
    means = outputs.reshape(len(grid), rows, -1).mean(axis=1)
    return grid.tolist(), means.T.tolist()


def value_grid(cells: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values at which a column is looked at; see `partial_dependence_of`.

    Args:
        cells: float64[rows], where NaN has no part, or object[rows] of str.

    Returns:
        Ascending numbers, or sorted categories.
    """
    if cells.dtype.kind == "O":
        values, counts = np.unique(cells.astype(str), return_counts=True)
        kept = np.sort(np.argsort(-counts, kind="stable")[:MOST_CATEGORIES])
        return values[kept].astype(object)
    numbers = np.unique(cells[~np.isnan(cells)])
    if len(numbers) < GRID:
        return numbers
    present = np.sort(cells[~np.isnan(cells)])
    return np.linspace(_cunnane_quantile(present, LOW), _cunnane_quantile(present, HIGH), GRID)


def _shuffles(cells: npt.NDArray[Any], repeats: int, seed: int) -> list[npt.NDArray[Any]]:
    random, order, shuffled = np.random.RandomState(seed), np.arange(len(cells)), []
    for _ in range(repeats):
        random.shuffle(order)
        cells = cells[order]
        shuffled.append(cells)
    return shuffled


def _cunnane_quantile(ascending: npt.NDArray[np.float64], share: float) -> float:
    """Return scipy's mquantiles(…, alphap=0.4, betap=0.4), which scikit-learn takes.

    Source: C. Cunnane, "Unbiased Plotting Positions", Journal of Hydrology 37, 1978.
    """
    count = len(ascending)
    position = count * share + 0.4 + share * (1 - 0.4 - 0.4)
    below = int(np.floor(np.clip(position, 1, count - 1)))
    weight = np.clip(position - below, 0, 1)
    return float((1 - weight) * ascending[below - 1] + weight * ascending[below])
