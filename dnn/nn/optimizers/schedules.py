"""Learning-rate schedules: functions of how many steps were taken, in float64.

An optimizer takes any function of the step, a float64 tensor; these are Keras's. Keras computes them in float32.
Each is a formula, and a frozen dataclass that remembers its arguments.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction, checked_not_negative, checked_positive


def exponential_decay(step, initial_learning_rate: float, decay_steps: float, decay_rate: float, staircase=False):
    """η₀ rᵗᐟᵈ, float64, for the step t, d = decay_steps and r = decay_rate; a staircase rounds t / d down."""
    periods = as_float64(step) / decay_steps
    return initial_learning_rate * decay_rate ** (tf.floor(periods) if staircase else periods)


def cosine_decay(step, initial_learning_rate: float, decay_steps: float, alpha: float = 0.0):
    """η₀ ((1 − α) (1 + cos(π t / d)) / 2 + α), float64: from η₀ at the step t = 0 to α η₀ at d = decay_steps and after.

    Source: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5,
    without restarts.
    """
    progress = tf.minimum(as_float64(step), decay_steps) / decay_steps
    return initial_learning_rate * ((1 - alpha) * (1 + tf.cos(math.pi * progress)) / 2 + alpha)


def linear_warmup(step, initial_learning_rate: float, warmup_target: float, warmup_steps: float):
    """η₀ + (η₁ − η₀) t / w, float64: from η₀ at the step t = 0 to η₁ = warmup_target at w = warmup_steps.

    Source: P. Goyal et al., "Accurate, Large Minibatch SGD", 2017, section 2.2.
    """
    return initial_learning_rate + (warmup_target - initial_learning_rate) * as_float64(step) / warmup_steps


def piecewise_constant_decay(step, boundaries: Sequence[float], values: Sequence[float]):
    """values[i], float64, where i boundaries are less than the step: a boundary itself still has the value before."""
    passed = tf.reduce_sum(tf.cast(as_float64(step) > tf.constant(boundaries, tf.float64), tf.int32))
    return tf.gather(tf.constant(values, tf.float64), passed)


@dataclass(frozen=True)
class ExponentialDecay:
    """`exponential_decay` with these arguments, all > 0. Raises: ValueError for others."""

    initial_learning_rate: float
    decay_steps: float
    decay_rate: float
    staircase: bool = False

    def __post_init__(self):
        for name in ("initial_learning_rate", "decay_steps", "decay_rate"):
            checked_positive(getattr(self, name), name)

    def __call__(self, step):
        return exponential_decay(step, self.initial_learning_rate, self.decay_steps, self.decay_rate, self.staircase)


@dataclass(frozen=True)
class CosineDecay:
    """`cosine_decay` from initial_learning_rate; or, with a warmup_target, first `linear_warmup` up to it.

    The warm-up takes warmup_steps, and then the decay decay_steps more, from the target to alpha times the target.
    Raises: ValueError for decay_steps or a warmup_target that is not > 0, an alpha outside [0, 1], and others < 0.
    """

    initial_learning_rate: float
    decay_steps: float
    alpha: float = 0.0
    warmup_target: float | None = None
    warmup_steps: float = 0

    def __post_init__(self):
        checked_not_negative(self.initial_learning_rate, "initial_learning_rate")
        checked_positive(self.decay_steps, "decay_steps")
        checked_fraction(self.alpha, "alpha")
        checked_not_negative(self.warmup_steps, "warmup_steps")
        if self.warmup_target is not None:
            checked_positive(self.warmup_target, "warmup_target")

    def __call__(self, step):
        if self.warmup_target is None:
            return cosine_decay(step, self.initial_learning_rate, self.decay_steps, self.alpha)
        step = as_float64(step)
        warming = linear_warmup(step, self.initial_learning_rate, self.warmup_target, self.warmup_steps)
        decaying = cosine_decay(step - self.warmup_steps, self.warmup_target, self.decay_steps, self.alpha)
        return tf.where(step < self.warmup_steps, warming, decaying)


@dataclass(frozen=True)
class PiecewiseConstantDecay:
    """`piecewise_constant_decay` with these arguments, kept as tuples.

    boundaries: steps, each larger than the one before. values: rates >= 0, one more than boundaries.
    Raises: ValueError for others.
    """

    boundaries: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self):
        object.__setattr__(self, "boundaries", tuple(self.boundaries))
        object.__setattr__(self, "values", tuple(self.values))
        if len(self.values) != len(self.boundaries) + 1:
            counts = f"{len(self.values)} for {len(self.boundaries)} boundaries"
            raise ValueError(f"values must be one more than boundaries, got {counts}")
        if any(not low < high for low, high in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise ValueError(f"boundaries must be increasing, got {self.boundaries}")
        for i, value in enumerate(self.values):
            checked_not_negative(value, f"values[{i}]")

    def __call__(self, step):
        return piecewise_constant_decay(step, self.boundaries, self.values)


def as_float64(number) -> tf.Tensor:
    """The number or tensor as a float64 tensor. tf.cast would round a Python number to float32 or int32 first."""
    return tf.cast(number, tf.float64) if tf.is_tensor(number) else tf.convert_to_tensor(number, tf.float64)
