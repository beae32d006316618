"""PyTorch, eager: the loop that its tutorials show, with the sums kept as tensors until the epoch ends."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from benchmarks.jobs import EPSILON, LEARNING_RATE, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_per_call


class Trainer:
    """Trains with a loop over batches.

    Args:
        job: What to do.
        threads: How many PyTorch may use.
        fused: Whether Adam is PyTorch's fused one.
    """

    def __init__(self, job: Job, threads: int = 1, fused: bool = False) -> None:
        self.job, self.threads = job, threads
        self.x, self.y = map(torch.from_numpy, job.arrays())
        self.labels = self.y.long()
        layers = [layer for pair in pairwise(job.sizes) for layer in (torch.nn.Linear(*pair), torch.nn.ReLU())]
        self.model = torch.nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), job.weights(), strict=True):
                parameter.copy_(torch.from_numpy(value.T))  # its kernels are [units, inputs]
        self.optimizer = torch.optim.Adam(self.model.parameters(), LEARNING_RATE, eps=EPSILON, fused=fused)

    def learn(self, orders: Sequence[np.ndarray]) -> list[tuple[float, float]]:
        """Learn an epoch with the rows in each order; return its loss and accuracy."""
        return [self._epoch(torch.from_numpy(order).long()) for order in orders]

    def epoch_seconds(self, epochs: int) -> float:
        """Return the median seconds of an epoch, the first excluded."""
        laps = Laps()
        for _ in range(epochs + 1):
            self._epoch(torch.randperm(self.job.rows))
            laps.lap()
        return laps.median

    @torch.inference_mode()
    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return torch.softmax(self._logits(rows), dim=1).numpy()

    @torch.inference_mode()
    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        return seconds_per_call(lambda: self._logits(rows).numpy(), at_least)

    def _logits(self, rows: int) -> torch.Tensor:
        torch.set_num_threads(self.threads)
        return self.model(self.x[:rows])

    def _epoch(self, order: torch.Tensor) -> tuple[float, float]:
        torch.set_num_threads(self.threads)
        total, correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        for rows in order.split(self.job.batch_size):
            labels = self.labels[rows]
            self.optimizer.zero_grad()
            logits = self.model(self.x[rows])
            loss = torch.nn.functional.cross_entropy(logits, labels)
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(rows)
            correct += (logits.argmax(dim=1) == labels).sum()
        return total.item() / len(order), correct.item() / len(order)
