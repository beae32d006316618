"""Adam in C++: all parameters in one call, one pass over memory."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.kernels.compiled import compiled_ops
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.nn.protocols import ScheduleLike


class FusedAdam(Adam):
    """Update every parameter as `dnn.Adam` does, to the last bit, in one pass over memory.

    t ← t + 1
    m ← m + (g − m)(1 − β₁)
    v ← v + (g² − v)(1 − β₂)
    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)
    p ← p − α m / (√v + ε)

    It has no weight decay, AMSGrad or half precision. Each reads the checkpoints of the other. XLA cannot compile it.
    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the form at the end of section 2.

    Args:
        parameters: The variables to train, all float32 or all float64, each once.
        learning_rate: η, > 0, or a schedule: a function of the number of steps taken. One for each member of an
            ensemble only in the epochs of `MlpAdam`.
        beta_1: β₁, in [0.5, 1): below, `dnn.Adam` writes its running means in another form.
        beta_2: β₂, in [0.5, 1).
        epsilon: ε, > 0.

    Raises:
        ValueError: If a number is out of its range, or a parameter is given twice.
        TypeError: If the parameters are neither all float32 nor all float64, or a number is not one.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Sequence[float] | ScheduleLike = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        super().__init__(parameters, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        dtypes = {p.dtype.name for p in self.parameters}
        if dtypes not in ({"float32"}, {"float64"}):
            raise TypeError(f"parameters must be all float32 or all float64, got {', '.join(sorted(dtypes))}")
        if min(self.beta_1, self.beta_2) < 0.5:
            raise ValueError(f"beta_1 and beta_2 must be in [0.5, 1), got {beta_1} and {beta_2}; dnn.Adam takes less")

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step. A step that is refused changes nothing, neither parameters nor t.

        Simultaneous steps of several threads are taken one after the other; a schedule is asked for its rate before.

        Args:
            gradients: One for each parameter, in their order, of their shapes and dtypes.

        Raises:
            ValueError: If the gradients do not fit, or the loss does not depend on a parameter.
            InvalidArgumentError: If a shape does not fit, and is seen in the kernel only.
        """
        gradients = checked_gradients(gradients, self.parameters)
        compiled_ops("fused_adam.cc").dnn_fused_adam(
            g=gradients, t=self.t.handle, rule=self._rule(), **self._handles(self.parameters)
        )

    def _rule(self) -> tf.Tensor:
        """Return η, β₁, β₂, 1 − β₁, 1 − β₂, ε: [6], in the parameters' dtype.

        Raises: ValueError if there is a rate for each member, or an option was set that only dnn.Adam has.
        """
        rate = self.learning_rate
        if rate.shape.rank:
            raise ValueError(
                f"{type(self).__name__} takes a step with one learning rate, got {rate.shape}: use dnn.Adam"
            )
        return tf.concat([[tf.cast(rate, self.parameters[0].dtype)], self._constants()], axis=0)

    def _constants(self) -> tf.Tensor:
        """Return β₁, β₂, 1 − β₁, 1 − β₂, ε: [5]. Raises: as `_rule`."""
        if self.weight_decay or self.v_hat:
            raise ValueError(f"{type(self).__name__} has no weight decay and no AMSGrad: use dnn.Adam")
        constants = self.beta_1, self.beta_2, 1 - self.beta_1, 1 - self.beta_2, self.epsilon
        return tf.constant(constants, self.parameters[0].dtype)

    def _handles(self, parameters: Sequence[tf.Variable]) -> dict[str, list[tf.Tensor]]:
        """Return what an op reads and writes of these parameters, in their order: p, m and v."""
        index_of = {id(p): i for i, p in enumerate(self.parameters)}
        indices = [index_of[id(p)] for p in parameters]
        slots = {"p": self.parameters, "m": self.m, "v": self.v}
        return {name: [slot[i].handle for i in indices] for name, slot in slots.items()}
