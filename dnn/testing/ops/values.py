"""Laws of what an op computes: it can be called, has the values of the reference, and which dtypes it takes."""

import numpy as np
import tensorflow as tf

from dnn.testing.modes import EPSILON, assert_near, described
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.source import for_each
from dnn.testing.ops.subject import Case, expected, in_dtype, is_float, outputs


def can_be_called(case: Case) -> str:
    """It gives tensors for arguments as they are drawn."""
    arrays = case.batches[0]
    results = outputs(case.op, arrays)
    return f"{', '.join(map(described, arrays))} gives {', '.join(map(described, results))}"


def has_the_values_of_the_reference(case: Case) -> str:
    """Of small examples and of a large one; beside a reference of NumPy, which computes in float64, once rounded."""
    if case.reference is None:
        raise NotApplicableError("there is no reference")

    def check(arrays):
        results = outputs(case.op, arrays)
        assert_same(results, expected(case, arrays, results), "result", case.ulps)

    for_each(case.source.strategy(), check, case.examples, shrink=True)
    for arrays in (*case.source.edges(), case.batches[0]):
        check(arrays)
    return f"{case.examples} examples and a large one, beside {'NumPy in float64' if case.in_numpy else 'TensorFlow'}"


def leaves_its_arguments_alone(case: Case) -> str:
    """The tensors that it was called with are what they were, eagerly and in a graph."""
    arrays = case.batches[0]
    for mode, call in (("eager", case.op), ("graph", tf.function(lambda *tensors: outputs(case.op, tensors)))):
        tensors = [tf.identity(tf.constant(array)) for array in arrays]
        outputs(call, tensors)
        for place, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
            if tensor.numpy().tobytes() != np.asarray(array).tobytes():
                raise AssertionError(f"argument {place} was changed by the call, {mode} mode")
    return "eagerly and in a graph"


def takes_other_dtypes(case: Case) -> str:
    """Where it takes floats of another dtype, it has the values of the reference for them.

    Which it refuses is told, and is no breach.
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
    gives = f"gives {', '.join(result.dtype.name for result in results)}"
    if case.reference is None:
        return gives
    try:
        wanted = expected(case, arrays, results)
    except Exception:
        return f"{gives}, which the reference refuses"
    in_coarsest = [_in_coarsest(pair, dtype) for pair in zip(results, wanted, strict=True)]
    assert_same(*zip(*in_coarsest, strict=True), f"of {dtype.name}, result", case.ulps)
    return gives


def _in_coarsest(pair, dtype: tf.DType) -> list[tf.Tensor]:
    """Two results of floats, in the coarsest of their dtypes and this one."""
    pair = list(map(tf.convert_to_tensor, pair))
    if not all(map(is_float, pair)):
        return pair
    coarsest = max(dtype, *(result.dtype for result in pair), key=EPSILON.get)
    return [tf.cast(result, coarsest) for result in pair]


def assert_same(results, wanted, what: str, ulps: float) -> None:
    """As many, and each near."""
    if len(results) != len(wanted):
        raise AssertionError(f"{len(results)} outputs instead of {len(wanted)}")
    for place, (result, other) in enumerate(zip(results, wanted, strict=True)):
        assert_near(result, other if tf.is_tensor(other) else np.asarray(other), f"{what} {place}", ulps=ulps)
