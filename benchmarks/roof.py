"""The roof: how long the matrix products of a job take by themselves, the faster of NumPy's and TensorFlow's.

It is measured anew each time it is asked for, in turn with the job: one from another minute says nothing of a machine
that has other work. A job can be faster than this roof, where the calls of small products cost more than the products.
"""

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.bench.clock import seconds_per_call

TRIES = 3


class Roof:
    """Seconds of float32 products [rows, inner] · [inner, columns].

    Args:
        at_least: Seconds to measure for, each time.
    """

    def __init__(self, at_least: float) -> None:
        self.at_least = at_least
        self.fastest: dict[tuple[int, int, int], dict[str, float]] = {}  # of each shape, by each tool

    def step(self, sizes: tuple[int, ...], rows: int) -> float:
        """Return the seconds of a training step: for each layer x·W and xᵀ·g, and for all but the first g·Wᵀ."""
        shapes = []
        for layer, (inputs, units) in enumerate(pairwise(sizes)):
            shapes += [(rows, inputs, units), (inputs, rows, units)]
            shapes += [(rows, units, inputs)] if layer else []
        return sum(self.product(*shape) for shape in shapes)

    def prediction(self, sizes: tuple[int, ...], rows: int) -> float:
        """Return the seconds of the logits of `rows` rows, taken 65,536 at a time, as `dnn.predict` does."""
        at_once = min(rows, 65_536)
        return sum(self.product(at_once, *pair) for pair in pairwise(sizes)) * rows / at_once

    def rates(self) -> list[dict[str, Any]]:
        """Return the highest GFLOP/s of NumPy and of TensorFlow for each shape measured so far."""
        return [
            {"shape": list(shape)} | {tool: 2e-9 * math.prod(shape) / seconds for tool, seconds in both.items()}
            for shape, both in self.fastest.items()
        ]

    def product(self, rows: int, inner: int, columns: int) -> float:
        """Return the seconds of the faster of the two now."""
        random = np.random.default_rng(0)
        left = random.standard_normal((rows, inner), np.float32)
        right = random.standard_normal((inner, columns), np.float32)
        out = np.empty((rows, columns), np.float32)
        left_tensor, right_tensor = tf.constant(left), tf.constant(right)
        now = {
            "numpy": self._best(lambda: np.matmul(left, right, out=out)),
            "tensorflow": self._best(lambda: tf.matmul(left_tensor, right_tensor)),
        }
        fastest = self.fastest.setdefault((rows, inner, columns), now)
        fastest |= {tool: min(seconds, fastest[tool]) for tool, seconds in now.items()}
        return min(now.values())

    def _best(self, function: Callable[[], Any]) -> float:
        function()
        return min(seconds_per_call(function, self.at_least) for _ in range(TRIES))
