"""One cycle: the rate rises to a high one, and falls to a very low one when training ends."""

import math
from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction, checked_not_negative, checked_positive
from dnn.nn.optimizers.schedules import as_float64


def one_cycle(
    step: float | tf.Tensor,
    initial_learning_rate: float,
    max_learning_rate: float,
    end_learning_rate: float,
    total_steps: float,
    pct_start: float = 0.3,
) -> tf.Tensor:
    """Return the rate on half a cosine from η₀ to the highest, and then on another from there to the last.

    The first half takes w = pct_start · total_steps steps, the second the others; after them the rate is the last.
    Source: L. Smith, N. Topin, "Super-Convergence: Very Fast Training of Neural Networks Using Large Learning Rates",
    2018, with cosines in the place of lines, as in PyTorch's OneCycleLR and Optax's cosine_onecycle_schedule. PyTorch's
    phases are a step shorter.

    Args:
        step: The number of steps taken: a number or a scalar.
        initial_learning_rate: η₀, >= 0: the rate at step 0.
        max_learning_rate: The highest rate, > 0.
        end_learning_rate: The last rate, >= 0.
        total_steps: The number of steps of the cycle, > 0.
        pct_start: The share of the steps that the rise takes, in [0, 1].

    Returns:
        The learning rate of the step, float64.

    Example:
        >>> [float(one_cycle(step, 0.5, 1.0, 0.0, 10)) for step in (0, 3, 10)]
        [0.5, 1.0, 0.0]
    """
    step, rise = as_float64(step), pct_start * total_steps

    def between(first: float, last: float, begin: float, steps: float) -> tf.Tensor:
        progress = tf.clip_by_value((step - begin) / steps, 0, 1) if steps else tf.ones_like(step)
        return last + (first - last) * (1 + tf.cos(math.pi * progress)) / 2

    rising = between(initial_learning_rate, max_learning_rate, 0, rise)
    return tf.where(step < rise, rising, between(max_learning_rate, end_learning_rate, rise, total_steps - rise))


@dataclass(frozen=True)
class OneCycle:
    """Let the rate rise to a high one, and fall to a very low one: `one_cycle` with these arguments.

    Args:
        max_learning_rate: The highest rate, > 0.
        total_steps: The number of steps of the cycle, > 0: epochs times the steps of one.
        initial_learning_rate: The rate at step 0, >= 0. None: a 25th of the highest, as in PyTorch.
        end_learning_rate: The last rate, >= 0. None: a 10,000th of the first, as in PyTorch.
        pct_start: The share of the steps that the rise takes, in [0, 1].

    Raises:
        ValueError: If a number is out of its range.
    """

    max_learning_rate: float
    total_steps: float
    initial_learning_rate: float | None = None
    end_learning_rate: float | None = None
    pct_start: float = 0.3

    def __post_init__(self) -> None:
        highest = checked_positive(self.max_learning_rate, "max_learning_rate")
        checked_positive(self.total_steps, "total_steps")
        first = highest / 25 if self.initial_learning_rate is None else self.initial_learning_rate
        checked_not_negative(first, "initial_learning_rate")
        last = first / 10_000 if self.end_learning_rate is None else self.end_learning_rate
        checked_not_negative(last, "end_learning_rate")
        checked_fraction(self.pct_start, "pct_start")
        object.__setattr__(self, "initial_learning_rate", first)
        object.__setattr__(self, "end_learning_rate", last)

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        first, last = float(self.initial_learning_rate or 0), float(self.end_learning_rate or 0)
        return one_cycle(step, first, self.max_learning_rate, last, self.total_steps, self.pct_start)
