"""A score as a piece: what it gives for all rows at once, in which range, and for perfect predictions."""

import inspect
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.testing.examples import LABELS, LOGITS
from dnn.testing.pieces import Piece, _Result


@dataclass(frozen=True, eq=False)
class Score(Piece):
    """A score: (labels, logits) -> a number or an array for all rows at once, in NumPy.

    Args:
        name: What errors call it.
        subject: The score. If it has a parameter `sample_weight`, laws ask what weights of rows mean.
        examples: Labels, and logits or predictions, of 7 rows each.
        any_shape: Whether it takes examples of any shape, so that none is wrong.
        xla: Not used for a score, which is not compiled.
        refuses: Whether it must refuse wrong arguments by name. Say False where they are the caller's care.
        least: The least number that it may give.
        most: The greatest.
        perfect: Examples of perfect predictions, for which it must give `best` everywhere. None: no law asks.
        best: The score of `perfect`.
    """

    examples: tuple[npt.NDArray[Any], ...] = (LABELS, LOGITS)
    least: float = -np.inf
    most: float = np.inf
    perfect: tuple[npt.NDArray[Any], ...] | None = None
    best: float = 1.0

    def fresh(self) -> tf.Module:
        return _Result(self.subject, np.asarray)

    def is_weighted(self) -> bool:
        """Return whether the score takes weights of rows.

        Returns:
            Whether it has a parameter `sample_weight`.
        """
        return "sample_weight" in inspect.signature(self.subject).parameters
