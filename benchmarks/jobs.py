"""A job: a network, its batches and the rows it learns from. It needs only NumPy, so every peer makes the same one."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np

LEARNING_RATE = 1e-4  # with 1e-3 the largest networks are chaotic: rounding alone moves a loss by 1 in 1,000
# Adam's: PyTorch and Optax add it after the correction of the root, the others before. With Keras's 1e-7 their losses
# part by 1 in 1,000 within two epochs; with this one it does not matter where it is added.
EPSILON = 1e-12
DRAWN = 100_000  # rows drawn at most; more rows are these again, since drawing 10,000,000 would take longer than using


@dataclass(frozen=True)
class Job:
    """What every peer does.

    Args:
        name: What the table calls it.
        sizes: Widths from the inputs to the classes, relu between.
        batch_size: Rows of a step.
        rows: Rows of an epoch.
        file: An .npz with x and y; None draws the rows.
        learning_rate: Adam's.
    """

    name: str
    sizes: tuple[int, ...]
    batch_size: int
    rows: int
    file: str | None = None
    learning_rate: float = LEARNING_RATE

    @property
    def steps(self) -> int:
        """How many steps an epoch has, the short last batch included."""
        return -(-self.rows // self.batch_size)

    def arrays(self) -> tuple[np.ndarray, np.ndarray]:
        """Return x, float32[rows, features], and y, int32[rows]."""
        return loaded(self.file) if self.file else drawn(self.rows, self.sizes[0], self.sizes[-1])

    def weights(self) -> list[np.ndarray]:
        """Return the first weights, float32: for each layer a kernel, Glorot uniform, and a bias of zeros."""
        random = np.random.default_rng(1)
        return [part for pair in pairwise(self.sizes) for part in (glorot(random, pair), np.zeros(pair[1], np.float32))]

    def orders(self, epochs: int) -> list[np.ndarray]:
        """Return the order of the rows in each epoch, int32[rows]."""
        return [np.random.default_rng(epoch).permutation(self.rows).astype(np.int32) for epoch in range(epochs)]


@lru_cache(maxsize=1)
def drawn(rows: int, features: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw normal numbers, and the class that a random linear map of them and some noise give."""
    random = np.random.default_rng(0)
    x = random.standard_normal((min(rows, DRAWN), features), np.float32)
    scores = x @ random.standard_normal((features, classes), np.float32)
    noise = random.standard_normal(scores.shape, np.float32) * features**0.5
    y = (scores + noise).argmax(axis=1).astype(np.int32)
    return np.resize(x, (rows, features)), np.resize(y, rows)


@lru_cache(maxsize=1)
def loaded(file: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and y of an .npz."""
    arrays = np.load(file)
    return arrays["x"], arrays["y"]


def glorot(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Draw Glorot's uniform weights."""
    limit = (6 / sum(shape)) ** 0.5
    return random.uniform(-limit, limit, shape).astype(np.float32)
