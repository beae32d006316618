"""Stochastic gradient descent: against the gradient, with or without a memory of the steps before."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike


def sgd_update(
    g: tf.Tensor, u: tf.Tensor, *, learning_rate: float | tf.Tensor, momentum: float, nesterov: bool = False
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the step to subtract from the parameter, and the next velocity.

    u ← μ u + η g
    step = u, or with Nesterov's momentum μ u + η g

    Keras keeps −u, and adds it.
    Source: I. Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning", ICML 2013,
    equations 1 and 2; and for Nesterov's 3 and 4, in the variable of Y. Bengio et al., "Advances in Optimizing
    Recurrent Networks", ICASSP 2013, equation 7: the gradient is taken where the parameter is.

    Args:
        g: The gradient, float[shape].
        u: The velocity, float[shape]; 0 at first.
        learning_rate: η, a number or a scalar.
        momentum: μ, in [0, 1].
        nesterov: Whether the step is Nesterov's.

    Returns:
        (step, u), each float[shape].

    Example:
        >>> dnn.sgd_update(1.0, 2.0, learning_rate=0.5, momentum=0.25)
        (1.0, 1.0)
    """
    u = momentum * u + learning_rate * g
    return (momentum * u + learning_rate * g if nesterov else u), u


class SGD(Optimizer):
    """Train with p ← p − η g, or with momentum with `sgd_update`'s step, for every parameter p.

    Source: I. Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning", ICML 2013.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0. Another may be assigned at any time, 0 too, as callbacks do. Or a schedule: a function
            of the number of steps taken, a float64 tensor, that returns the rate of the next step, >= 0. Or one for
            each member of an ensemble.
        momentum: μ, in [0, 1]: the share of the last step that the next one begins with; 0 keeps no slot.
        nesterov: Whether the momentum is Nesterov's; without momentum it changes nothing.
        weight_decay: λ, >= 0: before each step p ← p − p λ η. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind.

    Example:
        >>> dnn.SGD(dnn.mlp([4, 8, 2]).trainable_variables)
        SGD(learning_rate=0.01, momentum=0.0, nesterov=False, parameters=4 (58 numbers), steps=0)
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.momentum, self.nesterov = checked_fraction(momentum, "momentum"), nesterov
        self.u = self.slots("u") if momentum else []

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        if not self.momentum:
            return learning_rate * g
        step, u = sgd_update(g, self.u[i], learning_rate=learning_rate, momentum=self.momentum, nesterov=self.nesterov)
        self.u[i].assign(u)
        return step
