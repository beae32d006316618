"""Adam within a loop, which carries its means as two long vectors instead of reading variables in each step.

Number by number it computes what `dnn.Adam` does, to the last bit, but in a dozen long operations a step rather than in
a dozen for each parameter, which take a small network longer to begin than to compute.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.optimizers.adam import Adam, adam_update
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.train.variable_values import joined, parted

MOST_NUMBERS = 20_000  # of the parameters, beyond which under XLA the copies take longer than what is spared


class InLoop:
    """An optimizer while a loop is traced that carries nothing for it.

    Args:
        optimizer: Whose `apply` takes the steps.
    """

    def __init__(self, optimizer: Any) -> None:
        self.optimizer = optimizer
        self.means: Sequence[tf.Tensor] = ()

    def end(self, means: Sequence[tf.Tensor]) -> None:
        """Give the variables what came out of the loop."""


class AdamInLoop(InLoop):
    """Takes the steps of an Adam itself, while a loop is traced that carries its means.

    Args:
        adam: As `can_be_joined` says.
    """

    def __init__(self, adam: Adam) -> None:
        super().__init__(self)
        self.adam, self.parameters = adam, adam.parameters
        self.means = joined(adam.m), joined(adam.v)

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step, as `Adam.apply` does, with the means that are here, and leave the next ones here."""
        adam, g = self.adam, joined(checked_gradients(gradients, self.parameters))
        rate = tf.cast(adam.learning_rate, g.dtype)  # of the count before this step
        t = tf.cast(adam.t.assign_add(1), g.dtype)
        m, v = self.means
        rule = {"learning_rate": rate, "beta_1": adam.beta_1, "beta_2": adam.beta_2, "epsilon": adam.epsilon}
        step, *self.means = adam_update(g, m, v, t, **rule)
        for p, part in zip(self.parameters, parted(step, self.parameters), strict=True):
            p.assign_sub(part)

    def end(self, means: Sequence[tf.Tensor]) -> None:
        for variables, mean in zip((self.adam.m, self.adam.v), means, strict=True):
            for variable, part in zip(variables, parted(mean, variables), strict=True):
                variable.assign(part)


def in_loop(optimizer: Any) -> InLoop:
    """Return what takes an optimizer's steps in a loop: its own `apply`, where Python runs each operation."""
    return AdamInLoop(optimizer) if can_be_joined(optimizer) and not tf.executing_eagerly() else InLoop(optimizer)


def can_be_joined(optimizer: Any) -> bool:
    """Whether it is an Adam as it is, without options, of small parameters of one dtype, float32 or float64."""
    return (
        type(optimizer) is Adam
        and not {"apply", "step"} & set(vars(optimizer))  # replaced by the user's
        and not (optimizer.amsgrad or optimizer.members or np.any(optimizer.weight_decay))
        and {p.dtype for p in optimizer.parameters} in ({tf.float32}, {tf.float64})
        and sum(p.shape.num_elements() or MOST_NUMBERS for p in optimizer.parameters) <= MOST_NUMBERS
    )
