"""Skip connections: a layer that adds its input to what another one makes of it."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dnn.nn.argument_checks import checked_callable, checked_float
from dnn.nn.layers import takes_training
from dnn.nn.modules import layer_line, tree
from dnn.nn.protocols import TensorLike


class Residual(tf.Module):
    """Apply x + inner(x): float[batch, width] -> float[batch, width].

    What is learnt is the difference from the input, and a gradient also passes the layer by. `dnn.mlp(…,
    residual=True)` makes such layers.
    Source: K. He, X. Zhang, S. Ren, J. Sun, "Deep Residual Learning for Image Recognition", CVPR 2016, equation 1.

    Args:
        inner: layer, model or function: float[batch, width] -> a tensor of the same shape and dtype.

    Raises:
        TypeError: If the inner layer cannot be called.

    Example:
        >>> Residual(lambda x: 10 * x)(tf.constant([[1.0, 2.0]])).numpy().tolist()
        [[11.0, 22.0]]
    """

    def __init__(self, inner: Callable[..., Any]) -> None:
        super().__init__()
        self.inner = checked_callable(inner, "inner")
        self._takes_training = takes_training(inner)

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return x + inner(x).

        Args:
            x: float[batch, width], as the inner layer takes it.
            training: None, or the key int32[3] of a training step, which the inner layer is given.

        Returns:
            A tensor of the shape and dtype of x.

        Raises:
            ValueError: If the inner layer returns another shape.
            TypeError: If it returns another dtype.
        """
        x = checked_float(x, "x")
        change = self.inner(x, training=training) if self._takes_training else self.inner(x)
        if not change.shape.is_compatible_with(x.shape):
            raise ValueError(f"inner must keep the shape of x, {x.shape}, to be added to it, got {change.shape}")
        if change.dtype != x.dtype:
            raise TypeError(f"inner must keep the dtype of x, {x.dtype.name}, got {change.dtype.name}")
        return x + change

    def __repr__(self) -> str:
        return tree(layer_line(self), [("inner", self.inner)])
