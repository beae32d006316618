"""An ensemble whose members share their first layer, such as embeddings of numbers before TabM."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from dnn.nn.argument_checks import checked_callable
from dnn.nn.modules import counted_noun, layer_line, tree
from dnn.nn.protocols import TensorLike
from dnn.nn.tabm import TabM


class SharedFirst(tf.Module):
    """Apply one layer to the rows, and `TabM` to what it returns: float[batch, features] -> float[batch, outputs].

    It trains as TabM does, by the mean of the members' losses, which an ensemble within a `Sequential` would not.
    Source: Y. Gorishniy, A. Kotelnikov, A. Babenko, "TabM: Advancing Tabular Deep Learning with Parameter-Efficient
    Ensembling", ICLR 2025, section 3.3, TabM with embeddings of numbers.

    Args:
        first: layer that behaves in training as otherwise: float[batch, features] -> float[batch, inputs of TabM].
        ensemble: the `TabM`.

    Raises:
        TypeError: If the first layer cannot be called, or the other one is not a `TabM`.

    Example:
        >>> model = SharedFirst(dnn.LinearReLUEmbeddings(3, 4), dnn.TabM([12, 8, 2], k=5))
        >>> model.member_logits(tf.ones([6, 3])).shape
        TensorShape([5, 6, 2])
    """

    independent = False

    def __init__(self, first: Callable[..., Any], ensemble: TabM) -> None:
        super().__init__()
        if not isinstance(ensemble, TabM):
            raise TypeError(f"ensemble must be a TabM, whose members share their rows, got {ensemble!r}")
        self.first, self.ensemble = checked_callable(first, "first"), ensemble
        self.members, self.combine = ensemble.members, ensemble.combine

    def __call__(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return what the members' outputs are together.

        Args:
            x: float[batch, features].
            training: None, or the key int32[3] of a training step, (seed, epoch, step).

        Returns:
            float[batch, outputs].
        """
        return self.combine(self.member_logits(x, training))

    def member_logits(self, x: TensorLike, training: TensorLike | None = None) -> tf.Tensor:
        """Return the outputs of each member.

        Args:
            x: float[batch, features].
            training: None, or the key int32[3] of a training step, (seed, epoch, step).

        Returns:
            float[members, batch, outputs].
        """
        return self.ensemble.member_logits(self.first(x), training)

    def __repr__(self) -> str:
        return tree(layer_line(self, counted_noun(self.members, "member")), [("first", self.first), ("ensemble", self.ensemble)])
