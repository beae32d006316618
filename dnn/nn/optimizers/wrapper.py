"""Wrappers: an optimizer around another, which it hands what it makes of the gradients.

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

import tensorflow as tf


class Wrapper(tf.Module, ABC):
    """Abstract: has the parameters and the learning rate of the optimizer within; `apply` is what it is for."""

    def __init__(self, optimizer):
        """optimizer: has `parameters` and `apply(gradients)`; a `learning_rate` too, if this one's is asked for.
        If it keeps masters, it has them as `masters`: one of `master_of` for each parameter.
        Raises: TypeError for another.
        """
        super().__init__()
        if isinstance(optimizer, type) or not (hasattr(optimizer, "parameters") and hasattr(optimizer, "apply")):
            raise TypeError(f"optimizer must have parameters and apply(gradients), as Adam(…) has, got {optimizer!r}")
        self.optimizer = optimizer

    @property
    def parameters(self):
        return self.optimizer.parameters

    @property
    def learning_rate(self):
        return self.optimizer.learning_rate

    @learning_rate.setter
    def learning_rate(self, value):
        self.optimizer.learning_rate = value

    @property
    def masters(self):
        """The float32 masters of half-precision parameters: see `master.py`. An AttributeError where there are none."""
        return self.optimizer.masters

    @abstractmethod
    def apply(self, gradients) -> None:
        """Take a step, or prepare one. gradients: one for each parameter, in their order, shapes and dtypes."""
