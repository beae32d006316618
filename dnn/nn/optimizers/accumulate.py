"""Gradient accumulation: one step for the gradients of several batches, as if they were one batch."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.optimizers.checks import checked_gradients
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.precision import at_least_float32


class AccumulateGradients(Wrapper):
    """Every `steps` calls, one step of the optimizer within, with the mean of the gradients since the last.

    The sums are float32 at least. This is Keras's gradient_accumulation_steps; clipping and weight decay belong within,
    and see the mean. What Keras does in every call, and an optimizer within does once in `steps` calls, is:
    - to count for a schedule. To give Keras's rates, let it be lambda t: schedule(t * steps + steps - 1).
    - to average the weights. Within, `AverageWeights` with ema_momentum=μ**steps has, but for rounding, the averages
      that Keras has before its next step. Keras overwrites the weights with them in each of the `steps` calls of a
      step that is due; within, that happens once, after the step.
    """

    def __init__(self, optimizer, steps: int):
        """steps: an integer, >= 1. Raises: ValueError for another, TypeError for what is no optimizer."""
        super().__init__(optimizer)
        self.steps = checked_count(steps, "steps")
        self.calls = tf.Variable(0, trainable=False, dtype=tf.int64, name="calls")
        zeros = [tf.zeros_like(p, at_least_float32(p.dtype)) for p in self.parameters]
        self.sums = [tf.Variable(zero, trainable=False, name="sum") for zero in zeros]

    def apply(self, gradients) -> None:
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
