"""How near two results are: in units in the last place (ulps) of the largest number or of each, or bit by bit."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

EPSILON: Mapping[tf.DType, float] = MappingProxyType(
    {tf.bfloat16: 2.0**-7, tf.float16: 2.0**-10, tf.float32: 2.0**-23, tf.float64: 2.0**-52}
)
"""The distance from 1 to the next number, for each dtype of floats."""

# TensorFlow may flush smaller numbers to 0
SMALLEST_NORMAL: Mapping[tf.DType, float] = MappingProxyType(
    {tf.bfloat16: 2.0**-126, tf.float16: 2.0**-14, tf.float32: 2.0**-126, tf.float64: 2.0**-1022}
)


def assert_near(actual: Any, expected: Any, what: str, *, ulps: float = 64) -> None:
    """Assert that dtypes and shapes are equal, NaN and ±inf at the same indices, and all numbers near.

    A number is near if it differs by at most `ulps` units in the last place of the largest expected number, or of 1 if
    that is larger: what cancels between numbers of the size of 1 loses their digits. Integers, truth values and strings
    must be equal.

    Args:
        actual: A tensor or array of any dtype and shape.
        expected: The tensor or array that it should be.
        what: What is compared, for the message of the error.
        ulps: How far a number may be off, in units in the last place; at least 0, where 0 means equal. The default
            lets roundings of another order of arithmetic pass.

    Raises:
        AssertionError: If they are not near; it tells the number that is furthest off, the expected one, and the index.

    Example:
        >>> dnn.testing.assert_near([0.1 + 0.2], [0.3], "the sum", ulps=1)
        >>> dnn.testing.assert_near([0.31], [0.3], "the sum")
        Traceback (most recent call last):
        AssertionError: the sum: 0.31 instead of 0.3 at (0,), 1.4e-14 allowed
    """
    actual, expected = (t if tf.is_tensor(t) else tf.constant(np.asarray(t)) for t in (actual, expected))
    if (actual.dtype, actual.shape) != (expected.dtype, expected.shape):
        raise AssertionError(f"{what}: {dtype_and_shape(actual)} instead of {dtype_and_shape(expected)}")
    unit = EPSILON.get(expected.dtype.real_dtype, 0.0)
    actual, expected = (np.atleast_1d(tensor.numpy()) for tensor in (actual, expected))
    if not unit:
        return _assert_equal(actual, expected, what)
    actual, expected = (array.astype(np.result_type(array, np.float64)) for array in (actual, expected))
    allowed = ulps * unit * np.max(np.abs(expected), initial=1.0, where=np.isfinite(expected))
    with np.errstate(invalid="ignore"):
        off = np.where((actual == expected) | (np.isnan(actual) & np.isnan(expected)), 0.0, np.abs(actual - expected))
    off = np.where(np.isnan(off), np.inf, off)
    if off.size and off.max() > allowed:
        index = _index_of_largest(off)
        raise AssertionError(f"{what}: {actual[index]} instead of {expected[index]} at {index}, {allowed:.1e} allowed")


def assert_all_near(actual: Mapping[str, Any], expected: Mapping[str, Any], where: str, *, ulps: float = 64) -> None:
    """`assert_near` for each result of `expected`, found in both by its name."""
    for name, result in expected.items():
        assert_near(actual[name], result, f"{name}, {where}", ulps=ulps)


def assert_outputs_near(
    actual: Sequence[tf.Tensor], expected: Sequence[Any], what: str, *, ulps: float, elementwise: bool
) -> npt.NDArray[np.float64]:
    """`assert_near` for each output; with `elementwise`, each number is near in units in its own last place.

    Returns float64[2]: how far any number is off at most, in ulps of the largest number and of the number itself.
    """
    if len(actual) != len(expected):
        raise AssertionError(f"{len(actual)} outputs instead of {len(expected)}")
    furthest = np.zeros(2)
    for index, (result, other) in enumerate(zip(actual, expected, strict=True)):
        other = tf.convert_to_tensor(other)
        allowed = allowed_ulps(ulps, other.dtype)
        assert_near(result, other, f"{what} {index}", ulps=allowed)
        of_largest, of_itself = in_ulps(result, other)
        if elementwise:
            _assert_each_near(result, other, of_itself, f"{what} {index}", allowed)
        furthest = np.maximum(furthest, [np.max(off, initial=0.0) for off in (of_largest, of_itself)])
    return furthest


def allowed_ulps(ulps: float, dtype: tf.DType) -> float:
    """Return a sixteenth, or 4 if that is more, for float16 and bfloat16, where 64 ulps would be 6 and 50 %."""
    return min(ulps, max(4.0, ulps / 16)) if dtype in (tf.float16, tf.bfloat16) else ulps


def in_ulps(actual: tf.Tensor, expected: tf.Tensor) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return how far each number is off, in ulps of the largest number, or of 1 if that is larger, and of itself.

    0 where one of the two is not finite, and for integers.
    """
    real = expected.dtype.real_dtype
    unit = EPSILON.get(real)
    if unit is None:
        return np.zeros(expected.shape), np.zeros(expected.shape)
    one, other = (_widened(tensor) for tensor in (actual, expected))
    finite = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(finite, one, 0.0), np.where(finite, other, 0.0)
    off = np.abs(one - other) / unit
    return off / np.max(np.abs(other), initial=1.0), off / np.maximum(np.abs(other), SMALLEST_NORMAL[real])


def bits(results: Any) -> list[bytes]:
    """Return the bytes of each tensor of any structure: NaN equals NaN there, and 0 does not equal -0."""
    return [_bytes(np.asarray(result.numpy())) for result in tf.nest.flatten(results)]


def dtype_and_shape(tensor: Any) -> str:
    """Return both in a word: float32[7, 3]."""
    return f"{tensor.dtype.name}{list(tensor.shape)}"


def array_text(array: npt.NDArray[Any]) -> str:
    """Return dtype and shape, and up to six numbers."""
    return f"{dtype_and_shape(array)} {array.tolist()}" if array.size <= 6 else dtype_and_shape(array)


def _assert_equal(actual: npt.NDArray[Any], expected: npt.NDArray[Any], what: str) -> None:
    unequal = np.argwhere(actual != expected)
    if len(unequal):
        index = tuple(map(int, unequal[0]))
        raise AssertionError(f"{what}: {actual[index]} instead of {expected[index]} at {index}")


def _assert_each_near(
    actual: tf.Tensor, expected: tf.Tensor, off: npt.NDArray[np.float64], what: str, ulps: float
) -> None:
    if off.size and off.max() > ulps:
        index = _index_of_largest(off)
        one, other = (tensor.numpy()[index] if index else tensor.numpy() for tensor in (actual, expected))
        raise AssertionError(f"{what}: {one} instead of {other} at {index}, {off.max():.2g} ulps of it, {ulps} allowed")


def _index_of_largest(off: npt.NDArray[np.float64]) -> tuple[int, ...]:
    return tuple(map(int, np.unravel_index(off.argmax(), off.shape)))


def _widened(tensor: tf.Tensor) -> npt.NDArray[Any]:
    """Return the numbers in float64, or complex128."""
    array = np.asarray(tensor.numpy())
    return array.astype(np.result_type(array, np.float64))


def _bytes(array: npt.NDArray[Any]) -> bytes:
    """Strings are objects, and an array of these holds their addresses."""
    return repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
