"""Means over splits with standard errors, paired differences on the same splits, ranks over tables."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt


class Mean(NamedTuple):
    """A mean of `count` values and its standard error, s / √n; nan for one value."""

    mean: float
    error: float
    count: int


def mean(values: Sequence[float]) -> Mean:
    """Return the mean. The splits of one table share rows, so that its standard error is a little too small."""
    count = len(values)
    error = float(np.std(values, ddof=1) / np.sqrt(count)) if count > 1 else float("nan")
    return Mean(float(np.mean(values)), error, count)


def difference(ours: Mapping[int, float], theirs: Mapping[int, float]) -> Mean | None:
    """Return the mean of ours − theirs over the seeds that both have, by seed; None if there are none."""
    common = sorted(ours.keys() & theirs.keys())
    return mean([ours[seed] - theirs[seed] for seed in common]) if common else None


def ranks(values: Sequence[float], *, descending: bool) -> npt.NDArray[np.float64]:
    """Return the rank of each value from 1, the best; equal ones share the mean of their ranks."""
    signed = np.asarray(values) * (-1 if descending else 1)
    below = (signed[:, np.newaxis] > signed).sum(axis=1)
    equal = (signed[:, np.newaxis] == signed).sum(axis=1)
    return below + (equal + 1) / 2


def mean_ranks(tables: Sequence[Sequence[float]], *, descending: bool) -> list[Mean]:
    """Return the mean rank of each method over tables, each with a value for each method."""
    each = np.array([ranks(values, descending=descending) for values in tables])  # [tables, methods]
    return [mean(column.tolist()) for column in each.T]
