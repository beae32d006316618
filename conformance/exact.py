"""Exact arithmetic: arrays of numbers of 200 binary digits, which neither overflow nor underflow.

Errors are reported to some hundredths of a last place of float64, which is its 53rd digit: a formula here may lose a
hundred digits to cancellation before it is seen.
"""

import mpmath
import numpy as np

EXACT = mpmath.MPContext()
EXACT.prec = 200


def exact(values) -> np.ndarray:
    """The same numbers as exact ones, in an array of objects on which +, −, *, / and sums are exact too."""
    return np.vectorize(lambda x: EXACT.mpf(float(x)), otypes=[object])(np.asarray(values))


def _of_each(function):
    return np.vectorize(function, otypes=[object])


exp = _of_each(EXACT.exp)
expm1 = _of_each(EXACT.expm1)
log = _of_each(EXACT.log)
log1p = _of_each(EXACT.log1p)
sqrt = _of_each(EXACT.sqrt)
tanh = _of_each(EXACT.tanh)
where = np.where


@_of_each
def normal(x):
    """Φ(x): the share of the normal distribution below x. Beyond ±10,000 it is 0 or 1 to 10 million digits."""
    if abs(x) > 10_000:
        return EXACT.mpf(x > 0)
    return EXACT.erfc(-x / EXACT.sqrt(2)) / 2


@_of_each
def normal_density(x):
    """φ(x) = e^(−x²/2) / √(2π)."""
    return EXACT.exp(-x * x / 2) / EXACT.sqrt(2 * EXACT.pi)


@_of_each
def logistic(x):
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + EXACT.exp(-x))


def parts(values) -> tuple[np.ndarray, np.ndarray]:
    """(high, low) in float64, whose sum is the exact number to twice float64's digits; low is 0 beside infinities."""
    high = np.vectorize(float, otypes=[np.float64])(values)
    low = np.vectorize(lambda x, h: float(x - h) if np.isfinite(h) else 0.0, otypes=[np.float64])(values, high)
    return high, low
