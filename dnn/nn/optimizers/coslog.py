"""RealMLP's learning-rate schedule: waves of the cosine, each twice as long as the one before."""

import math
from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_count, checked_positive
from dnn.nn.optimizers.schedules import as_float64


def coslog(step: float | tf.Tensor, learning_rate: float, total_steps: float, cycles: int = 4) -> tf.Tensor:
    """Return η (1 − cos(2π log₂(1 + (2ᶜ − 1) t / T))) / 2 for the step t, where T = total_steps and c = cycles.

    It is 0 at step 0, and 0 again where a wave ends, at (2ⁱ − 1) / (2ᶜ − 1) of all steps, also at T and after.
    Source: D. Holzmüller, L. Grinsztajn, I. Steinwart, "Better by Default: Strong Pre-Tuned MLPs and Boosted Trees on
    Tabular Data", NeurIPS 2024, section 3, "coslog".

    Args:
        step: t, the number of steps taken: a number or a scalar.
        learning_rate: η, > 0: the highest rate, in the middle of each wave.
        total_steps: T, > 0: the number of steps until the last wave ends.
        cycles: c, >= 1: the number of waves.

    Returns:
        The learning rate of the step, float64.

    Example:
        >>> [round(float(coslog(step, 1.0, 15, cycles=4)), 4) for step in (0, 1, 3, 7, 15)]
        [0.0, 0.0, 0.0, 0.0, 0.0]
    """
    progress = tf.minimum(as_float64(step), total_steps) / total_steps
    waves = tf.math.log1p((2**cycles - 1) * progress) / math.log(2)
    return learning_rate * (1 - tf.cos(2 * math.pi * waves)) / 2


@dataclass(frozen=True)
class Coslog:
    """Let the rate rise and fall in waves, each twice as long as the one before: `coslog` with these arguments.

    Args:
        learning_rate: The highest rate, > 0.
        total_steps: The number of steps until the last wave ends, > 0; afterwards the rate stays 0.
        cycles: The number of waves, >= 1.

    Raises:
        ValueError: If a number is out of its range.
    """

    learning_rate: float
    total_steps: float
    cycles: int = 4

    def __post_init__(self) -> None:
        checked_positive(self.learning_rate, "learning_rate")
        checked_positive(self.total_steps, "total_steps")
        checked_count(self.cycles, "cycles")

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        return coslog(step, self.learning_rate, self.total_steps, self.cycles)
