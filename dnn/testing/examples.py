"""What pieces are called with where nothing else is given: 7 rows, and fewer from their beginning."""

import numpy as np

ROWS = 7


def numbers(columns: int, seed: int) -> np.ndarray:
    """float32[7, columns], normal; but in the first row 0, and two that are far from it."""
    x = np.random.default_rng(seed).normal(size=(ROWS, columns)).astype(np.float32)
    x[0, :3] = [0, 20, -20][:columns]
    return x


X = numbers(4, seed=0)
LABELS = np.array([2, 0, 1, 1, 2, 0, 0], np.int32)
LOGITS = numbers(3, seed=1)
ONE_HOT = np.eye(3, dtype=np.float32)[LABELS]
BINARY_TARGETS, BINARY_LOGITS = ONE_HOT[:, :2], numbers(2, seed=2)


def with_nan(examples) -> tuple[np.ndarray, ...]:
    """The examples, with a NaN in the first row of the last."""
    *others, last = examples
    last = last.copy()
    last[0, 0] = np.nan
    return (*others, last)
