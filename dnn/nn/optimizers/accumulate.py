"""Gradient accumulation: one step for the gradients of several batches, as if they were one batch."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import OptimizerLike


class AccumulateGradients(Wrapper):
    """Take one step of the wrapped optimizer every `steps` calls, with the mean of the gradients since the last.

    The sums are float32 at least. This is Keras's gradient_accumulation_steps; clipping and weight decay belong inside,
    and see the mean. What Keras does in every call, and a wrapped optimizer does once in `steps` calls, is:
    - to count for a schedule. To give Keras's rates, let it be lambda t: schedule(t * steps + steps - 1).
    - to average the weights. Inside, `AverageWeights` with ema_momentum=μ**steps has, but for rounding, the averages
      that Keras has before its next step. Keras overwrites the weights with them in each of the `steps` calls of a
      step that is due; inside, that happens once, after the step.

    Args:
        optimizer: The optimizer to wrap: `Adam(…)`, a wrapper, or one's own with `parameters` and `apply(gradients)`.
        steps: The number of calls, and so of batches, for one step: >= 1.

    Raises:
        ValueError: If steps is not an integer of 1 or more.
        TypeError: If the optimizer has no parameters or no apply.
    """

    def __init__(self, optimizer: OptimizerLike, steps: int) -> None:
        super().__init__(optimizer)
        self.steps = checked_count(steps, "steps")
        self.calls = tf.Variable(0, trainable=False, dtype=tf.int64, name="calls")
        zeros = [tf.zeros_like(p, at_least_float32(p.dtype)) for p in self.parameters]
        self.sums = [tf.Variable(zero, trainable=False, name="sum") for zero in zeros]

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        gradients = checked_gradients(gradients, self.parameters)
        for total, g in zip(self.sums, gradients, strict=True):
            total.assign_add(tf.cast(g, total.dtype))
        calls = tf.convert_to_tensor(self.calls.assign_add(1))
        tf.cond(calls % self.steps == 0, self._take_step, lambda: None)

    def _take_step(self) -> None:
        self.optimizer.apply(
            [tf.cast(total / self.steps, p.dtype) for p, total in zip(self.parameters, self.sums, strict=True)]
        )
        for total in self.sums:
            total.assign(tf.zeros_like(total))
