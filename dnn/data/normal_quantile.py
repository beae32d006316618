"""The inverse of the normal distribution, of plain arithmetic, since ONNX has neither TensorFlow's ndtri nor erfinv."""

import tensorflow as tf

from dnn.data.scale import TensorOrArray

# Algorithm AS 241, PPND16: the numerators' and denominators' coefficients, from the highest power down
CENTRAL = (
    (
        2509.0809287301226727,
        33430.575583588128105,
        67265.770927008700853,
        45921.953931549871457,
        13731.693765509461125,
        1971.5909503065514427,
        133.14166789178437745,
        3.387132872796366608,
    ),
    (
        5226.495278852854561,
        28729.085735721942674,
        39307.89580009271061,
        21213.794301586595867,
        5394.1960214247511077,
        687.1870074920579083,
        42.313330701600911252,
        1.0,
    ),
)
MIDDLE = (
    (
        7.7454501427834140764e-4,
        0.0227238449892691845833,
        0.24178072517745061177,
        1.27045825245236838258,
        3.64784832476320460504,
        5.7694972214606914055,
        4.6303378461565452959,
        1.42343711074968357734,
    ),
    (
        1.05075007164441684324e-9,
        5.475938084995344946e-4,
        0.0151986665636164571966,
        0.14810397642748007459,
        0.68976733498510000455,
        1.6763848301838038494,
        2.05319162663775882187,
        1.0,
    ),
)


def normal_quantile(p: TensorOrArray) -> tf.Tensor:
    """Return z with Φ(z) = p, to about 16 digits, for p in [2e-11, 1 − 2e-11].

    With q = p − ½: z = q A(.180625 − q²)/B(.180625 − q²) where |q| <= .425, and else, with r = √(−log min(p, 1 − p)),
    z = ± C(r − 1.6)/D(r − 1.6). The third range of the source, farther out, is not needed here.
    Source: M. Wichura, "Algorithm AS 241: The Percentage Points of the Normal Distribution", 1988, function PPND16.

    Args:
        p: float64[...], probabilities.

    Returns:
        float64[...].
    """
    q = p - 0.5
    square = 0.180625 - q * q
    inner = q * _polynomial(square, CENTRAL[0]) / _polynomial(square, CENTRAL[1])
    r = tf.sqrt(-tf.math.log(tf.minimum(p, 1 - p))) - 1.6
    outer = tf.sign(q) * _polynomial(r, MIDDLE[0]) / _polynomial(r, MIDDLE[1])
    return tf.where(tf.abs(q) <= 0.425, inner, outer)


def _polynomial(x: tf.Tensor, coefficients: tuple[float, ...]) -> tf.Tensor:
    """Return c₀ xⁿ + … + cₙ, by Horner's rule."""
    value = tf.fill(tf.shape(x), tf.constant(coefficients[0], x.dtype))
    for coefficient in coefficients[1:]:
        value = value * x + coefficient
    return value
