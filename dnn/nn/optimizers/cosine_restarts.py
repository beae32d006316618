"""Cosine with restarts: the rate falls along half a cosine, jumps up, and falls again."""

import math
from dataclasses import dataclass

import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative, checked_positive
from dnn.nn.optimizers.schedules import as_float64


def cosine_decay_restarts(
    step: float | tf.Tensor,
    initial_learning_rate: float,
    first_decay_steps: float,
    t_mul: float = 2.0,
    m_mul: float = 1.0,
    alpha: float = 0.0,
) -> tf.Tensor:
    """Return η₀ ((1 − α) mᵢ (1 + cos(π s / dᵢ)) / 2 + α), s the steps since the last restart i.

    dᵢ = d q ⁱ steps from restart i to the next, q = t_mul;  mᵢ = m_mulⁱ, the height of the wave.
    i is found by a logarithm and then put right, so that a restart is at the step that is due, however it is rounded.
    Source: I. Loshchilov, F. Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", ICLR 2017, equation 5.

    Args:
        step: t, the number of steps taken: a number or a scalar.
        initial_learning_rate: η₀, >= 0: the rate at step 0.
        first_decay_steps: d, > 0: the number of steps until the first restart.
        t_mul: q, >= 1: how many times as long each wave is as the one before.
        m_mul: m, > 0: how many times as high.
        alpha: α, >= 0: the lowest rate as a share of η₀.

    Returns:
        The learning rate of the step, float64.

    Example:
        >>> [round(float(cosine_decay_restarts(step, 1.0, 2)), 2) for step in (0, 1, 2, 4, 6)]
        [1.0, 0.5, 1.0, 0.5, 1.0]
    """
    step = as_float64(step)

    def begins(wave: tf.Tensor) -> tf.Tensor:  # the step of restart number `wave`
        return first_decay_steps * (wave if t_mul == 1 else (t_mul**wave - 1) / (t_mul - 1))

    periods = step / first_decay_steps
    if t_mul != 1:
        periods = tf.math.log1p(periods * (t_mul - 1)) / math.log(t_mul)
    wave = tf.floor(periods)  # by a rounded logarithm, so perhaps one off
    wave = tf.where(begins(wave + 1) <= step, wave + 1, tf.where(begins(wave) > step, wave - 1, wave))
    progress = (step - begins(wave)) / (begins(wave + 1) - begins(wave))
    height = tf.constant(m_mul, tf.float64) ** wave
    return initial_learning_rate * ((1 - alpha) * height * (1 + tf.cos(math.pi * progress)) / 2 + alpha)


@dataclass(frozen=True)
class CosineDecayRestarts:
    """Let the rate fall along half a cosine, again and again: `cosine_decay_restarts` with these arguments.

    Args:
        initial_learning_rate: The rate at step 0, >= 0.
        first_decay_steps: The number of steps until the first restart, > 0.
        t_mul: How many times as long each wave is as the one before, >= 1.
        m_mul: How many times as high, > 0.
        alpha: The lowest rate as a share of the first, >= 0.

    Raises:
        ValueError: If a number is out of its range.
    """

    initial_learning_rate: float
    first_decay_steps: float
    t_mul: float = 2.0
    m_mul: float = 1.0
    alpha: float = 0.0

    def __post_init__(self) -> None:
        checked_not_negative(self.initial_learning_rate, "initial_learning_rate")
        checked_positive(self.first_decay_steps, "first_decay_steps")
        if checked_positive(self.t_mul, "t_mul") < 1:
            raise ValueError(f"t_mul must be a number of 1 or more, got {self.t_mul}")
        checked_positive(self.m_mul, "m_mul")
        checked_not_negative(self.alpha, "alpha")

    def __call__(self, step: float | tf.Tensor) -> tf.Tensor:
        """Return the learning rate of a step.

        Args:
            step: The number of steps taken: a number or a scalar.

        Returns:
            The rate, float64.
        """
        return cosine_decay_restarts(
            step, self.initial_learning_rate, self.first_decay_steps, self.t_mul, self.m_mul, self.alpha
        )
