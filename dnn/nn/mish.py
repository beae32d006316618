"""Mish: a smooth activation, x times a number that goes from 0 to 1."""

import tensorflow as tf

from dnn.nn.gate import gated
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike


@rounded_once
def mish(x: TensorLike) -> tf.Tensor:
    """Compute x tanh(ln(1 + eˣ)). mish(−∞) = 0 (NaN in Keras).

    The factor is e (e + 2) / (e (e + 2) + 2) with e = eˣ where x < 0, else (1 + 2 e) / (1 + 2 e + 2 e²) with e = e⁻ˣ:
    nothing cancels and nothing overflows.

    Derivative: g + x g', g the factor: 0 at −∞ and 1 at ∞ (NaN in Keras), 3/5 at 0.
    Source: D. Misra, "Mish: A Self Regularized Non-Monotonic Activation Function", BMVC 2020, equation 1.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.

    Example:
        >>> mish([-1.0, 0.0, 2.0]).numpy().round(4)
        array([-0.3034,  0.    ,  1.944 ], dtype=float32)
    """
    return gated(x, _tanh_of_softplus)


def _tanh_of_softplus(x: tf.Tensor) -> tf.Tensor:
    negative = x < 0
    e = tf.exp(tf.where(negative, x, -x))
    below = e * (e + 2.0)
    return tf.where(negative, below / (below + 2.0), (1.0 + 2.0 * e) / (1.0 + 2.0 * e + 2.0 * e * e))
