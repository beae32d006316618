"""Checkpoints of a fit: the folder in which its state is kept, when, and how many.

All that decides what comes next is kept: the model's variables, the optimizer's, the weights of the best epoch, the
history, what early stopping and callbacks have seen, the place in the epoch. Chance needs no state: the order of rows
and what dropout draws are decided by (seed, epoch, step). So a fit that is killed and gone on with ends with the very
weights of one that was not. `dnn.train.keeper` does it.
"""

import re
from pathlib import Path

from dnn.nn.argument_checks import checked_count
from dnn.train.every import checked_every

NAME = re.compile(r"state-(\d{6,})-(\d{9,})")  # epochs and steps that are done


class Checkpoints:
    """A folder with the last states of a fit, each complete: what `dnn.fit(..., checkpoint=)` writes and goes on from.

    Args:
        folder: To make, or that of an earlier fit with the same arguments, which is then gone on with.
        every: "500 steps", "2 epochs" or "10 minutes". None: after an epoch, unless saving would take more than a
            fiftieth of the time.
        keep: How many states are kept, >= 1, the last ones; each holds the weights of the best epoch too.

    Raises:
        ValueError: If `every` is none of these, or a number is out of its range.
    """

    def __init__(self, folder: str | Path, *, every: str | None = None, keep: int = 2) -> None:
        self.folder, self.every, self.keep = Path(folder), checked_every(every), checked_count(keep, "keep")

    def states(self) -> list[Path]:
        """Find what the folder holds.

        Returns:
            The folder of each state, the last one first.
        """
        found = [path for path in self.folder.glob("state-*") if NAME.fullmatch(path.name)]
        return sorted(found, key=lambda path: tuple(map(int, path.name.split("-")[1:])), reverse=True)
