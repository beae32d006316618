"""Adam in C++: all parameters in one call, one pass over memory."""

import functools
from collections.abc import Sequence
from pathlib import Path

import tensorflow as tf

from dnn.ops.library import load


class FusedAdam(tf.Module):
    """p ← p − α m / (√v + ε) for every parameter p, as `dnn.Adam` does it, to the last bit, in one pass over memory.

    t ← t + 1
    m ← m + (g − m)(1 − β₁)
    v ← v + (g² − v)(1 − β₂)
    α = η √(1 − β₂ᵗ) / (1 − β₁ᵗ)

    Its variables have the names of `dnn.Adam`'s, so each reads the checkpoints of the other. It has no schedules,
    weight decay, AMSGrad or half precision, as `dnn.Adam` does. XLA cannot compile it.
    Source: D. Kingma, J. Ba, "Adam: A Method for Stochastic Optimization", ICLR 2015, the form at the end of section 2.
    """

    def __init__(
        self,
        parameters: Sequence[tf.Variable],
        learning_rate: float = 1e-3,
        *,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
    ):
        """parameters: variables, all float32 or all float64, each once. learning_rate, epsilon: > 0.
        beta_1, beta_2: in [0.5, 1): below, `dnn.Adam` writes its running means in another form.
        Raises: ValueError for one out of its range, TypeError for what are no variables of one such dtype.
        """
        super().__init__()
        self.parameters = _checked(parameters)
        if not (learning_rate > 0 and epsilon > 0 and 0.5 <= beta_1 < 1 and 0.5 <= beta_2 < 1):
            raise ValueError(
                "learning_rate and epsilon must be positive, beta_1 and beta_2 in [0.5, 1), "
                f"got {learning_rate}, {epsilon}, {beta_1} and {beta_2}"
            )
        self.t = tf.Variable(0, trainable=False, dtype=tf.int64, name="t")
        self._learning_rate = tf.Variable(learning_rate, trainable=False, dtype=tf.float64, name="learning_rate")
        self.beta_1, self.beta_2, self.epsilon = beta_1, beta_2, epsilon
        self.m = [tf.Variable(tf.zeros_like(p), trainable=False, name="m") for p in self.parameters]
        self.v = [tf.Variable(tf.zeros_like(p), trainable=False, name="v") for p in self.parameters]

    @property
    def learning_rate(self) -> tf.Variable:
        """η, a float64 variable, which may be assigned."""
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float) -> None:
        if not 0 <= value < float("inf"):
            raise ValueError(f"learning_rate must be a number of 0 or more, got {value}")
        self._learning_rate.assign(value)

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step. gradients: one for each parameter, in their order, of their shapes and dtypes.

        Steps at once, of several threads, are taken one after the other.
        Raises: ValueError for others, and for a parameter that the loss does not depend on; InvalidArgumentError for a
        shape that only the kernel sees. A step that is refused changes nothing, neither parameters nor t.
        """
        gradients = _checked_gradients(gradients, self.parameters)
        _library().dnn_fused_adam(g=gradients, **self.state())

    def state(self) -> dict:
        """What an op of C++ gets of the optimizer: its variables, and the numbers of its rule."""
        dtype = self.parameters[0].dtype
        constants = self.beta_1, self.beta_2, 1 - self.beta_1, 1 - self.beta_2, self.epsilon
        rule = tf.stack([tf.cast(self._learning_rate, dtype), *(tf.constant(c, dtype) for c in constants)])
        p, m, v = ([variable.handle for variable in slot] for slot in (self.parameters, self.m, self.v))
        return {"p": p, "m": m, "v": v, "t": self.t.handle, "rule": rule}


def _checked(parameters) -> tuple[tf.Variable, ...]:
    if not isinstance(parameters, Sequence) or not all(isinstance(p, tf.Variable) for p in parameters):
        raise TypeError(f"parameters must be variables, such as model.trainable_variables, got {parameters!r}")
    dtypes = {p.dtype.name for p in parameters}
    if not parameters or len({id(p) for p in parameters}) < len(parameters):
        raise ValueError(f"parameters must be one or more variables, each once, got {len(parameters)}")
    if dtypes not in ({"float32"}, {"float64"}):
        raise TypeError(f"parameters must be all float32 or all float64, got {', '.join(sorted(dtypes))}")
    return tuple(parameters)


def _checked_gradients(gradients, parameters) -> list[tf.Tensor]:
    gradients = list(gradients)
    if len(gradients) != len(parameters):
        raise ValueError(f"gradients must be one for each of {len(parameters)} parameters, got {len(gradients)}")
    for i, (g, p) in enumerate(zip(gradients, parameters, strict=True)):
        if g is None:
            raise ValueError(f"the loss does not depend on the parameter {p.name} of shape {p.shape}")
        gradients[i] = g = tf.convert_to_tensor(g)
        if g.dtype != p.dtype or not g.shape.is_compatible_with(p.shape):
            wanted, got = (f"{x.dtype.name} of shape {x.shape}" for x in (p, g))
            raise ValueError(f"gradients[{i}] must be {wanted}, as the parameter {p.name}, got {got}")
    return gradients


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"))
