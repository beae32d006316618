"""Adam in C++: all parameters in one call, one pass over memory."""

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

import tensorflow as tf

from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.ops.library import load


class FusedAdam(Adam):
    """p ← p − α m / (√v + ε) for every parameter p, as `dnn.Adam` does it, to the last bit, in one pass over memory.

    t ← t + 1
    m ← m + (g − m)(1 − β₁)
    v ← v + (g² − v)(1 − β₂)
    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)

    It has no weight decay, AMSGrad or half precision. Each reads the checkpoints of the other. XLA cannot compile it.
    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the form at the end of section 2.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float | Callable = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        """parameters: variables, all float32 or all float64, each once.
        learning_rate: > 0, or a schedule, as in `dnn.Adam`. epsilon: > 0.
        beta_1, beta_2: in [0.5, 1): below, `dnn.Adam` writes its running means in another form.
        Raises: ValueError for one out of its range, TypeError for one of another kind.
        """
        super().__init__(parameters, learning_rate, beta_1=beta_1, beta_2=beta_2, epsilon=epsilon)
        dtypes = {p.dtype.name for p in self.parameters}
        if dtypes not in ({"float32"}, {"float64"}):
            raise TypeError(f"parameters must be all float32 or all float64, got {', '.join(sorted(dtypes))}")
        if min(self.beta_1, self.beta_2) < 0.5:
            raise ValueError(f"beta_1 and beta_2 must be in [0.5, 1), got {beta_1} and {beta_2}; dnn.Adam takes less")

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step. gradients: one for each parameter, in their order, of their shapes and dtypes.

        Steps at once, of several threads, are taken one after the other; a schedule is asked for its rate before.
        Raises: ValueError for others, and for a parameter that the loss does not depend on; InvalidArgumentError for a
        shape that only the kernel sees. A step that is refused changes nothing, neither parameters nor t.
        """
        gradients = checked_gradients(gradients, self.parameters)
        _library().dnn_fused_adam(g=gradients, t=self.t.handle, rule=self.rule(), **self.handles(self.parameters))

    def rule(self) -> tf.Tensor:
        """η, β₁, β₂, 1 − β₁, 1 − β₂, ε: [6], in the parameters' dtype.

        Raises: ValueError for what was set since it was made, and is dnn.Adam's alone.
        """
        if self.weight_decay or self.v_hat:
            raise ValueError(f"{type(self).__name__} has no weight decay and no AMSGrad: use dnn.Adam")
        dtype = self.parameters[0].dtype
        constants = self.beta_1, self.beta_2, 1 - self.beta_1, 1 - self.beta_2, self.epsilon
        return tf.stack([tf.cast(self.learning_rate, dtype), *(tf.constant(c, dtype) for c in constants)])

    def handles(self, parameters: Sequence[tf.Variable]) -> dict[str, list[tf.Tensor]]:
        """What an op reads and writes of these parameters, in their order: p, m and v."""
        place_of = {id(p): i for i, p in enumerate(self.parameters)}
        places = [place_of[id(p)] for p in parameters]
        slots = {"p": self.parameters, "m": self.m, "v": self.v}
        return {name: [slot[i].handle for i in places] for name, slot in slots.items()}


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"))
