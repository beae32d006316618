"""Clipping: gradients made smaller where they are too large."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_positive
from dnn.nn.optimizers.gradient_checks import checked_gradients
from dnn.nn.optimizers.wrapper import Wrapper
from dnn.nn.protocols import OptimizerLike


def clip_by_norm(g: tf.Tensor, clipnorm: float) -> tf.Tensor:
    """Return g, or where its norm √(Σ g²) is larger than c = clipnorm, the g c / norm whose norm is c.

    This is `clip_by_global_norm` of one gradient. A NaN or an infinity in g makes all of g NaN. Keras's clipnorm makes
    0 of the finite numbers beside an infinity.

    Args:
        g: A gradient, float[shape].
        clipnorm: The largest norm, > 0.

    Returns:
        The gradient, of g's shape and dtype.
    """
    return clip_by_global_norm([g], clipnorm)[0]


def clip_by_global_norm(gradients: Sequence[tf.Tensor], clipnorm: float) -> list[tf.Tensor]:
    """Return the gradients, or where their common norm √(Σ g²) is larger than c = clipnorm, each as g c / norm.

    Computed in float64, as parts of the largest |g|, and rounded once. In Keras the squares of 1e30 are infinite in
    float32, and those of 1e-30 are 0; so are those of 1e200 and 1e-200 in float64. Gradients that are short enough keep
    their bits. A NaN or an infinity among them makes all NaN, as in Keras: a training that has diverged looks so.
    Source: R. Pascanu, T. Mikolov, Y. Bengio, "On the Difficulty of Training Recurrent Neural Networks", ICML 2013,
    algorithm 1.

    Args:
        gradients: float tensors of any shapes.
        clipnorm: The largest norm, > 0.

    Returns:
        The gradients, each of its shape and dtype.
    """
    gradients = [tf.convert_to_tensor(g) for g in gradients]
    wide = [tf.cast(g, tf.float64) for g in gradients]
    largest = tf.reduce_max(tf.stack([tf.reduce_max(tf.abs(g)) for g in wide]))
    largest = tf.where(largest > 0, largest, 1)  # for zeros, and for tensors without numbers
    parts = [g / largest for g in wide]  # NaN for ∞
    norm = tf.sqrt(tf.add_n([tf.reduce_sum(tf.square(part)) for part in parts]))  # in largest
    short = norm * largest <= clipnorm  # not for a NaN
    norm = tf.where(norm != 0, norm, 1)  # for zeros; NaN stays NaN
    clipped = [tf.cast(part * clipnorm / norm, g.dtype) for part, g in zip(parts, gradients, strict=True)]
    return [tf.where(short, g, c) for g, c in zip(gradients, clipped, strict=True)]


def clip_by_value(g: tf.Tensor, clipvalue: float) -> tf.Tensor:
    """Return each number of g, but at least −clipvalue and at most clipvalue; NaN stays NaN.

    Args:
        g: A gradient, float[shape].
        clipvalue: The largest absolute value, > 0.

    Returns:
        The gradient, of g's shape and dtype.
    """
    g = tf.convert_to_tensor(g)
    return tf.clip_by_value(g, tf.cast(-clipvalue, g.dtype), tf.cast(clipvalue, g.dtype))


class ClipGradients(Wrapper):
    """Clip the gradients of the wrapped optimizer: each by its norm, all by their common norm, or each number.

    It belongs inside `AccumulateGradients`: what is clipped is the mean, as in Keras. Exactly one limit is given.

    Args:
        optimizer: The optimizer to wrap: `Adam(…)`, a wrapper, or one's own with `parameters` and `apply(gradients)`.
        clipnorm: The largest norm of each gradient, > 0: see `clip_by_norm`.
        global_clipnorm: The largest common norm of all gradients, > 0: see `clip_by_global_norm`.
        clipvalue: The largest absolute value of each number, > 0: see `clip_by_value`.

    Raises:
        ValueError: If none or more than one limit is given, or one out of its range.
        TypeError: If a limit is not a number, or the optimizer has no parameters or no apply.
    """

    def __init__(
        self,
        optimizer: OptimizerLike,
        *,
        clipnorm: float | None = None,
        global_clipnorm: float | None = None,
        clipvalue: float | None = None,
    ) -> None:
        super().__init__(optimizer)
        limits = {"clipnorm": clipnorm, "global_clipnorm": global_clipnorm, "clipvalue": clipvalue}
        given = {name: limit for name, limit in limits.items() if limit is not None}
        if len(given) != 1:
            raise ValueError(f"exactly one of {', '.join(limits)} must be given, got {' and '.join(given) or 'none'}")
        for name, limit in given.items():
            checked_positive(limit, name)
        self.clipnorm, self.global_clipnorm, self.clipvalue = clipnorm, global_clipnorm, clipvalue

    def apply(self, gradients: Sequence[tf.Tensor]) -> None:
        gradients = checked_gradients(gradients, self.parameters)
        if self.clipnorm is not None:
            gradients = [clip_by_norm(g, self.clipnorm) for g in gradients]
        elif self.global_clipnorm is not None:
            gradients = clip_by_global_norm(gradients, self.global_clipnorm)
        elif self.clipvalue is not None:
            gradients = [clip_by_value(g, self.clipvalue) for g in gradients]
        self.optimizer.apply(gradients)
