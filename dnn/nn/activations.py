"""Functions of a layer's sums. TensorFlow derives their derivatives, which the docstrings state.

Where nothing else is said: the shape and dtype are the argument's, a NaN gives NaN with derivative NaN, an infinity
gives the limit of the value with the limit of the derivative, and half precision is computed in float32 (`softmax`
and `log_softmax`: it and float32 in float64).
"""

import math

import tensorflow as tf

from dnn.nn.argument_checks import checked_float
from dnn.nn.precision import rounded_once


@rounded_once
def relu(x, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0):
    """max_value where x >= max_value, else x where x > threshold, else negative_slope (x − threshold).

    With the defaults max(0, x). All three numbers are >= 0, as Keras's layer wants them.
    Derivative: negative_slope where x <= threshold, 0 where x >= max_value, else 1, also at NaN. So 0 at x = 0 as in
    Keras. At the other seams Keras is not of one mind: its derivative at max_value is 0 for max_value = 6 and else 1.
    A NaN stays one; TensorFlow's own relu makes it 0 in graph mode, where it joins the matrix product before it.
    Source: V. Nair, G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    Raises: ValueError for a number below 0, or a max_value below the threshold.
    """
    if not (negative_slope >= 0 and threshold >= 0):
        raise ValueError(f"negative_slope and threshold must be 0 or more, got {negative_slope} and {threshold}")
    if max_value is not None and not max_value >= threshold:
        raise ValueError(f"max_value must be {threshold}, which is threshold, or more, got {max_value}")
    if (negative_slope, max_value, threshold) == (0, None, 0):
        return tf.maximum(tf.zeros((), x.dtype), x)  # in this order: at a tie the derivative is the first one's
    threshold = tf.cast(threshold, x.dtype)
    below = negative_slope * (x - threshold) if negative_slope else tf.zeros((), x.dtype)  # 0 · −∞ is no limit
    above = x
    if max_value is not None:
        largest = tf.cast(max_value, x.dtype)
        above = tf.where(x >= largest, largest, x)
    return tf.where(x <= threshold, below, above)


def leaky_relu(x, negative_slope: float = 0.2):
    """x where x > 0, else negative_slope · x.

    Derivative: 1 where x > 0 and at NaN, else negative_slope, also at 0.
    Source: A. Maas, A. Hannun, A. Ng, "Rectifier Nonlinearities Improve Neural Network Acoustic Models", ICML 2013.
    """
    return relu(x, negative_slope)


@rounded_once
def elu(x, alpha: float = 1.0):
    """x where x > 0, else alpha (eˣ − 1): from −alpha at −∞ upwards.

    Derivative: 1 where x > 0, else alpha eˣ, so alpha at 0.
    Source: D. Clevert, T. Unterthiner, S. Hochreiter, "Fast and Accurate Deep Network Learning by Exponential Linear
    Units (ELUs)", ICLR 2016, equation 15.
    """
    positive = x > 0
    return tf.where(positive, x, alpha * _expm1_below(x, positive))


SELU_ALPHA = 1.6732632423543772848170429916717
SELU_SCALE = 1.0507009873554804934193349852946


@rounded_once
def selu(x):
    """λ x where x >= 0, else λ α (eˣ − 1), λ = 1.0507…, α = 1.6732…: it drives sums to mean 0 and variance 1.

    Derivative: λ where x >= 0, else λ α eˣ, so λ at 0, as in Keras.
    Source: G. Klambauer et al., "Self-Normalizing Neural Networks", NeurIPS 2017, equation 2; use `lecun_normal`.
    """
    positive = x >= 0
    return tf.where(positive, SELU_SCALE * x, SELU_SCALE * SELU_ALPHA * _expm1_below(x, positive))


@rounded_once
def gelu(x, approximate: bool = False):
    """x Φ(x), Φ the normal distribution function: x/2 erfc(−x/√2). gelu(−∞) = 0 (NaN in Keras).

    approximate: x s(2 √(2/π) (x + 0.044715 x³)) instead, s the sigmoid, which is x/2 (1 + tanh(…)) without the
    cancellation.
    Derivative: Φ(x) + x φ(x), φ the normal density: 0 at −∞ and 1 at ∞ (NaN in Keras; for the approximation NaN from
    |x| = 1e13 on).
    Source: D. Hendrycks, K. Gimpel, "Gaussian Error Linear Units (GELUs)", 2016, section 2. The √2 of Keras's is a
    float32 even for a float64 x.
    """
    return _gated(x, _approximate_normal if approximate else _normal)


def _normal(x):
    return 0.5 * tf.math.erfc(-math.sqrt(0.5) * x)


