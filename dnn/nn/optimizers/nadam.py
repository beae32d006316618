"""Nadam: Adam with Nesterov's momentum, which grows as training goes on."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_positive
from dnn.nn.optimizers.adam import running_mean
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike

DECAY = 0.96  # of the momentum's schedule: Keras's, and Dozat's recommendation


def nadam_update(
    g: tf.Tensor,
    m: tf.Tensor,
    v: tf.Tensor,
    t: tf.Tensor,
    product: tf.Tensor,
    *,
    learning_rate: float | tf.Tensor,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the step to subtract from the parameter, and the next moments.

    μ_t = β₁ (1 − 0.96ᵗ / 2)
    m ← β₁ m + (1 − β₁) g,   v ← β₂ v + (1 − β₂) g²
    m̂ = μ_{t+1} m / (1 − Π μ_{t+1}) + (1 − μ_t) g / (1 − Π),   Π = μ_1 … μ_t
    step = η m̂ / (√(v / (1 − β₂ᵗ)) + ε)

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, algorithm 2, as Keras has it: the
    mean m forgets by β₁ and not by μ_t. Optax's nadam has μ = β₁ in every step.

    Args:
        g: The gradient, float[shape].
        m: The running mean of the gradient, float[shape]; 0 at first.
        v: The running mean of its square, float[shape]; 0 at first.
        t: The number of steps taken, this one included: a float tensor; the factors are computed in its dtype.
        product: Π, the product of the μ up to this step's, of the dtype of t.
        learning_rate: η, a number or a scalar.
        beta_1: β₁, in [0, 1).
        beta_2: β₂, in [0, 1).
        epsilon: ε, > 0.

    Returns:
        (step, m, v), each float[shape].
    """
    m, v = running_mean(m, g, beta_1), running_mean(v, g * g, beta_2)
    mu, following = momentum_at(t, beta_1), momentum_at(t + 1, beta_1)
    of_m, of_g = following / (1 - product * following), (1 - mu) / (1 - product)
    ahead = m * tf.cast(of_m, m.dtype) + g * tf.cast(of_g, m.dtype)
    return learning_rate * ahead / (tf.sqrt(v / tf.cast(1 - beta_2**t, v.dtype)) + epsilon), m, v


def momentum_at(t: tf.Tensor, beta_1: float) -> tf.Tensor:
    """Return μ_t = β₁ (1 − 0.96ᵗ / 2)."""
    return beta_1 * (1 - 0.5 * DECAY**t)


class Nadam(Optimizer):
    """Train with p ← p − step, where the step is `nadam_update`'s, for every parameter p.

    Source: T. Dozat, "Incorporating Nesterov Momentum into Adam", ICLR workshop 2016, as Keras has it.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0: about the most that a parameter moves in a step. Another may be assigned at any time,
            0 too, as callbacks do. Or a schedule: a function of the number of steps taken, a float64 tensor, that
            returns the rate of the next step, >= 0. Or one for each member of an ensemble.
        beta_1: β₁, in [0, 1): how slowly the mean of the gradients forgets.
        beta_2: β₂, in [0, 1): how slowly the mean of their squares forgets.
        epsilon: ε, > 0: keeps the step finite where all gradients were about 0.
        weight_decay: λ, >= 0: before each step p ← p − p λ η. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.beta_1, self.beta_2 = checked_below_one(beta_1, "beta_1"), checked_below_one(beta_2, "beta_2")
        self.epsilon = checked_positive(epsilon, "epsilon")
        self.m, self.v = self.slots("m"), self.slots("v")
        self.product = tf.Variable(1, trainable=False, dtype=tf.float64, name="product")

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        super().apply(gradients)
        self.product.assign(self._next_product())

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        rule = {"learning_rate": learning_rate, "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        step, m, v = nadam_update(g, self.m[i], self.v[i], tf.cast(self.t, tf.float64), self._next_product(), **rule)
        self.m[i].assign(m)
        self.v[i].assign(v)
        return step

    def _next_product(self) -> tf.Tensor:
        """Return Π of the step that is being taken: `t` counts it already, and `product` does not."""
        return self.product * momentum_at(tf.cast(self.t, tf.float64), self.beta_1)
