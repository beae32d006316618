"""Groups of parameters: each has an optimizer of its own, with its learning rate and weight decay."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.nn.optimizers.gradient_checks import checked_gradients, checked_parameters
from dnn.nn.optimizers.optimizer import Optimizer
from dnn.nn.optimizers.representation import settings
from dnn.nn.protocols import OptimizerLike


@Optimizer.register
class ByGroup(tf.Module):
    """Train each group of parameters by its own optimizer, as one optimizer of them all.

        first, *others = model.layers
        optimizer = dnn.ByGroup([dnn.Adam(first.trainable_variables, 1e-4), dnn.AdamW(rest, 1e-3, weight_decay=0.01)])

    So groups differ in their rate, their decay, their kind: PyTorch's parameter groups, Optax's `multi_transform`.
    Groups are of any optimizers, wrappers too; `ClipGradients(…, global_clipnorm=1)` within a group has the norm of the
    group, and around `ByGroup` that of all. `learning_rate` is that of the first group; one that is assigned, as
    callbacks do, is the first's, and the others keep the ratio to it that they had when they were made.

    Args:
        optimizers: One for each group, each made for the variables of its group. No variable is in two.

    Raises:
        ValueError: If there is no optimizer, two have a variable in common, or the first rate, to which the others
            keep their ratio, is 0.
        TypeError: If one has no parameters or no apply.

    Example:
        >>> p, q = tf.Variable([1.0]), tf.Variable([1.0])
        >>> optimizer = ByGroup([dnn.SGD([p], 0.5), dnn.SGD([q], 0.25)])
        >>> optimizer.learning_rate = 0.25
        >>> optimizer.apply([tf.constant([1.0]), tf.constant([1.0])])
        >>> p.numpy().tolist(), q.numpy().tolist()
        ([0.75], [0.875])
    """

    def __init__(self, optimizers: Sequence[OptimizerLike]) -> None:
        super().__init__()
        self.optimizers: tuple[Any, ...] = tuple(optimizers)
        for i, one in enumerate(self.optimizers):
            if isinstance(one, type) or not (hasattr(one, "parameters") and hasattr(one, "apply")):
                raise TypeError(
                    f"optimizers[{i}] must have parameters and apply(gradients), as Adam(…) has, got {one!r}"
                )
        if not self.optimizers:
            raise ValueError("optimizers must be one for each group of parameters, got none")
        checked_parameters(self.parameters)
        self._ratios = self._ratios_to_first()

    @property
    def parameters(self) -> tuple[tf.Variable, ...]:
        """The variables of all groups, group by group."""
        return tuple(p for optimizer in self.optimizers for p in optimizer.parameters)

    @property
    def masters(self) -> list[tf.Variable | None]:
        """The float32 masters of half-precision parameters: see `master.py`. An AttributeError where there are none."""
        return [master for optimizer in self.optimizers for master in optimizer.masters]

    @property
    def t(self) -> tf.Variable:
        """The number of steps that the first group has taken, int64."""
        return self.optimizers[0].t

    @property
    def members(self) -> int | None:
        """How many members of an ensemble have a learning rate or a weight decay of their own; None: none has."""
        counts = (getattr(optimizer, "members", None) for optimizer in self.optimizers)
        return next((count for count in counts if count is not None), None)

    @property
    def learning_rate(self) -> tf.Variable | tf.Tensor:
        """That of the first group. Another may be assigned, unless a group follows a schedule."""
        return self.optimizers[0].learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | Sequence[float]) -> None:
        if self._ratios is None:
            raise TypeError("learning_rate of a group follows a schedule and cannot be assigned: assign another's own")
        for optimizer, ratio in zip(self.optimizers, self._ratios, strict=True):
            optimizer.learning_rate = (np.asarray(value, np.float64) * ratio).tolist()

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        """Take one step of each group.

        Args:
            gradients: One for each of `parameters`, in their order, of their shapes and dtypes.

        Raises:
            ValueError: If they do not fit the parameters, or if the loss does not depend on one. Then nothing moves.
        """
        left = checked_gradients(gradients, self.parameters)
        for optimizer in self.optimizers:
            count = len(optimizer.parameters)
            optimizer.apply(left[:count])
            left = left[count:]

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join([*map(repr, self.optimizers), *settings(self)])})"

    def _ratios_to_first(self) -> list[Any] | None:
        """Return each group's rate over the first's; None where one is no number that can be assigned."""
        rates = [getattr(optimizer, "learning_rate", None) for optimizer in self.optimizers]
        numbers = [rate.numpy() for rate in rates if isinstance(rate, tf.Variable)]
        if len(numbers) != len(rates):
            return None
        if not np.all(numbers[0]):
            raise ValueError(
                f"the learning rate of the first group must not be 0, since the others keep their ratio to it, got "
                f"{numbers[0].tolist()}: begin with a group that is trained"
            )
        return [number / numbers[0] for number in numbers]
