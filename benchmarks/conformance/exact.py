"""Exact arithmetic: arrays of numbers of 200 binary digits, which neither overflow nor underflow.

Errors are reported to some hundredths of a last place of float64, which is its 53rd digit: a formula here may lose a
hundred digits to cancellation before it is seen.
"""

from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import numpy.typing as npt

EXACT = mpmath.MPContext()
EXACT.prec = 200
Exact = npt.NDArray[np.object_]


def exact(values: npt.ArrayLike) -> Exact:
    """Return the same numbers as exact ones, in an array of objects on which +, −, ×, / and sums are exact too."""
    return np.vectorize(lambda x: EXACT.mpf(float(x)), otypes=[object])(np.asarray(values))


def _of_each(function: Callable[[Any], Any]) -> Callable[..., Exact]:
    return np.vectorize(function, otypes=[object])


exp = _of_each(EXACT.exp)
expm1 = _of_each(EXACT.expm1)
log = _of_each(EXACT.log)
log1p = _of_each(EXACT.log1p)
sqrt = _of_each(EXACT.sqrt)
tanh = _of_each(EXACT.tanh)


@_of_each
def normal(x: Any) -> Any:
    """Φ(x), the share of the normal distribution below x. Beyond ±10,000 it is 0 or 1 to 10 million digits."""
    if abs(x) > 10_000:
        return EXACT.mpf(x > 0)
    return EXACT.erfc(-x / EXACT.sqrt(2)) / 2


@_of_each
def normal_density(x: Any) -> Any:
    """φ(x) = e^(−x²/2) / √(2π)."""
    return EXACT.exp(-x * x / 2) / EXACT.sqrt(2 * EXACT.pi)


@_of_each
def logistic(x: Any) -> Any:
    """1 / (1 + e⁻ˣ)."""
    return 1 / (1 + EXACT.exp(-x))


def parts(values: Exact) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return (high, low) in float64, whose sum is the exact number to twice float64's digits.

    Beside an infinity, low is 0.
    """
    high = np.vectorize(float, otypes=[np.float64])(values)
    low = np.vectorize(lambda x, h: float(x - h) if np.isfinite(h) else 0.0, otypes=[np.float64])(values, high)
    return high, low
