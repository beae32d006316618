"""Activations: functions of a layer's sums. TensorFlow derives their derivatives, which the docstrings state.

Unless stated otherwise, the result has the argument's shape and dtype, a NaN gives NaN with derivative NaN, an infinity
gives the limit of the value with the limit of the derivative, and half precision is computed in float32 and rounded
once.
"""

import math

import tensorflow as tf

from dnn.nn.gate import gated
from dnn.nn.precision import rounded_once
from dnn.nn.protocols import TensorLike


@rounded_once
def relu(
    x: TensorLike, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0
) -> tf.Tensor:
    """Compute max(0, x), or with Keras's options a leaky, bounded or thresholded form of it.

    max_value where x >= max_value, else x where x > threshold, else negative_slope (x − threshold).

    Derivative: negative_slope where x <= threshold, 0 where x >= max_value, else 1, also at NaN. So it is 0 at x = 0,
    as in Keras. At the other seams Keras is inconsistent: its derivative at max_value is 0 for max_value = 6, else 1.
    A NaN stays NaN; TensorFlow's own relu makes it 0 in graph mode, where it is fused with the matrix product.
    Source: V. Nair, G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.

    Args:
        x: float or integer, of any shape.
        negative_slope: slope up to the threshold, >= 0.
        max_value: upper bound of the result, >= threshold. None: no bound.
        threshold: value that x must exceed to be passed on, >= 0.

    Returns:
        A tensor of the shape and dtype of x.

    Raises:
        ValueError: If an option is out of its range.

    Example:
        >>> relu([-1.0, 0.0, 2.0]).numpy().tolist()
        [0.0, 0.0, 2.0]
    """
    if not (negative_slope >= 0 and threshold >= 0):
        raise ValueError(f"negative_slope and threshold must be 0 or more, got {negative_slope} and {threshold}")
    if max_value is not None and not max_value >= threshold:
        raise ValueError(f"max_value must be at least the threshold, {threshold}, got {max_value}")
    x = tf.convert_to_tensor(x)
    if (negative_slope, max_value, threshold) == (0, None, 0):
        return tf.maximum(tf.zeros((), x.dtype), x)  # in this order: at a tie the derivative is the first argument's
    threshold = tf.cast(threshold, x.dtype)
    below = negative_slope * (x - threshold) if negative_slope else tf.zeros((), x.dtype)  # 0 · −∞ would be NaN
    above = x
    if max_value is not None:
        largest = tf.cast(max_value, x.dtype)
        above = tf.where(x >= largest, largest, x)
    return tf.where(x <= threshold, below, above)


def leaky_relu(x: TensorLike, negative_slope: float = 0.2) -> tf.Tensor:
    """Compute x where x > 0, else negative_slope · x.

    Derivative: 1 where x > 0 and at NaN, else negative_slope, also at 0.
    Source: A. Maas, A. Hannun, A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.

    Args:
        x: float[...].
        negative_slope: slope below 0, >= 0; Keras's default.

    Returns:
        A tensor of the shape and dtype of x.

    Raises:
        ValueError: If the slope is negative.
    """
    return relu(x, negative_slope)


@rounded_once
def elu(x: TensorLike, alpha: float = 1.0) -> tf.Tensor:
    """Compute x where x > 0, else alpha (eˣ − 1): from −alpha at −∞ upwards.

    Derivative: 1 where x > 0, else alpha eˣ, so alpha at 0.
    Source: D. Clevert, T. Unterthiner, S. Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear
    Units (ELUs)", ICLR 2016, equation 15.

    Args:
        x: float[...].
        alpha: magnitude of the limit at −∞, and the slope at 0.

    Returns:
        A tensor of the shape and dtype of x.
    """
    x = tf.convert_to_tensor(x)
    positive = x > 0
    return tf.where(positive, x, alpha * _expm1_below(x, positive))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@rounded_once
def selu(x: TensorLike) -> tf.Tensor:
    """Compute λ x where x >= 0, else λ α (eˣ − 1), with λ = 1.0507… and α = 1.6732….

    It drives the sums of a layer to mean 0 and variance 1, for kernels drawn by `lecun_normal`.

    Derivative: λ where x >= 0, else λ α eˣ, so λ at 0, as in Keras.
    Source: G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017, equation 2.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.
    """
    x = tf.convert_to_tensor(x)
    positive = x >= 0
    return tf.where(positive, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * _expm1_below(x, positive))


