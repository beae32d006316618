"""The numbers of a page: matrices with labels, of which large ones are sampled, as JSON that loses no digit."""

import json
from collections.abc import Container, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from dnn.control import plain_lines

Array = npt.NDArray[Any]
MOST_CELLS = 6_000  # of all tensors together: each is varied twice for its finite difference
MOST_WORK = 2e8  # cells shown times all numbers: each finite difference computes with all of them
MOST_OF_AN_AXIS = 64


class Map(NamedTuple):
    """A tensor, or its gradient, or what an optimizer keeps of it, of each step, as a matrix on the page.

    rows, columns: the labels of the cells shown. numbers: for each step float[cells shown]. slopes: their finite
    differences, or nothing.
    """

    id: str
    title: str
    tensor: str
    part: str
    rows: list[str]
    columns: list[str]
    numbers: list[Array]
    slopes: list[Array]
    shape: tuple[int, ...]

    @property
    def is_sampled(self) -> bool:
        """Whether not all of its cells are shown."""
        return len(self.rows) * len(self.columns) < int(np.prod(self.shape))


def matrix_shape(shape: Sequence[int]) -> tuple[int, int]:
    """Return the shape of `as_matrix` of an array of this shape."""
    columns = shape[-1] if len(shape) else 1
    return int(np.prod(shape)) // max(columns, 1), columns


def as_matrix(array: Array) -> Array:
    """Return an array as a matrix: a scalar as [1, 1], a vector as [1, n], more axes as rows."""
    return array.reshape(matrix_shape(array.shape))


def shown_indices(shape: Sequence[int], most: int) -> tuple[Array, Array]:
    """Return the rows and columns of a matrix to show: all, or `most` of them, evenly spaced."""
    rows, columns = (np.unique(np.linspace(0, size - 1, min(size, most)).round().astype(np.int64)) for size in shape)
    return rows, columns


def most_of_an_axis(shapes: Iterable[Sequence[int]]) -> int:
    """Return how many rows and columns of a matrix to show, so that all together have few enough cells."""
    most, matrices = MOST_OF_AN_AXIS, [matrix_shape(shape) for shape in shapes]
    cells = min(MOST_CELLS, MOST_WORK / max(1, sum(rows * columns for rows, columns in matrices)))
    while most > 4 and sum(min(rows, most) * min(columns, most) for rows, columns in matrices) > cells:
        most -= 4
    return most


def shown_cells(shapes: Mapping[str, Sequence[int]], among: Container[str]) -> dict[str, npt.NDArray[np.int64]]:
    """Return the flat indices of the cells that a page shows, by the name of the tensor, of those among these."""
    most = most_of_an_axis(shapes.values())
    cells = {}
    for name, shape in shapes.items():
        if name in among:
            rows, columns = shown_indices(matrix_shape(shape), most)
            cells[name] = (rows[:, np.newaxis] * matrix_shape(shape)[1] + columns).ravel()
    return cells


def json_of(value: Any) -> str:
    """Return JSON for a <script> element: each float32 by the shortest digits that give it back, NaN as a string."""
    return json.dumps(json_value(value), ensure_ascii=True, separators=(",", ":"), allow_nan=False).replace(
        "<", "\\u003c"
    )


def json_value(value: Any) -> Any:
    """Return arrays as lists; a number that JSON does not have as "NaN", "Infinity" or "-Infinity"; plain strings."""
    if isinstance(value, np.ndarray):
        return [json_number(number) for number in value.ravel()]
    if isinstance(value, dict):
        return {key: json_value(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    return plain_lines(value) if isinstance(value, str) else value


def json_number(number: Any) -> float | str:
    """Return a NumPy number as a float with the shortest digits of its own dtype."""
    if np.isfinite(number):
        return float(str(number))
    return "NaN" if np.isnan(number) else "Infinity" if number > 0 else "-Infinity"
