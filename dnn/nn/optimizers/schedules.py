"""Learning-rate schedules: functions of the number of steps taken, in float64.

An optimizer takes any function of the step, a float64 tensor; these are Keras's. Keras computes them in float32.
Each is a formula, and a frozen dataclass that remembers its arguments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import (
    checked_fraction,
    checked_not_negative,
    checked_number,
    checked_positive,
    refuse_variable,
)


def exponential_decay(
    step: float | tf.Tensor,
    initial_learning_rate: float,
    decay_steps: float,
    decay_rate: float,
    staircase: bool = False,
) -> tf.Tensor:
    """Return η₀ rᵗᐟᵈ for the step t, where d = decay_steps and r = decay_rate.

    Args:
        step: t, the number of steps taken: a number or a scalar.
        initial_learning_rate: η₀, > 0: the rate at step 0.
        decay_steps: d, > 0: the number of steps in which the rate is multiplied by r.
        decay_rate: r, > 0.
        staircase: Whether to round t / d down, so that the rate changes every d steps.

    Returns:
        The learning rate of the step, float64.
    """
    periods = as_float64(step) / decay_steps
    return initial_learning_rate * decay_rate ** (tf.floor(periods) if staircase else periods)


def cosine_decay(
    step: float | tf.Tensor, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0
) -> tf.Tensor:
    """Return η₀ ((1 − α) (1 + cos(π t / d)) / 2 + α): from η₀ at step t = 0 to α η₀ at d = decay_steps and after.

    Source: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5,
    without restarts.

    Args:
        step: t, the number of steps taken: a number or a scalar.
        initial_learning_rate: η₀, >= 0: the rate at step 0.
        decay_steps: d, > 0: the number of steps until the rate is lowest.
        alpha: α, in [0, 1]: the lowest rate as a share of η₀.

    Returns:
        The learning rate of the step, float64.
    """
    progress = tf.minimum(as_float64(step), decay_steps) / decay_steps
    return initial_learning_rate * ((1 - alpha) * (1 + tf.cos(math.pi * progress)) / 2 + alpha)


def linear_warmup(
    step: float | tf.Tensor, initial_learning_rate: float, warmup_target: float, warmup_steps: float
) -> tf.Tensor:
    """Return η₀ + (η₁ − η₀) t / w: from η₀ at step t = 0 to η₁ = warmup_target at w = warmup_steps.

    Source: P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.

    Args:
        step: t, the number of steps taken: a number or a scalar, up to w.
        initial_learning_rate: η₀, >= 0: the rate at step 0.
        warmup_target: η₁, > 0: the rate at step w.
        warmup_steps: w, > 0.

    Returns:
        The learning rate of the step, float64.
    """
    return initial_learning_rate + (warmup_target - initial_learning_rate) * as_float64(step) / warmup_steps


def piecewise_constant_decay(
    step: float | tf.Tensor, boundaries: Sequence[float], values: Sequence[float]
) -> tf.Tensor:
    """Return values[i], where i boundaries are less than the step: at a boundary itself the value is still the old one.

    Args:
        step: The number of steps taken: a number or a scalar.
        boundaries: Steps, each larger than the one before.
        values: Learning rates, one more than boundaries.

    Returns:
        The learning rate of the step, float64.
    """
    passed = tf.reduce_sum(tf.cast(as_float64(step) > tf.constant(boundaries, tf.float64), tf.int32))
    return tf.gather(tf.constant(values, tf.float64), passed)


@dataclass(frozen=True)
class ExponentialDecay:
    """Multiply the rate by decay_rate in every decay_steps steps: `exponential_decay` with these arguments.

    Args:
        initial_learning_rate: The rate at step 0, > 0.
        decay_steps: The number of steps in which the rate is multiplied by decay_rate, > 0.
        decay_rate: The factor, > 0.
        staircase: Whether the rate changes every decay_steps steps only, and not in each step.

    Raises:
        ValueError: If a number is not positive.
    """

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __post_init__(self) -> None:
        for name in ("initial_learning_rate", "decay_steps", "decay_rate"):
            checked_positive(getattr(self, name), name)

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        return exponential_decay(step, self.initial_learning_rate, self.decay_steps, self.decay_rate, self.staircase)


@dataclass(frozen=True)
class CosineDecay:
    """Let the rate fall along half a cosine; with a warmup_target, first rise to it along a line.

    `cosine_decay` from initial_learning_rate; or `linear_warmup` for warmup_steps, and then the decay for decay_steps
    more, from the target to alpha times the target.

    Args:
        initial_learning_rate: The rate at step 0, >= 0.
        decay_steps: The number of steps of the decay, > 0.
        alpha: The lowest rate as a share of the highest, in [0, 1].
        warmup_target: The rate after the warm-up, > 0. None: no warm-up.
        warmup_steps: The number of steps of the warm-up, >= 0.

    Raises:
        ValueError: If a number is out of its range.
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: float = 0

    def __post_init__(self) -> None:
        checked_not_negative(self.initial_learning_rate, "initial_learning_rate")
        checked_positive(self.decay_steps, "decay_steps")
        checked_fraction(self.alpha, "alpha")
        checked_not_negative(self.warmup_steps, "warmup_steps")
        if self.warmup_target is not None:
            checked_positive(self.warmup_target, "warmup_target")

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        if self.warmup_target is None:
            return cosine_decay(step, self.initial_learning_rate, self.decay_steps, self.alpha)
        step = as_float64(step)
        warming = linear_warmup(step, self.initial_learning_rate, self.warmup_target, self.warmup_steps)
        decaying = cosine_decay(step - self.warmup_steps, self.warmup_target, self.decay_steps, self.alpha)
        return tf.where(step < self.warmup_steps, warming, decaying)


@dataclass(frozen=True)
class PiecewiseConstantDecay:
    """Change the rate at given steps: `piecewise_constant_decay` with these arguments, kept as tuples.

    Args:
        boundaries: Steps, each larger than the one before: after them the next value holds.
        values: Learning rates >= 0, one more than boundaries.

    Raises:
        ValueError: If the steps do not increase, if the numbers of steps and rates do not fit, or if a rate is < 0.
    """

    boundaries: Sequence[float]
    values: Sequence[float]

    def __post_init__(self) -> None:
        for name in ("boundaries", "values"):
            refuse_variable(getattr(self, name), name)
        object.__setattr__(self, "boundaries", tuple(self.boundaries))
        object.__setattr__(self, "values", tuple(self.values))
        if len(self.values) != len(self.boundaries) + 1:
            counts = f"{len(self.values)} for {len(self.boundaries)} boundaries"
            raise ValueError(f"values must be one more than boundaries, got {counts}")
        for i, boundary in enumerate(self.boundaries):
            checked_number(boundary, f"boundaries[{i}]")
        if any(not low < high for low, high in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ValueError(f"boundaries must be increasing, got {self.boundaries}")
        for i, value in enumerate(self.values):
            checked_not_negative(value, f"values[{i}]")

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        return piecewise_constant_decay(step, self.boundaries, self.values)


def as_float64(number: float | tf.Tensor) -> tf.Tensor:
    """Return a number or tensor as a float64 tensor. tf.cast would round a Python number to float32 or int32 first."""
    return tf.cast(number, tf.float64) if tf.is_tensor(number) else tf.convert_to_tensor(number, tf.float64)