@rounded_once
def gelu(x: TensorLike, approximate: bool = False) -> tf.Tensor:
    """Compute x Φ(x), Φ the normal distribution function, as x/2 erfc(−x/√2).

    gelu(−∞) = 0 (NaN in Keras).

    Derivative: Φ(x) + x φ(x), φ the normal density: 0 at −∞ and 1 at ∞ (NaN in Keras; for the approximation NaN from
    |x| = 1e13 on).
    Source: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, section 2. Keras's √2 is a float32
    even for a float64 x.

    Args:
        x: float[...].
        approximate: whether to compute x s(2 √(2/π) (x + 0.044715 x³)) instead, s the sigmoid: that is
            x/2 (1 + tanh(…)) without the cancellation.

    Returns:
        A tensor of the shape and dtype of x.
    """
    return gated(x, _approximate_normal if approximate else _normal)


def _normal(x: tf.Tensor) -> tf.Tensor:
    return 0.5 * tf.math.erfc(-math.sqrt(0.5) * x)


def _approximate_normal(x: tf.Tensor) -> tf.Tensor:
    x = tf.clip_by_value(x, -25.0, 25.0)  # beyond, it is 0 or 1 to the last bit, in float64 too; no cube overflows
    return sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))


@rounded_once
def sigmoid(x: TensorLike) -> tf.Tensor:
    """Compute 1 / (1 + e⁻ˣ), in [0, 1], as eˣ / (1 + eˣ) where x < 0, so that no exponential overflows.

    Derivative: s(x) s(−x), to the last digits even where s(x) rounds to 1, where Keras's s (1 − s) is 0.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.
    """
    negative, exponential = _exponential_of_minus_magnitude(x)
    return tf.where(negative, exponential, 1.0) / (1.0 + exponential)


@rounded_once
def tanh(x: TensorLike) -> tf.Tensor:
    """Compute (eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), in [−1, 1].

    TensorFlow's tanh where |x| < 1/2, else ±(1 − e) / (1 + e) with e = e^(−2|x|).

    Derivative: 1 − tanh² x, to the last digits even where tanh x rounds to ±1, where Keras's is 0.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.
    """
    x = tf.convert_to_tensor(x)
    negative, exponential = _exponential_of_minus_magnitude(2.0 * x)
    magnitude = 1.0 - 2.0 * exponential / (1.0 + exponential)
    return tf.where(tf.abs(x) < 0.5, tf.tanh(x), tf.where(negative, -magnitude, magnitude))


@rounded_once
def softplus(x: TensorLike) -> tf.Tensor:
    """Compute ln(1 + eˣ), >= 0, as max(x, 0) + ln(1 + e^−|x|), so that no exponential overflows.

    Derivative: the sigmoid.
    Source: C. Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS 2000.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.
    """
    negative, exponential = _exponential_of_minus_magnitude(x)
    return tf.where(negative, tf.zeros_like(x), x) + tf.math.log1p(exponential)


@rounded_once
def silu(x: TensorLike) -> tf.Tensor:
    """Compute x s(x), s the sigmoid; also called swish. silu(−∞) = 0 (NaN in Keras).

    Derivative: s(x) + x s(x) s(−x): 0 at −∞ and 1 at ∞ (NaN in Keras).
    Source: S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation
    in Reinforcement Learning", 2017, equation 5.

    Args:
        x: float[...].

    Returns:
        A tensor of the shape and dtype of x.
    """
    return gated(x, sigmoid)


def _exponential_of_minus_magnitude(x: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return (x < 0, e^−|x|). Not by tf.abs: its derivative at 0 is 0, and the whole would be wrong there."""
    negative = x < 0
    return negative, tf.exp(tf.where(negative, x, -x))


def _expm1_below(x: tf.Tensor, positive: tf.Tensor) -> tf.Tensor:
    """Return eˣ − 1, and 0 with derivative 0 where positive: there eˣ may overflow, and 0 · inf in a gradient is NaN.

    Below −1/2, where nothing cancels, eˣ − 1 as written is closer than TensorFlow's expm1.
    """
    x = tf.where(positive, tf.zeros_like(x), x)
    return tf.where(x < -0.5, tf.exp(x) - 1.0, tf.math.expm1(x))
