"""Where a fit is between two steps, and who is told of it: a keeper, which saves it, and a guard of finite numbers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.train.early_stopping import Progress
from dnn.train.guarded_epoch import Snapshot
from dnn.train.history import History
from dnn.train.rows import Rows
from dnn.train.xla import GraphOrXla


@dataclass
class FitState:
    """Where a fit is: what it has measured, and how far it is in the epoch that follows.

    step: batches of that epoch that are done, in pieces of `piece`; sums: float64[1 + metrics], of their rows;
    of a stream float64[1 + metrics + 1], the last their number.
    ended: no epoch follows. chunks: of a stream that were trained with, in all epochs.
    """

    history: History = field(default_factory=History)
    progress: Progress = field(default_factory=Progress)
    step: int = 0
    sums: npt.NDArray[np.float64] | None = None
    ended: bool = False
    piece: int | None = None
    chunks: int = 0

    @property
    def epoch(self) -> int:
        """The number of the epoch that follows, from 1."""
        return len(self.history.epochs) + 1


AfterPiece: TypeAlias = Callable[[FitState, int], bool]
"""Is told of the state after a piece of an epoch, and of the piece's steps; returns whether the epoch ends there."""


class TrainerLike(Protocol):
    """What trains an epoch: of arrays or of a stream. steps: of the last epoch; last_steps: of its last piece."""

    steps: int
    last_steps: int
    programs: list[GraphOrXla]

    @property
    def variables(self) -> list[tf.Variable]: ...
    def train(self, state: FitState, after_piece: AfterPiece) -> dict[str, float]: ...
    def so_far(self, state: FitState) -> dict[str, float]: ...


class KeeperLike(Protocol):
    """What is told of each point between two steps at which a fit may be left, and gone on with later."""

    def resumed(self) -> FitState: ...
    def after_piece(self, state: FitState, steps: int) -> None: ...
    def after_epoch(self, state: FitState, steps: int, last: bool) -> None: ...


Order: TypeAlias = tuple[Rows, npt.NDArray[np.int32], npt.NDArray[np.int32]]
"""What an epoch is run on: the rows, their order or the members' orders, and the key (seed, epoch)."""


class GuardLike(Protocol):
    """What looks whether training goes on with finite numbers."""

    @property
    def snapshot(self) -> Snapshot: ...
    def note(self, step: int) -> None: ...
    def check_part(self, state: FitState, loss: float, order: Order) -> None: ...
    def check_whole(self, state: FitState, loss: float, finite: bool, order: Order) -> None: ...
