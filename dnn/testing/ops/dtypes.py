"""Laws of dtypes: which come out, the values in other dtypes, and the gradient in half precision."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.ops.calling import Example, cotangents, in_dtype, is_float, outputs, outputs_and_gradients
from dnn.ops.comparing import EPSILON, assert_outputs_near
from dnn.testing.ops.case import Case
from dnn.testing.ops.differences import HALF_DTYPES, rounding
from dnn.testing.ops.report import NotApplicableError

OVERFLOWING = 0.1  # the share of numbers that may overflow in half precision


def output_dtype_matches_the_input(case: Case) -> str:
    """Float outputs have the dtype of the float arguments, where those have one.

    An op that is to give another is compared with a reference in TensorFlow that gives it too: then dtypes are compared
    as values are. One in NumPy, which computes in float64, says nothing of them.
    """
    if case.reference is not None and not case.in_numpy:
        raise NotApplicableError("dtypes are compared with those of the reference, which is in TensorFlow")
    given, gives = (_dtype_names(many) for many in (case.batches[0], outputs(case.op, case.batches[0])))
    if len(given) != 1 or not gives:
        raise NotApplicableError("the float arguments have no common dtype, or no result is of floats")
    if gives != given:
        raise AssertionError(f"{' and '.join(sorted(gives))} comes out of {given.pop()}")
    return given.pop()


def values_in_other_dtypes_are_right(case: Case) -> str:
    """Where it takes floats of another dtype, its values match the reference in that dtype.

    Or in one of more digits, or in the one that a reference in TensorFlow gives. A dtype that it refuses is reported,
    and is no breach.
    """
    arrays = case.batches[0]
    if not any(map(is_float, arrays)):
        raise NotApplicableError("it has no float argument")
    return ", ".join(f"{dtype.name} {_check_dtype(case, arrays, dtype)}" for dtype in EPSILON)


def gradient_is_right_in_half_precision(case: Case) -> str:
    """Where it takes float16 or bfloat16: g' is near that in float32, of the same numbers and weights, g:

    ‖g' − g‖ ≤ 2 √ε ‖g‖ + ε √n, of n numbers, ε = 2⁻¹⁰ or 2⁻⁷: finite differences would drown in these few digits.
    """
    arrays = case.batches[0]
    if not case.differentiable or not any(map(is_float, arrays)):
        without = case.settings.gradient is None or case.unregistered
        raise NotApplicableError("it has no gradient" if without else "no argument or no result is of floats")
    off = {dtype.name: _gradient_distance(case, in_dtype(arrays, dtype.as_numpy_dtype), dtype) for dtype in HALF_DTYPES}
    told = [f"{name} is off by {share:.1%}" for name, share in off.items() if share is not None]
    if not told:
        raise NotApplicableError("it takes neither float16 nor bfloat16 beside float32, with a gradient")
    return f"{', '.join(told)} of its length at most"


def _dtype_names(values: Iterable[Any]) -> set[str]:
    return {value.dtype.name for value in map(tf.convert_to_tensor, values) if is_float(value)}


def _check_dtype(case: Case, arrays: Example, dtype: tf.DType) -> str:
    arrays = in_dtype(arrays, dtype.as_numpy_dtype)
    try:
        results = outputs(case.op, arrays)
    except Exception as error:
        return f"refused ({type(error.__cause__ or error).__name__})"
    expected = _expected(case, arrays, results)
    _assert_dtypes(results, dtype, None if case.in_numpy else expected)
    gives = f"gives {', '.join(result.dtype.name for result in results)}"
    if expected is None:
        return gives if case.reference is None else f"{gives}, which the reference refuses"
    pairs = [_in_coarsest(pair, dtype) for pair in zip(results, expected, strict=True)]
    actual, expected = ([pair[side] for pair in pairs] for side in (0, 1))
    settings = case.settings
    assert_outputs_near(
        actual, expected, f"of {dtype.name}, result", ulps=settings.ulps, elementwise=settings.elementwise
    )
    return gives


def _expected(case: Case, arrays: Example, results: Sequence[tf.Tensor]) -> list[Any] | None:
    """Return the outputs of the reference, if there is one and it takes this dtype."""
    try:
        return case.expected(arrays, results)
    except Exception:
        return None


def _assert_dtypes(results: Sequence[tf.Tensor], given: tf.DType, expected: Sequence[tf.Tensor] | None) -> None:
    """Float results have as many digits as the arguments, or more, as a loss of float32 from bfloat16 has.

    They have fewer only where the reference's have.
    """
    allowed = [given] * len(results) if expected is None else [other.dtype for other in expected]
    for index, (result, other) in enumerate(zip(results, allowed, strict=False)):
        if is_float(result) and result.dtype != other and EPSILON[result.dtype] > EPSILON[given]:
            raise AssertionError(f"of {given.name}, result {index} is {result.dtype.name}")


def _in_coarsest(pair: Iterable[Any], dtype: tf.DType) -> list[tf.Tensor]:
    """Return two float results in the coarsest of their dtypes and this one; others as they are."""
    tensors = list(map(tf.convert_to_tensor, pair))
    if not all(map(is_float, tensors)):
        return tensors
    coarsest = max(dtype, *(tensor.dtype for tensor in tensors), key=EPSILON.__getitem__)
    return [tf.cast(tensor, coarsest) for tensor in tensors]


def _gradient_distance(case: Case, arrays: Example, dtype: tf.DType) -> float | None:
    """Return ‖g' − g‖ / ‖g‖, the largest of all arguments; None if one of the two gradients cannot be had."""
    try:
        halves, singles = _both_gradients(case, arrays)
    except Exception:  # it refuses the dtype, which another law reports
        return None
    furthest, share = 0.0, max(map(rounding, arrays))
    for argument, pair in enumerate(zip(halves, singles, strict=True)):
        half, single = _without_overflow(*pair, dtype.max)
        with np.errstate(invalid="ignore"):
            off, length = np.linalg.norm(half - single), np.linalg.norm(single)
        allowed = share * length + EPSILON[dtype] * single.size**0.5
        if not off <= allowed:
            raise AssertionError(
                f"the {dtype.name} gradient by float argument {argument} is {off:.3g} off that in float32, whose "
                f"length is {length:.3g}, {allowed:.1e} allowed"
            )
        furthest = max(furthest, float(off / length) if length else 0.0)
    return furthest


def _without_overflow(
    half: npt.NDArray[np.float64], single: npt.NDArray[np.float64], largest: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the numbers that the dtype has, but for a few NaN and ±inf: a number on the way may be too large."""
    fits = np.abs(single) < largest
    finite = fits & np.isfinite(half)
    few = finite.sum() >= (1 - OVERFLOWING) * fits.sum()
    return (half[finite], single[finite]) if few else (half[fits], single[fits])


def _both_gradients(case: Case, arrays: Example) -> list[list[npt.NDArray[np.float64]]]:
    """Return those in the dtype of the arrays and in float32, both as float64."""
    results = outputs(case.op, arrays)
    weights, found = cotangents(results), []
    if not all(np.isfinite(result.numpy().astype(np.float64)).all() for result in results if is_float(result)):
        raise OverflowError("a result is not finite")
    for numbers in (arrays, in_dtype(arrays, np.float32)):
        dtypes = [result.dtype.as_numpy_dtype for result in outputs(case.op, numbers) if is_float(result)]
        own = [weight.astype(dtype) for weight, dtype in zip(weights, dtypes, strict=True)]
        gradients = outputs_and_gradients(case.op, numbers, own)[1]
        found.append([tf.cast(gradient, tf.float64).numpy() for gradient in gradients])
    return found
