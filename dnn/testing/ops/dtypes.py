"""Laws of dtypes: which an op takes, and which comes out."""

import tensorflow as tf

from dnn.testing.modes import EPSILON
from dnn.testing.ops.near import assert_same
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, expected, in_dtype, is_float, outputs


def keeps_the_dtype_of_its_floats(case: Case) -> str:
    """Results of floats have the dtype of the arguments of floats, where those have one.

    An op that is to give another is compared with a reference in TensorFlow that gives it too: with that, dtypes are
    compared as the values are. One in NumPy, which computes in float64, says nothing of them.
    """
    if case.reference is not None and not case.in_numpy:
        raise NotApplicableError("the laws of values ask for those of the reference, which is of TensorFlow")
    given, gives = (_names(many) for many in (case.batches[0], outputs(case.op, case.batches[0])))
    if len(given) != 1 or not gives:
        raise NotApplicableError("the arguments of floats have no one dtype, or no result is of floats")
    if gives != given:
        raise AssertionError(f"{' and '.join(sorted(gives))} comes out of {given.pop()}")
    return given.pop()


def takes_other_dtypes(case: Case) -> str:
    """Where it takes floats of another dtype, it has the values of the reference for them, in that dtype.

    Or in one of more digits, or in the one that a reference in TensorFlow gives. Which it refuses is told, and is no
    breach.
    """
    arrays = case.batches[0]
    if not any(map(is_float, arrays)):
        raise NotApplicableError("it has no argument of floats")
    return ", ".join(f"{dtype.name} {_taken(case, arrays, dtype)}" for dtype in EPSILON)


def _taken(case: Case, arrays, dtype: tf.DType) -> str:
    arrays = in_dtype(arrays, dtype.as_numpy_dtype)
    try:
        results = outputs(case.op, arrays)
    except Exception as error:
        return f"refused ({type(error.__cause__ or error).__name__})"
    wanted = _wanted(case, arrays, results)
    _assert_dtypes(results, dtype, None if case.in_numpy else wanted)
    gives = f"gives {', '.join(result.dtype.name for result in results)}"
    if wanted is None:
        return gives if case.reference is None else f"{gives}, which the reference refuses"
    pairs = zip(*(_in_coarsest(pair, dtype) for pair in zip(results, wanted, strict=True)), strict=True)
    assert_same(*pairs, f"of {dtype.name}, result", ulps=case.ulps, elementwise=case.elementwise)
    return gives


def _wanted(case: Case, arrays, results) -> list | None:
    """What the reference gives, if there is one and it takes them."""
    try:
        return case.reference and expected(case, arrays, results)
    except Exception:
        return None


def _assert_dtypes(results, given: tf.DType, wanted) -> None:
    """Results of floats have as many digits as what is given, as a loss of float32 from bfloat16 has more; or fewer,
    where such are wanted in their place."""
    allowed = [given] * len(results) if wanted is None else [other.dtype for other in wanted]
    for place, (result, other) in enumerate(zip(results, allowed, strict=False)):
        if is_float(result) and result.dtype != other and EPSILON[result.dtype] > EPSILON[given]:
            raise AssertionError(f"of {given.name}, result {place} is {result.dtype.name}")


def _names(values) -> set[str]:
    """The dtypes of those of floats."""
    return {each.dtype.name for each in map(tf.convert_to_tensor, values) if is_float(each)}


def _in_coarsest(pair, dtype: tf.DType) -> list[tf.Tensor]:
    """Two results of floats, in the coarsest of their dtypes and this one."""
    pair = list(map(tf.convert_to_tensor, pair))
    if not all(map(is_float, pair)):
        return pair
    coarsest = max(dtype, *(result.dtype for result in pair), key=EPSILON.get)
    return [tf.cast(result, coarsest) for result in pair]
