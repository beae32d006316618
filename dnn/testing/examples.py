"""The arguments that pieces are called with by default: 7 rows, of which smaller batches are the first."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

ROWS = 7


def normal_rows(columns: int, seed: int) -> npt.NDArray[np.float32]:
    """Return float32[7, columns], normal; but the first row has 0, 20 and -20."""
    x = np.random.default_rng(seed).normal(size=(ROWS, columns)).astype(np.float32)
    x[0, :3] = [0, 20, -20][:columns]
    return x


X = normal_rows(4, seed=0)
"""float32[7, 4]: the argument of activations, layers and optimizers."""
LABELS = np.array([2, 0, 1, 1, 2, 0, 0], np.int32)
"""int32[7]: class numbers below 3."""
LOGITS = normal_rows(3, seed=1)
"""float32[7, 3]: logits of 3 classes."""
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
"""float32[7, 3]: LABELS as one-hot targets."""
BINARY_TARGETS = ONE_HOT[:, :2]
"""float32[7, 2]: two binary targets for each row."""
BINARY_LOGITS = normal_rows(2, seed=2)
"""float32[7, 2]: their logits."""


def with_nan(examples: Sequence[npt.NDArray[Any]]) -> tuple[npt.NDArray[Any], ...]:
    """Return the examples with a NaN in the first row of the last."""
    *others, last = examples
    last = last.copy()
    last[0, 0] = np.nan
    return (*others, last)
