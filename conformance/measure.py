"""In what an error is counted: in units of the dtype's last place, of the exact value or of a scale that is given.

A unit is a function (exact values as float64, inputs, dtype) -> the size of one unit beside each value.
"""

import ml_dtypes
import numpy as np


def ulp(exact, inputs, dtype):
    """The last place of the exact value. Below 1,000 times the least normal number it is that: TensorFlow gives 0 for
    smaller ones, in the midst of a formula too. It does not for float16, whose last place ends at 2⁻²⁴."""
    info = ml_dtypes.finfo(dtype)
    size = np.clip(np.nan_to_num(np.abs(exact)), float(info.tiny), float(info.max))
    unit = np.ldexp(float(info.eps), np.frexp(size)[1] - 1)
    least = 1000 * float(info.tiny)
    return unit if dtype == np.float16 else np.where(np.abs(exact) < least, least, unit)


def epsilon(exact, inputs, dtype):
    """The last place of 1, or of the value where that is larger: for differences of terms of about 1."""
    return float(ml_dtypes.finfo(dtype).eps) * np.maximum(1, np.abs(np.nan_to_num(exact)))


def logit_ulp(exact, inputs, dtype):
    """The last place of 1 or of the row's largest |logit|: subtracting that costs so much, however small the rest."""
    sizes = np.abs(inputs[-1].astype(np.float64))
    largest = np.max(sizes, axis=1, initial=1, where=np.isfinite(sizes))
    return float(ml_dtypes.finfo(dtype).eps) * largest.reshape(-1, *[1] * (exact.ndim - 1)) * np.ones_like(exact)


def array_ulp(exact, inputs, dtype):
    """The last place of the largest value of the array: all are sums of numbers alike, that may cancel in some."""
    return np.full(exact.shape, float(ml_dtypes.finfo(dtype).eps) * np.abs(exact).max())


def one(exact, inputs, dtype):
    """1: the plain difference."""
    return np.ones_like(exact)


UNITS = {unit.__name__: unit for unit in (ulp, epsilon, logit_ulp, array_ulp, one)}


def largest_error(actual, exact, unit, inputs, dtype) -> float:
    """The largest |actual − exact| in units. A NaN or an infinity that is not the exact value is infinitely wrong.

    actual: an array of the dtype in which it was returned. exact: the `parts` of exact numbers. What no number of
    actual's dtype can hold should be its infinity.
    """
    high, low = exact
    size = unit(high, inputs, dtype)
    actual = np.asarray(actual)
    if actual.shape != high.shape:
        raise ValueError(f"values must be {high.shape}, got shape {actual.shape}")
    if actual.dtype.kind in "fV":
        beyond = np.abs(high) > float(ml_dtypes.finfo(actual.dtype).max)
        high = np.where(beyond, np.copysign(np.inf, high), high)
    return float(np.max(_distance(actual.astype(np.float64), high, low) / size, initial=0))


def largest_difference(one_side, other, exact, unit, inputs, dtype) -> float:
    """The largest |one − other| in units of the exact value, or of the other where there is no exact value.

    exact: the `parts` of exact numbers, or None.
    """
    one_side, other = (np.asarray(values).astype(np.float64) for values in (one_side, other))
    beside = other if exact is None else exact[0]
    return float(np.max(_distance(one_side, other, 0.0) / unit(beside, inputs, dtype), initial=0))


def _distance(actual, high, low):
    with np.errstate(invalid="ignore"):
        distance = np.abs(actual - high - low)
    same = (actual == high) & ~np.isfinite(actual) | np.isnan(actual) & np.isnan(high)
    return np.where(same, 0, np.where(np.isnan(distance), np.inf, distance))
