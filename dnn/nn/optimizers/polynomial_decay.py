"""Polynomial decay: from one rate to another along a power of the time that is left; a line by default."""

from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative, checked_positive
from dnn.nn.optimizers.schedules import as_float64


def polynomial_decay(
    step: float | tf.Tensor,
    initial_learning_rate: float,
    decay_steps: float,
    end_learning_rate: float = 0.0001,
    power: float = 1.0,
    cycle: bool = False,
) -> tf.Tensor:
    """Return (η₀ − η₁) (1 − t / d)ᵖ + η₁: from η₀ at step t = 0 to η₁ at d = decay_steps and after.

    Args:
        step: t, the number of steps taken: a number or a scalar.
        initial_learning_rate: η₀, >= 0: the rate at step 0.
        decay_steps: d, > 0: the number of steps until the last rate.
        end_learning_rate: η₁, >= 0: the last rate, lower or higher than the first.
        power: p, > 0: 1 for a line, 2 for a fall that is fast at first.
        cycle: Whether d becomes the next multiple of itself that is not below t, so that the rate jumps up again after
            each d steps, by less each time.

    Returns:
        The learning rate of the step, float64.

    Example:
        >>> [float(polynomial_decay(step, 1.0, 10, 0.5)) for step in (0, 5, 10, 11)]
        [1.0, 0.75, 0.5, 0.5]
    """
    step = as_float64(step)
    end = decay_steps * tf.maximum(tf.math.ceil(step / decay_steps), 1) if cycle else decay_steps
    left = 1 - tf.minimum(step, end) / end
    return (initial_learning_rate - end_learning_rate) * left**power + end_learning_rate


@dataclass(frozen=True)
class PolynomialDecay:
    """Go from one rate to another along a power of the time that is left: `polynomial_decay` with these arguments.

    Args:
        initial_learning_rate: The rate at step 0, >= 0.
        decay_steps: The number of steps until the last rate, > 0.
        end_learning_rate: The last rate, >= 0: lower or higher than the first.
        power: The power, > 0; 1 for a line.
        cycle: Whether the rate jumps up again after each decay_steps steps, and the decay gets longer.

    Raises:
        ValueError: If a number is out of its range.
    """

    initial_learning_rate: float
    decay_steps: float
    end_learning_rate: float = 0.0001
    power: float = 1.0
    cycle: bool = False

    def __post_init__(self) -> None:
        checked_not_negative(self.initial_learning_rate, "initial_learning_rate")
        checked_positive(self.decay_steps, "decay_steps")
        checked_not_negative(self.end_learning_rate, "end_learning_rate")
        checked_positive(self.power, "power")

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        return polynomial_decay(
            step, self.initial_learning_rate, self.decay_steps, self.end_learning_rate, self.power, self.cycle
        )
