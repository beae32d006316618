"""What an error is counted in: last places of the dtype, of the exact value or of a given scale."""

from collections.abc import Callable, Sequence
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Float64 = npt.NDArray[np.float64]
DType = npt.DTypeLike
# (exact values, inputs, dtype) -> the size of one unit beside each value
Unit = Callable[[Float64, Sequence[Any], DType], Float64]


def ulp(exact: Float64, inputs: Sequence[Any], dtype: DType) -> Float64:
    """The last place of the exact value. Below 1,000 times the least normal number it is that number, because
    TensorFlow flushes smaller ones to 0, within a formula too; not so for float16, whose last place ends at 2⁻²⁴."""
    info = ml_dtypes.finfo(dtype)
    size = np.clip(np.nan_to_num(np.abs(exact)), float(info.tiny), float(info.max))
    unit = np.ldexp(float(info.eps), np.frexp(size)[1] - 1)
    least = 1000 * float(info.tiny)
    return unit if dtype == np.float16 else np.where(np.abs(exact) < least, least, unit)


def epsilon(exact: Float64, inputs: Sequence[Any], dtype: DType) -> Float64:
    """The last place of 1, or of the value where that is larger: for differences of terms of about 1."""
    return float(ml_dtypes.finfo(dtype).eps) * np.maximum(1, np.abs(np.nan_to_num(exact)))


def logit_ulp(exact: Float64, inputs: Sequence[Any], dtype: DType) -> Float64:
    """The last place of 1 or of the row's largest |logit|: subtracting it costs that much, however small the result."""
    sizes = np.abs(inputs[-1].astype(np.float64))
    largest = np.max(sizes, axis=1, initial=1, where=np.isfinite(sizes))
    return float(ml_dtypes.finfo(dtype).eps) * largest.reshape(-1, *[1] * (exact.ndim - 1)) * np.ones_like(exact)


def array_ulp(exact: Float64, inputs: Sequence[Any], dtype: DType) -> Float64:
    """The last place of the largest value of the array: all are sums of similar numbers, some of which cancel."""
    return np.full(exact.shape, float(ml_dtypes.finfo(dtype).eps) * np.abs(exact).max())


def one(exact: Float64, inputs: Sequence[Any], dtype: DType) -> Float64:
    """1: the plain difference."""
    return np.ones_like(exact)


UNITS = {unit.__name__: unit for unit in (ulp, epsilon, logit_ulp, array_ulp, one)}


def largest_error(
    actual: Array, exact: tuple[Float64, Float64], unit: Unit, inputs: Sequence[Any], dtype: DType
) -> float:
    """Return the largest |actual − exact| in units: infinite for a NaN or an infinity that is not the exact value.

    Args:
        actual: Of the dtype that was returned. An exact value beyond its largest number should be its infinity.
        exact: The `parts` of the exact numbers.
        unit: What the error is counted in.
        inputs: What the function was called with.
        dtype: Of the inputs; its last places are counted.
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


def largest_difference(
    ours: Array, theirs: Array, exact: tuple[Float64, Float64] | None, unit: Unit, inputs: Sequence[Any], dtype: DType
) -> float:
    """Return the largest |ours − theirs| in units of the exact value, or of theirs where there is no exact value."""
    ours, theirs = (np.asarray(values).astype(np.float64) for values in (ours, theirs))
    beside = theirs if exact is None else exact[0]
    return float(np.max(_distance(ours, theirs, np.zeros(())) / unit(beside, inputs, dtype), initial=0))


def _distance(actual: Float64, high: Float64, low: Float64) -> Float64:
    with np.errstate(invalid="ignore"):
        distance = np.abs(actual - high - low)
    same = (actual == high) & ~np.isfinite(actual) | np.isnan(actual) & np.isnan(high)
    return np.where(same, 0, np.where(np.isnan(distance), np.inf, distance))
