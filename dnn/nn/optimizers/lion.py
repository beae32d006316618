"""Lion: against the sign of a mean of the gradients."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one
from dnn.nn.optimizers.adam import running_mean
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.protocols import ScheduleLike


def lion_update(
    g: tf.Tensor, m: tf.Tensor, *, learning_rate: float | tf.Tensor, beta_1: float = 0.9, beta_2: float = 0.99
) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the step to subtract from the parameter, and the next mean.

    c = β₁ m + (1 − β₁) g
    step = η sign(c)              0 where c is 0
    m ← β₂ m + (1 − β₂) g

    Source: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, algorithm 2.

    Args:
        g: The gradient, float[shape].
        m: The running mean of the gradient, float[shape]; 0 at first.
        learning_rate: η, a number or a scalar.
        beta_1: β₁, in [0, 1).
        beta_2: β₂, in [0, 1).

    Returns:
        (step, m), each float[shape].
    """
    return learning_rate * tf.sign(running_mean(m, g, beta_1)), running_mean(m, g, beta_2)


class Lion(Optimizer):
    """Train with p ← p − step, where the step is `lion_update`'s, for every parameter p.

    Every number moves by η, so a usual rate is a third to a tenth of Adam's, and a usual decay as many times its.
    Source: X. Chen et al., "Symbolic Discovery of Optimization Algorithms", NeurIPS 2023, algorithm 2.

    Args:
        parameters: The variables to train, each once: `model.trainable_variables`.
        learning_rate: η, > 0: how far each number moves in a step. Another may be assigned at any time, 0 too, as
            callbacks do. Or a schedule: a function of the number of steps taken, a float64 tensor, that returns the
            rate of the next step, >= 0. Or one for each member of an ensemble. Keras's default is 1e-3.
        beta_1: β₁, in [0, 1): how much of the mean is in the sign.
        beta_2: β₂, in [0, 1): how slowly the mean forgets.
        weight_decay: λ, >= 0: before each step p ← p − p λ η. None: no decay.
        exclude_from_weight_decay: Those of the parameters that do not decay.

    Raises:
        ValueError: If a number is out of its range, if there are no parameters, if one is given twice, or if one to
            exclude is not among them.
        TypeError: If an argument is of another kind.

    Example:
        >>> p = tf.Variable([1.0, 1.0, 1.0])
        >>> Lion([p], 0.5).apply([tf.constant([3.0, -1e-6, 0.0])])
        >>> p.numpy().tolist()
        [0.5, 1.5, 1.0]
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 1e-4,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        weight_decay: float | Sequence[float] | None = None,
        exclude_from_weight_decay: Sequence[tf.Variable] = (),
    ) -> None:
        super().__init__(
            parameters, learning_rate, weight_decay=weight_decay, exclude_from_weight_decay=exclude_from_weight_decay
        )
        self.beta_1, self.beta_2 = checked_below_one(beta_1, "beta_1"), checked_below_one(beta_2, "beta_2")
        self.m = self.slots("m")

    def step(self, i: int, g: tf.Tensor, t: tf.Tensor, learning_rate: tf.Tensor) -> tf.Tensor:
        step, m = lion_update(g, self.m[i], learning_rate=learning_rate, beta_1=self.beta_1, beta_2=self.beta_2)
        self.m[i].assign(m)
        return step
