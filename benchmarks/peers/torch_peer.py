"""PyTorch: the loop that its tutorials show, eager or compiled, with the sums kept as tensors until the epoch ends."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch

from benchmarks.jobs import EPSILON, Job
from benchmarks.timing import Laps
from dnn.bench.clock import seconds_of, seconds_per_call


class Trainer:
    """Trains with a loop over batches.

    Args:
        job: What to do.
        threads: How many PyTorch may use.
        fused: Whether Adam is PyTorch's fused one.
        compiled: Whether the logits, the loss and the sums are compiled by `torch.compile`, the gradients with them.
        fresh: Whether to forget all that was compiled before.
    """

    def __init__(
        self, job: Job, threads: int = 1, fused: bool = False, compiled: bool = False, fresh: bool = False
    ) -> None:
        if fresh:
            torch.compiler.reset()
        self.job, self.threads = job, threads
        self.x, self.y = map(torch.from_numpy, job.arrays())
        self.labels = self.y.long()
        layers = [layer for pair in pairwise(job.sizes) for layer in (torch.nn.Linear(*pair), torch.nn.ReLU())]
        self.model = torch.nn.Sequential(*layers[:-1])
        with torch.no_grad():
            for parameter, value in zip(self.model.parameters(), job.weights(), strict=True):
                parameter.copy_(torch.from_numpy(value.T))  # its kernels are [units, inputs]
        self.optimizer = torch.optim.Adam(self.model.parameters(), job.learning_rate, eps=EPSILON, fused=fused)
        self.forward = torch.compile(self._forward, dynamic=False) if compiled else self._forward
        self.logits = torch.compile(self.model, dynamic=False) if compiled else self.model

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

    def training_seconds(self, epochs: int) -> float:
        """Return the seconds of so many epochs."""
        return seconds_of(lambda: self._epoch(torch.randperm(self.job.rows)), epochs)

    def probabilities(self, rows: int) -> np.ndarray:
        """Return those of the first rows, [rows, classes]."""
        return self.probabilities_of(self.x[:rows].numpy())

    @torch.inference_mode()
    def probabilities_of(self, x: np.ndarray) -> np.ndarray:
        """Return those of other rows, [rows, classes]."""
        return torch.softmax(self._logits(torch.from_numpy(x)), dim=1).numpy()

    @torch.inference_mode()
    def predict_seconds(self, rows: int, at_least: float) -> float:
        """Return the seconds of a call that predicts the first rows, of calls for `at_least` seconds."""
        return seconds_per_call(lambda: self._logits(self.x[:rows]).numpy(), at_least)

    def _logits(self, x: torch.Tensor) -> torch.Tensor:
        torch.set_num_threads(self.threads)
        return self.logits(x)

    def _epoch(self, order: torch.Tensor) -> tuple[float, float]:
        torch.set_num_threads(self.threads)
        total, correct = torch.zeros((), dtype=torch.float64), torch.zeros((), dtype=torch.int64)
        for rows in order.split(self.job.batch_size):
            self.optimizer.zero_grad()
            loss, correct_rows = self.forward(self.x[rows], self.labels[rows])
            loss.backward()
            self.optimizer.step()
            total += loss.detach() * len(rows)
            correct += correct_rows
        return total.item() / len(order), correct.item() / len(order)

    def _forward(self, x: torch.Tensor, labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits = self.model(x)
        return torch.nn.functional.cross_entropy(logits, labels), (logits.argmax(dim=1) == labels).sum()
