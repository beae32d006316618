"""Adam: the mean of the gradient, over the root of the mean of its square."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_positive
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike


def adam_update(
    g: tf.Tensor,
    m: tf.Tensor,
    v: tf.Tensor,
    t: tf.Tensor,
    *,
    learning_rate: float | tf.Tensor,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return the step to subtract from the parameter, and the next moments.

    m ← β₁ m + (1 − β₁) g        the running mean of the gradient
    v ← β₂ v + (1 − β₂) g²       the running mean of its square
    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)   corrects both for beginning at 0
    step = α m / (√v + ε)

    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the form at the end of
    section 2, as Keras has it. The paper's Algorithm 1 (PyTorch, Optax) adds ε to the corrected √v̂ instead: for
    g = 1e-8, η = 1 the first step is 0.00315 here and 0.0909 there. With a float32 t, as in Keras, the
    rounding of β₁ and β₂ makes the first α wrong by 7 in a million, and the second by 10.

    Args:
        g: The gradient, float[shape].
        m: The running mean of the gradient, float[shape]; 0 at first.
        v: The running mean of its square, float[shape]; 0 at first.
        t: The number of steps taken, this one included: a float tensor; α is computed in its dtype.
        learning_rate: η, a number or a scalar.
        beta_1: β₁, in [0, 1).
        beta_2: β₂, in [0, 1).
        epsilon: ε, > 0.

    Returns:
        (step, m, v), each float[shape].
    """
    m = running_mean(m, g, beta_1)
    v = running_mean(v, g * g, beta_2)
    return adam_step(m, v, t, learning_rate, beta_1, beta_2, epsilon), m, v


def amsgrad_update(
    g: tf.Tensor,
    m: tf.Tensor,
    v: tf.Tensor,
    v_hat: tf.Tensor,
    t: tf.Tensor,
    *,
    learning_rate: float | tf.Tensor,
    beta_1: float = 0.9,
    beta_2: float = 0.999,
    epsilon: float = 1e-7,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return `adam_update`'s step and moments, but with v̂, the largest v so far, below the root.

    v̂ ← max(v̂, v)
    step = α m / (√v̂ + ε)

    So a step does not grow because gradients have become rare.
    Source: S. Reddi, S. Kale, S. Kumar, "On the Convergence of Adam and Beyond", ICLR 2018, algorithm 2, with Adam's
    corrections in α, as Keras has it.

    Args:
        g: The gradient, float[shape].
        m: The running mean of the gradient, float[shape]; 0 at first.
        v: The running mean of its square, float[shape]; 0 at first.
        v_hat: The largest v so far, float[shape]; 0 at first.
        t: The number of steps taken, this one included: a float tensor; α is computed in its dtype.
        learning_rate: η, a number or a scalar.
        beta_1: β₁, in [0, 1).
        beta_2: β₂, in [0, 1).
        epsilon: ε, > 0.

    Returns:
        (step, m, v, v̂), each float[shape].
    """
    m = running_mean(m, g, beta_1)
    v = running_mean(v, g * g, beta_2)
    v_hat = tf.maximum(v_hat, v)
    return adam_step(m, v_hat, t, learning_rate, beta_1, beta_2, epsilon), m, v, v_hat


def adam_step(
    m: tf.Tensor,
    v: tf.Tensor,
    t: tf.Tensor,
    learning_rate: float | tf.Tensor,
    beta_1: float,
    beta_2: float,
    epsilon: float,
) -> tf.Tensor:
    """Return α m / (√v + ε), with the α of `adam_update`."""
    alpha = tf.cast(learning_rate, t.dtype) * tf.sqrt(1 - beta_2**t) / (1 - beta_1**t)
    return m * tf.cast(alpha, m.dtype) / (tf.sqrt(v) + epsilon)


def running_mean(mean: tf.Tensor, value: tf.Tensor, beta: float) -> tf.Tensor:
    """Return β mean + (1 − β) value, written so that rounding does no harm at either end of β.

    Keras writes mean + (value − mean)(1 − β) for every β. That is right for β near 1, where a float32 β is off by
    1e-8, which the sum of many steps multiplies by 1 / (1 − β). For β near 0 it takes the old mean away from itself:
    after a large gradient, v would be 0 beside an m that is not, and the step without bound.
    """
    if beta < 0.5:
        return beta * mean + (1 - beta) * value
    return mean + (value - mean) * (1 - beta)


class Adam(Optimizer):
    """Train with p ← p − step, where the step is `adam_update`'s, or `amsgrad_update`'s, for every parameter p.

    α is float64 for float64 parameters, and float32 for all others, which gives Keras's steps to the last bit. A
    float64 α beside float32 weights would be nearer to the truth, and so, after three epochs, some 6e-7 from Keras:
    enough, now and then, for a relu to be on in one and off in the other, and then the two part.
    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0: about the most that a parameter moves in a step. Another may be assigned at any time,
            0 too, as callbacks do. Or a schedule: a function of the number of steps taken, a float64 tensor, that
            returns the rate of the next step, >= 0. Or one for each member of an ensemble.
        beta_1: β₁, in [0, 1): how slowly the mean of the gradients forgets.
        beta_2: β₂, in [0, 1): how slowly the mean of their squares forgets.
        epsilon: ε, > 0: keeps the step finite where all gradients were about 0.
        amsgrad: Whether to divide by the largest mean square so far.
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
        amsgrad: bool = False,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.beta_1, self.beta_2 = checked_below_one(beta_1, "beta_1"), checked_below_one(beta_2, "beta_2")
        self.epsilon = checked_positive(epsilon, "epsilon")
        self.m, self.v = self.slots("m"), self.slots("v")
        self.amsgrad, self.v_hat = amsgrad, self.slots("v_hat") if amsgrad else []

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        rule = {"learning_rate": learning_rate, "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}
        if self.v_hat:
            step, m, v, v_hat = amsgrad_update(g, self.m[i], self.v[i], self.v_hat[i], t, **rule)
            self.v_hat[i].assign(v_hat)
        else:
            step, m, v = adam_update(g, self.m[i], self.v[i], t, **rule)
        self.m[i].assign(m)
        self.v[i].assign(v)
        return step