def _approximate_normal(x):
    x = tf.clip_by_value(x, -25.0, 25.0)  # it is 0 or 1 to the last bit beyond, in float64 too, and no cube overflows
    return sigmoid(math.sqrt(8 / math.pi) * (x + 0.044715 * x**3))


@rounded_once
def sigmoid(x):
    """1 / (1 + e⁻ˣ), in [0, 1]; computed as eˣ / (1 + eˣ) where x < 0, so that no exponential overflows.

    Derivative: s(x) s(−x), to the last digits even where s(x) rounds to 1, where Keras's s (1 − s) is 0.
    """
    negative, exponential = _exponential_of_minus_magnitude(x)
    return tf.where(negative, exponential, 1.0) / (1.0 + exponential)


@rounded_once
def tanh(x):
    """(eˣ − e⁻ˣ) / (eˣ + e⁻ˣ), in [−1, 1]: TensorFlow's where |x| < 1/2, else ±(1 − e) / (1 + e), e = e^(−2|x|).

    Derivative: 1 − tanh² x, to the last digits even where tanh x rounds to ±1, where Keras's is 0.
    """
    negative, exponential = _exponential_of_minus_magnitude(2.0 * x)
    magnitude = 1.0 - 2.0 * exponential / (1.0 + exponential)
    return tf.where(tf.abs(x) < 0.5, tf.tanh(x), tf.where(negative, -magnitude, magnitude))


@rounded_once
def softplus(x):
    """ln(1 + eˣ), >= 0; computed as max(x, 0) + ln(1 + e^−|x|), so that no exponential overflows.

    Derivative: the sigmoid.
    Source: C. Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option Pricing", NIPS 2000.
    """
    negative, exponential = _exponential_of_minus_magnitude(x)
    return tf.where(negative, tf.zeros_like(x), x) + tf.math.log1p(exponential)


@rounded_once
def silu(x):
    """x s(x), s the sigmoid; also called swish. silu(−∞) = 0 (NaN in Keras).

    Derivative: s(x) + x s(x) s(−x): 0 at −∞ and 1 at ∞ (NaN in Keras).
    Source: S. Elfwing, E. Uchibe, K. Doya, "Sigmoid-Weighted Linear Units for Neural Network Function Approximation
    in Reinforcement Learning", 2017, equation 5.
    """
    return _gated(x, sigmoid)


def maxout(x, pieces: int = 2):
    """The largest of each `pieces` neighbours: [..., units · pieces] -> [..., units].

    A NaN among them gives NaN.
    Derivative: 1 for the largest, shared alike between those that are equally large, and 0 for the others.
    Source: I. Goodfellow et al., "Maxout Networks", ICML 2013, section 2: after a Dense layer of units · pieces.
    Raises: ValueError for pieces that do not divide the last axis.

    >>> maxout([[1.0, 3.0, -5.0, -4.0]]).numpy().tolist()
    [[3.0, -4.0]]
    """
    x = checked_float(x, "x")
    if pieces < 1 or x.shape[-1] % pieces:
        raise ValueError(f"pieces must divide the {x.shape[-1]} numbers of the last axis, got {pieces}")
    groups = tf.reshape(x, tf.concat([tf.shape(x)[:-1], [x.shape[-1] // pieces, pieces]], axis=0))
    is_nan = tf.reduce_any(tf.math.is_nan(groups), axis=-1)
    return tf.where(is_nan, tf.reduce_sum(groups, axis=-1), tf.reduce_max(groups, axis=-1))  # XLA's max overlooks NaN


def _exponential_of_minus_magnitude(x):
    """(x < 0, e^−|x|). Not by tf.abs, whose derivative at 0 is 0, so that of the whole would be wrong there."""
    negative = x < 0
    return negative, tf.exp(tf.where(negative, x, -x))


def _expm1_below(x, positive):
    """eˣ − 1, and 0 with derivative 0 where positive: there eˣ may overflow, and 0 · inf in a gradient is NaN.

    Below −1/2, where nothing cancels, eˣ − 1 as it stands is nearer than TensorFlow's expm1.
    """
    x = tf.where(positive, tf.zeros_like(x), x)
    return tf.where(x < -0.5, tf.exp(x) - 1.0, tf.math.expm1(x))


def _gated(x, gate):
    """x · gate(x), for a gate that goes to 0 at −∞ and to 1 at ∞, faster than 1/x."""
    infinite = tf.math.is_inf(x)
    finite = tf.where(infinite, tf.zeros_like(x), x)
    return tf.where(infinite, relu(x), finite * gate(finite))
