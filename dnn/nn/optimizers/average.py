"""Averages of the weights: those of the last steps, the latest counting most."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_count, checked_fraction
from dnn.nn.normalization import moving_average
from dnn.nn.optimizers.master import assign, full_value, master_of
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.protocols import OptimizerLike


class AverageWeights(Wrapper):
    """Keep a ← μ a + (1 − μ) p after each step of the wrapped optimizer, for every parameter p and its average a.

    μ = ema_momentum, and 0 in the first step, so what was before it counts for nothing; before the first step the
    averages are the parameters' first values. They are float32 at least; the p of a half-precision parameter is its
    master in the wrapped optimizer, which is averaged, overwritten and swapped, so that no small step is lost.
    Training goes on with the parameters; their averages are for evaluating, and for keeping in the end: `swap()`. This
    is Keras's use_ema, but Keras's `fit` overwrites the weights with the averages when it ends; here the caller does
    that, with swap(). They are averages to the last step, also after early stopping has brought back other weights.
    Source: B. Polyak, A. Juditsky, "Acceleration of Stochastic Approximation by Averaging", 1992, of all steps alike.

    Args:
        optimizer: The optimizer to wrap: `Adam(…)`, a wrapper, or one's own with `parameters` and `apply(gradients)`.
        ema_momentum: μ, in [0, 1]: how slowly the averages forget.
        ema_overwrite_frequency: After how many steps, again and again, p ← a: >= 1. None: never.

    Raises:
        ValueError: If a number is out of its range.
        TypeError: If the momentum is not a number, or the optimizer has no parameters or no apply.
    """

    def __init__(
        self, optimizer: OptimizerLike, *, ema_momentum: float = 0.99, ema_overwrite_frequency: int | None = None
    ) -> None:
        super().__init__(optimizer)
        self.ema_momentum = checked_fraction(ema_momentum, "ema_momentum")
        if ema_overwrite_frequency is not None:
            checked_count(ema_overwrite_frequency, "ema_overwrite_frequency")
        self.ema_overwrite_frequency = ema_overwrite_frequency
        self.calls = tf.Variable(0, trainable=False, dtype=tf.int64, name="calls")
        self._masters = getattr(optimizer, "masters", None) or [master_of(p) for p in self.parameters]
        first = [full_value(p, master) for p, master in zip(self.parameters, self._masters, strict=True)]
        self.averages = [tf.Variable(value, trainable=False, name="average") for value in first]

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        self.optimizer.apply(gradients)
        calls = tf.convert_to_tensor(self.calls.assign_add(1))
        for p, a, master in zip(self.parameters, self.averages, self._masters, strict=True):
            momentum = tf.where(calls == 1, tf.zeros((), a.dtype), tf.constant(self.ema_momentum, a.dtype))
            a.assign(moving_average(a, full_value(p, master), momentum))
        if self.ema_overwrite_frequency:
            tf.cond(calls % self.ema_overwrite_frequency == 0, self._overwrite, lambda: None)

    def swap(self) -> None:
        """Exchange parameters and averages.

        A second call brings both back, bit for bit: call it again before you continue training.
        """
        for p, a, master in zip(self.parameters, self.averages, self._masters, strict=True):
            value = full_value(p, master)
            assign(p, master, a)
            a.assign(value)

    def _overwrite(self) -> None:
        for p, a, master in zip(self.parameters, self.averages, self._masters, strict=True):
            assign(p, master, a)
