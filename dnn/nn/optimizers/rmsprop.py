"""RMSprop: the gradient, over the root of the running mean of its square."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_fraction, checked_positive
from dnn.nn.optimizers.optimizer import Optimizer


def rmsprop_update(g, v, *, learning_rate, rho=0.9, epsilon=1e-7):
    """(step, v): the next mean square, and the step to take from the parameter.

    v ← ρ v + (1 − ρ) g²
    step = η g / √(v + ε)

    g, v: float[shape]. learning_rate: η. ε is below the root, as in Keras; PyTorch adds it to the root.
    Source: T. Tieleman, G. Hinton, "Neural Networks for Machine Learning", lecture 6.5, 2012, slide 29; it has no ε.
    """
    v = rho * v + (1 - rho) * tf.square(g)
    return learning_rate * g / tf.sqrt(v + epsilon), v


def centered_rmsprop_update(g, v, a, *, learning_rate, rho=0.9, epsilon=1e-7):
    """(step, v, a): `rmsprop_update` with the variance v − a² in the place of v, a being the mean.

    v ← ρ v + (1 − ρ) g²
    a ← ρ a + (1 − ρ) g
    step = η g / √(max(v − a², 0) + ε)

    v − a² is negative by rounding alone, as it may be where g has long been the same; there Keras's step is NaN.
    Source: A. Graves, "Generating Sequences with Recurrent Neural Networks", 2013, equations 38 to 40.
    """
    v = rho * v + (1 - rho) * tf.square(g)
    a = rho * a + (1 - rho) * g
    return learning_rate * g / tf.sqrt(tf.maximum(v - tf.square(a), 0) + epsilon), v, a


class RMSprop(Optimizer):
    """p ← p − u, with u ← μ u + `rmsprop_update`'s step, or the centered one's, for every parameter p."""

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Callable = 1e-3,
        *,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        weight_decay: float | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ):
        """rho: in [0, 1). momentum: μ, in [0, 1]; without it there is no slot u. epsilon: > 0.
        The others: see `Optimizer`. Raises: ValueError for one out of its range, TypeError for one of another kind.
        """
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.rho, self.momentum = checked_below_one(rho, "rho"), checked_fraction(momentum, "momentum")
        self.epsilon = checked_positive(epsilon, "epsilon")
        self.v = self.slots("v")
        self.a = self.slots("a") if centered else []
        self.u = self.slots("u") if momentum else []

    def step(self, i, g, t, learning_rate):
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
