"""Stochastic gradient descent: against the gradient, with or without a memory of the steps before."""

from collections.abc import Callable, Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction
from dnn.nn.optimizers.optimizer import Optimizer


def sgd_update(g, u, *, learning_rate, momentum: float, nesterov: bool = False):
    """(step, u): the next velocity, and the step to take from the parameter.

    u ← μ u + η g
    step = u, or with Nesterov's momentum μ u + η g

    g, u: float[shape]. learning_rate: η. momentum: μ. Keras keeps −u, and adds it.
    Source: I. Sutskever et al., "On the Importance of Initialization and Momentum in Deep Learning", ICML 2013,
    equations 1 and 2; and for Nesterov's 3 and 4, in the variable of Y. Bengio et al., "Advances in Optimizing
    Recurrent Networks", ICASSP 2013, equation 7: the gradient is taken where the parameter is.

    >>> dnn.sgd_update(1.0, 2.0, learning_rate=0.5, momentum=0.25)
    (1.0, 1.0)
    """
    u = momentum * u + learning_rate * g
    return (momentum * u + learning_rate * g if nesterov else u), u


class SGD(Optimizer):
    """p ← p − η g, or with momentum `sgd_update`'s step, for every parameter p."""

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Callable = 0.01,
        *,
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ):
        """momentum: in [0, 1]; without it there is no slot, and `nesterov` says nothing. The others: see `Optimizer`.
        Raises: ValueError for one out of its range, TypeError for one of another kind.
        """
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.momentum, self.nesterov = checked_fraction(momentum, "momentum"), nesterov
        self.u = self.slots("u") if momentum else []

    def step(self, i, g, t, learning_rate):
        if not self.momentum:
            return learning_rate * g
        step, u = sgd_update(g, self.u[i], learning_rate=learning_rate, momentum=self.momentum, nesterov=self.nesterov)
        self.u[i].assign(u)
        return step
