"""Steps left out: where the loss or a gradient is not finite, nothing changes."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.protocols import OptimizerLike


class SkipNotFinite(Wrapper):
    """Take a step of the wrapped optimizer only if all gradients are finite; else change nothing, and count.

    The wrapped optimizer does not see a step that is left out: its slots, its count of steps and so its schedule stay.
    In `fit`, which looks at the loss too, such a step changes no other variable either, a moving mean of
    `BatchNormalization` for example; and what is reported of an epoch is over the steps that were taken. All gradients
    are looked at together, so the members of an ensemble wait for each other. PyTorch's `GradScaler` skips likewise,
    Keras's `LossScaleOptimizer` and Optax's `apply_if_finite` too. The last one gives up after some errors in a row;
    `fit` does after an epoch without a step.

    Args:
        optimizer: The optimizer to wrap: `Adam(…)`, a wrapper, or one's own with `parameters` and `apply(gradients)`.
            As the outermost wrapper it skips whole steps.

    Raises:
        TypeError: If the optimizer has no parameters or no apply.

    Example:
        >>> p = tf.Variable([1.0])
        >>> optimizer = dnn.SkipNotFinite(dnn.SGD([p], 0.5))
        >>> for g in (1.0, float("nan"), 1.0):
        ...     optimizer.apply([tf.constant([g])])
        >>> p.numpy().tolist(), int(optimizer.skipped)
        ([0.0], 1)
    """

    def __init__(self, optimizer: OptimizerLike) -> None:
        super().__init__(optimizer)
        self.skipped = tf.Variable(0, trainable=False, dtype=tf.int64, name="skipped")
        self.skipped_in_epoch = tf.Variable([0, 0], trainable=False, dtype=tf.int64, name="skipped_in_epoch")

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        self.apply_if(tf.constant(True), gradients, 0)

    def apply_if(self, finite: tf.Tensor, gradients: Sequence[tf.Tensor], rows: tf.Tensor | int) -> tf.Tensor:
        """Take a step if the gradients are finite, and something else is too.

        Args:
            finite: bool, whether the loss is.
            gradients: One for each parameter.
            rows: Of the step, which are counted with it.

        Returns:
            bool, whether the step was taken.
        """
        gradients = checked_gradients(gradients, self.parameters)
        taken = tf.reduce_all([finite, *(tf.reduce_all(tf.math.is_finite(g)) for g in gradients)])
        tf.cond(taken, lambda: self._take(gradients), lambda: self._skip(rows))
        return taken

    def _take(self, gradients: Sequence[tf.Tensor]) -> None:
        self.optimizer.apply(gradients)

    def _skip(self, rows: tf.Tensor | int) -> None:
        self.skipped.assign_add(1)
        self.skipped_in_epoch.assign_add(tf.stack([tf.constant(1, tf.int64), tf.cast(rows, tf.int64)]))
