"""Rows of a prepared folder, on the disk, whose classes weigh differently."""

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.prepared import ShardedRows


class WeightedRows:
    """Rows on the disk whose classes weigh differently.

    Args:
        source: The rows.
        factors: What a row of each class weighs.
    """

    trusted = True

    def __init__(self, source: ShardedRows, factors: npt.NDArray[np.float32]) -> None:
        self.source, self.factors = source, factors
        self.rows, self.width, self.lanes = source.rows, source.width, source.lanes

    def dataset(self, seed: int, epoch: int, first: int = 0, share: tuple[int, int] = (0, 1)) -> tf.data.Dataset:
        """Return (inputs, targets, weights) in the order of `ShardedRows.dataset`.

        Args:
            seed: int >= 0.
            epoch: From 1; 0 is the order in which the rows are stored.
            first: How many rows of this epoch to leave out.
            share: (k, n): as in `ShardedRows.dataset`.

        Returns:
            The rows, in batches of any size.
        """
        factors = tf.constant(self.factors)
        return self.source.dataset(seed, epoch, first, share).map(lambda x, y: (x, y, tf.gather(factors, y)))

    def targets(self) -> npt.NDArray[np.int32]:
        """Return the targets of all rows, [rows], as they are stored."""
        return self.source.targets()

    def __repr__(self) -> str:
        return f"{self.source}, weights {self.factors.tolist()}"
