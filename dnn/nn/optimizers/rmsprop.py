"""RMSprop: the gradient, over the root of the running mean of its square."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_fraction, checked_positive
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike


def rmsprop_update(
    g: tf.Tensor, v: tf.Tensor, *, learning_rate: float | tf.Tensor, rho: float = 0.9, epsilon: float = 1e-7
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the step to subtract from the parameter, and the next mean square.

    v ← ρ v + (1 − ρ) g²
    step = η g / √(v + ε)

    ε is below the root, as in Keras; PyTorch adds it to the root.
    Source: T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012, slide 29; it has no ε.

    Args:
        g: The gradient, float[shape].
        v: The running mean of its square, float[shape]; 0 at first.
        learning_rate: η, a number or a scalar.
        rho: ρ, in [0, 1).
        epsilon: ε, > 0.

    Returns:
        (step, v), each float[shape].
    """
    v = rho * v + (1 - rho) * tf.square(g)
    return learning_rate * g / tf.sqrt(v + epsilon), v


def centered_rmsprop_update(
    g: tf.Tensor,
    v: tf.Tensor,
    a: tf.Tensor,
    *,
    learning_rate: float | tf.Tensor,
    rho: float = 0.9,
    epsilon: float = 1e-7,
) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
    """Return `rmsprop_update`'s step and mean square, but with the variance v − a² below the root, a being the mean.

    v ← ρ v + (1 − ρ) g²
    a ← ρ a + (1 − ρ) g
    step = η g / √(max(v − a², 0) + ε)

    v − a² is negative by rounding alone, as it may be where g has long been the same; there Keras's step is NaN.
    Source: A. Graves, "Generating Sequences with Recurrent Neural Networks", 2013, equations 38 to 40.

    Args:
        g: The gradient, float[shape].
        v: The running mean of its square, float[shape]; 0 at first.
        a: The running mean of the gradient, float[shape]; 0 at first.
        learning_rate: η, a number or a scalar.
        rho: ρ, in [0, 1).
        epsilon: ε, > 0.

    Returns:
        (step, v, a), each float[shape].
    """
    v = rho * v + (1 - rho) * tf.square(g)
    a = rho * a + (1 - rho) * g
    return learning_rate * g / tf.sqrt(tf.maximum(v - tf.square(a), 0) + epsilon), v, a


class RMSprop(Optimizer):
    """Train with p ← p − u, where u ← μ u + `rmsprop_update`'s step, or the centered one's, for every parameter p.

    Source: T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012, slide 29.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0. Another may be assigned at any time, 0 too, as callbacks do. Or a schedule: a function
            of the number of steps taken, a float64 tensor, that returns the rate of the next step, >= 0. Or one for
            each member of an ensemble.
        rho: ρ, in [0, 1): how slowly the mean of the squares forgets.
        momentum: μ, in [0, 1]: the share of the last step that the next one begins with; 0 keeps no slot.
        epsilon: ε, > 0: keeps the step finite where all gradients were about 0.
        centered: Whether to divide by the standard deviation of the gradient, not by its root mean square.
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
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.rho, self.momentum = checked_below_one(rho, "rho"), checked_fraction(momentum, "momentum")
        self.epsilon = checked_positive(epsilon, "epsilon")
        self.v = self.slots("v")
        self.centered, self.a = centered, self.slots("a") if centered else []
        self.u = self.slots("u") if momentum else []

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        rule = {"learning_rate": learning_rate, "rho": self.rho, "epsilon": self.epsilon}
        if self.a:
            step, v, a = centered_rmsprop_update(g, self.v[i], self.a[i], **rule)
            self.a[i].assign(a)
        else:
            step, v = rmsprop_update(g, self.v[i], **rule)
        self.v[i].assign(v)
        if self.u:
            step = self.momentum * self.u[i] + step
            self.u[i].assign(step)
        return step
