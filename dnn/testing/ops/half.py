"""The gradient in float16 and bfloat16, whose few digits hide what finite differences show."""

import numpy as np
import tensorflow as tf

from dnn.testing.modes import EPSILON
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, cotangents, in_dtype, is_float, outputs

HALF = (tf.bfloat16, tf.float16)
OVERFLOWING = 0.1  # of all numbers


def has_its_gradient_in_half_precision(case: Case) -> str:
    """Where it takes float16 or bfloat16: that in float32, of the same numbers and weights, g: ‖g' − g‖ ≤ allowed.

    allowed = 2 √ε ‖g‖ + ε √n, of n numbers, ε = 2⁻¹⁰ or 2⁻⁷.
    """
    arrays = case.batches[0]
    if not case.differentiable or not any(map(is_float, arrays)):
        without = case.gradient is None or case.lacks
        raise NotApplicableError("it has none" if without else "no argument or no result is of floats")
    off = {dtype.name: _furthest(case, in_dtype(arrays, dtype.as_numpy_dtype), dtype) for dtype in HALF}
    told = [f"{name} is off by {share:.1%}" for name, share in off.items() if share is not None]
    if not told:
        raise NotApplicableError("it takes neither float16 nor bfloat16 beside float32, with a gradient")
    return f"{', '.join(told)} of its length at most"


def rounding(value) -> float:
    """What share of its length a gradient of the dtype of this value may be off, where it is of half precision: 2 √ε.

    Rounding takes about ε of all numbers to the other side of a kink, as that of relu. 0 for the other dtypes.
    """
    dtype = tf.as_dtype(value.dtype)
    return 2 * EPSILON[dtype] ** 0.5 if dtype in HALF else 0.0


def _furthest(case: Case, arrays, dtype: tf.DType) -> float | None:
    """‖g' − g‖ / ‖g‖, the largest of all arguments; None where one of the two gradients cannot be had."""
    try:
        halves, wides = _gradients(case, arrays)
    except Exception:  # it refuses the dtype: of that, "takes other dtypes" tells
        return None
    furthest, share = 0.0, max(map(rounding, arrays))
    for argument, pair in enumerate(zip(halves, wides, strict=True)):
        half, wide = _compared(*pair, dtype.max)
        with np.errstate(invalid="ignore"):
            off, length = np.linalg.norm(half - wide), np.linalg.norm(wide)
        allowed = share * length + EPSILON[dtype] * wide.size**0.5
        if not off <= allowed:
            raise AssertionError(
                f"the {dtype.name} gradient by float argument {argument} is {off:.3g} off that in float32, whose "
                f"length is {length:.3g}, {allowed:.1e} allowed"
            )
        furthest = max(furthest, off / length if length else 0.0)
    return furthest


def _compared(half: np.ndarray, wide: np.ndarray, largest: float) -> tuple[np.ndarray, np.ndarray]:
    """The numbers that the dtype has, but for a few NaN and ±inf: what leads to a number may be too large for it."""
    fits = np.abs(wide) < largest
    finite = fits & np.isfinite(half)
    few = finite.sum() >= (1 - OVERFLOWING) * fits.sum()
    return (half[finite], wide[finite]) if few else (half[fits], wide[fits])


def _gradients(case: Case, arrays) -> list[list[np.ndarray]]:
    """In the dtype of the arrays and in float32, both as float64. Raises: OverflowError, if a result is not finite."""
    results = outputs(case.op, arrays)
    weights, found = cotangents(results), []
    if not all(np.isfinite(result.numpy().astype(np.float64)).all() for result in results if is_float(result)):
        raise OverflowError("a result is not finite")
    for numbers in (arrays, in_dtype(arrays, np.float32)):
        dtypes = [result.dtype.as_numpy_dtype for result in outputs(case.op, numbers) if is_float(result)]
        own = [weight.astype(dtype) for weight, dtype in zip(weights, dtypes, strict=True)]
        found.append([tf.cast(g, tf.float64).numpy() for g in with_gradients(case.op, numbers, own)[1]])
    return found
