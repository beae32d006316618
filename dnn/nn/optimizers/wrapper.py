"""Wrappers: an optimizer around another, to which it passes what it makes of the gradients.

Keras gives every optimizer eight more arguments for this; a wrapper serves any optimizer, the user's own too.

| Keras's arguments | here |
|---|---|
| clipnorm, global_clipnorm or clipvalue | ClipGradients(Adam(…), clipnorm=…) |
| use_ema | AverageWeights(ClipGradients(Adam(…), …)) |
| gradient_accumulation_steps | AccumulateGradients(ClipGradients(Adam(…), …), steps) |

So in one step Keras does what these do from the outside in: accumulate, clip, decay the weights, take the step,
average. `AccumulateGradients` says where it differs.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.representation import settings
from dnn.nn.protocols import OptimizerLike


@Optimizer.register
class Wrapper(tf.Module, ABC):
    """Abstract: has the parameters, learning rate and count of the wrapped optimizer; `apply` is what it is for.

    It is an `Optimizer` for isinstance: it has all that the caller of one asks for. It derives from none, and has no
    `step` of its own.

    Args:
        optimizer: Has `parameters` and `apply(gradients)`; a `learning_rate` too, if this one's is asked for. If it
            keeps masters, it has them as `masters`: what `master_of` gives for each parameter.

    Raises:
        TypeError: If the optimizer has no parameters or no apply.
    """

    def __init__(self, optimizer: OptimizerLike) -> None:
        super().__init__()
        if isinstance(optimizer, type) or not (hasattr(optimizer, "parameters") and hasattr(optimizer, "apply")):
            raise TypeError(f"optimizer must have parameters and apply(gradients), as Adam(…) has, got {optimizer!r}")
        self.optimizer: Any = optimizer  # what else it has is asked for when it is needed

    @property
    def parameters(self) -> Sequence[tf.Variable]:
        """The variables that the wrapped optimizer trains."""
        return self.optimizer.parameters

    @property
    def learning_rate(self) -> tf.Variable | tf.Tensor:
        """That of the wrapped optimizer. Another may be assigned, unless it follows a schedule."""
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | Sequence[float]) -> None:
        self.optimizer.learning_rate = value

    @property
    def t(self) -> tf.Variable:
        """The number of steps that the wrapped optimizer has taken, int64: its `t`."""
        return self.optimizer.t

    @property
    def masters(self) -> Sequence[tf.Variable | None]:
        """The float32 masters of half-precision parameters: see `master.py`. An AttributeError where there are none."""
        return self.optimizer.masters

    @abstractmethod
    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take a step, or prepare one.

        Args:
            gradients: One for each parameter, in their order, of their shapes and dtypes.

        Raises:
            ValueError: If they do not fit the parameters, or if the loss does not depend on one.
        """

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([repr(self.optimizer), *settings(self)])})"
