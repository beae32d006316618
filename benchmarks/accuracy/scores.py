"""The three scores, and how a report shows them."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from benchmarks.accuracy.results import Result

BySeed = Mapping[int, Result]
ByMethod = Mapping[str, BySeed]


class Score(NamedTuple):
    """A score, and how it is shown."""

    name: str
    label: str
    descending: bool
    scale: float
    digits: int


SCORES = (
    Score("accuracy", "accuracy, %", True, 100, 2),
    Score("roc_auc", "ROC AUC", True, 1, 4),
    Score("log_loss", "log loss", False, 1, 4),
)


def header(cells: Sequence[str]) -> list[str]:
    """Return the first lines of a table in Markdown."""
    return [row(cells), "|" + "---|" * len(cells)]


def row(cells: Sequence[str]) -> str:
    """Return a line of it."""
    return "| " + " | ".join(cells) + " |"
