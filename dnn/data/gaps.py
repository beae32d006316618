"""Cells for which the features have no value of their own, counted: empty ones, and categories that were not learnt."""

from collections import Counter
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from dnn.data.one_hot import OneHot
from dnn.data.ordinal import Ordinal
from dnn.data.table import Column


class Gap(NamedTuple):
    """Cells for which the features have no value of their own. problem: "empty" or "never seen in training"."""

    column: str
    problem: str
    cells: int
    treatment: str


def numeric_gap(name: str, cells: Column, indicated: bool) -> Gap:
    """Count the empty cells of a column of numbers."""
    treatment = f"the training mean, and 1 in {is_missing_name(name)!r}" if indicated else "the training mean"
    return Gap(name, "empty", int(np.isnan(cells).sum()), treatment)


def category_gaps(blocks: Mapping[str, OneHot | Ordinal], columns: Mapping[str, Column]) -> list[Gap]:
    """Count the cells of categories that are not among those learnt, and the empty ones that are."""
    gaps = []
    for name, block in blocks.items():
        counts, known = Counter(columns[name]), set(block.categories)
        problem, treatment = block.unknown
        gaps.append(Gap(name, problem, sum(counts[category] for category in counts.keys() - known), treatment))
        if "" in known:
            gaps.append(Gap(name, "empty", counts[""], "a category of its own"))
    return gaps


def is_missing_name(column: str) -> str:
    """Return the name of the feature that is 1 where a number is missing.

    >>> is_missing_name("age")
    'age is missing'
    """
    return f"{column} is missing"
