"""How far results are from those of a reference, in units in the last place."""

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import tensorflow as tf

from dnn.testing.modes import EPSILON, assert_near

# the smallest normal numbers: TensorFlow may flush what is less to 0
SMALLEST = MappingProxyType(
    {tf.bfloat16: 2.0**-126, tf.float16: 2.0**-14, tf.float32: 2.0**-126, tf.float64: 2.0**-1022}
)


def assert_same(results: Sequence, wanted: Sequence, what: str, *, ulps: float, elementwise: bool) -> np.ndarray:
    """The furthest that a number of any result is off, in ulps of the largest and of itself: float64[2].

    Raises: AssertionError if there are not as many, or one is not near; with elementwise, within ulps of itself.
    """
    if len(results) != len(wanted):
        raise AssertionError(f"{len(results)} outputs instead of {len(wanted)}")
    furthest = np.zeros(2)
    for place, (result, other) in enumerate(zip(results, wanted, strict=True)):
        other = tf.convert_to_tensor(other)
        allowed = allowed_ulps(ulps, other.dtype)
        assert_near(result, other, f"{what} {place}", ulps=allowed)
        of_largest, of_itself = in_ulps(result, other)
        if elementwise:
            _assert_each_near(result, other, of_itself, f"{what} {place}", allowed)
        furthest = np.maximum(furthest, [np.max(off, initial=0.0) for off in (of_largest, of_itself)])
    return furthest


def allowed_ulps(ulps: float, dtype: tf.DType) -> float:
    """Of float16 and bfloat16 a sixteenth as many, or 4: 64 units would be 6 % of a number, and 50 %."""
    return min(ulps, max(4.0, ulps / 16)) if dtype in (tf.float16, tf.bfloat16) else ulps


def in_ulps(actual: tf.Tensor, expected: tf.Tensor) -> tuple[np.ndarray, np.ndarray]:
    """How far each number is off, in units in the last place of the largest, or of 1 if that is more, and of itself.

    0 where one of the two is not finite, and for integers.
    """
    real = expected.dtype.real_dtype
    unit = EPSILON.get(real)
    if unit is None:
        return np.zeros(expected.shape), np.zeros(expected.shape)
    one, other = (_wide(tensor) for tensor in (actual, expected))
    finite = np.isfinite(one) & np.isfinite(other)
    one, other = np.where(finite, one, 0.0), np.where(finite, other, 0.0)
    off = np.abs(one - other) / unit
    return off / np.max(np.abs(other), initial=1.0), off / np.maximum(np.abs(other), SMALLEST[real])


def _wide(tensor: tf.Tensor) -> np.ndarray:
    """In float64, or complex128."""
    array = np.asarray(tensor.numpy())
    return array.astype(np.result_type(array, np.float64))


def _assert_each_near(actual, expected, off: np.ndarray, what: str, ulps: float) -> None:
    if off.size and off.max() > ulps:
        place = tuple(map(int, np.unravel_index(off.argmax(), off.shape)))
        one, other = (tensor.numpy()[place] if place else tensor.numpy() for tensor in (actual, expected))
        raise AssertionError(f"{what}: {one} instead of {other} at {place}, {off.max():.2g} ulps of it, {ulps} allowed")
