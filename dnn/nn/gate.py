"""Gated activations, x times a gate: what `gelu`, `silu` and `mish` share."""

from collections.abc import Callable

import tensorflow as tf


def gated(x: tf.Tensor, gate: Callable[[tf.Tensor], tf.Tensor]) -> tf.Tensor:
    """Return x · gate(x), for a gate that goes to 0 at −∞ and to 1 at ∞, faster than 1/x."""
    infinite = tf.math.is_inf(x)
    finite = tf.where(infinite, tf.zeros_like(x), x)
    return tf.where(infinite, tf.maximum(tf.zeros((), x.dtype), x), finite * gate(finite))
