"""Laws of what an op computes: it can be called, has the values of the reference, and leaves its arguments alone."""

import numpy as np
import tensorflow as tf

from dnn.testing.modes import described
from dnn.testing.ops.bits import bits
from dnn.testing.ops.each import for_each
from dnn.testing.ops.larger import most_numbers
from dnn.testing.ops.near import assert_same
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, expected, outputs


def can_be_called(case: Case) -> str:
    """It gives tensors for arguments as they are drawn."""
    arrays = case.batches[0]
    results = outputs(case.op, arrays)
    return f"{', '.join(map(described, arrays))} gives {', '.join(map(described, results))}"


def has_the_values_of_the_reference(case: Case) -> str:
    """Of small examples, a large and a really large one, of finite numbers; NumPy's, in float64, is once rounded."""
    finite = case.source.without_nan()
    furthest = _compared(case, finite.strategy(), (*finite.edges(), case.batches[0], *case.larger[:1]))
    beside = "NumPy in float64" if case.in_numpy else "TensorFlow"
    largest, itself = (f"{ulps:.2g}" for ulps in furthest)
    each = case.ulps if case.elementwise else "any"
    return (
        f"off by at most {largest} ulps of the largest number ({case.ulps} allowed) and {itself} of the number itself "
        f"({each} allowed); {case.examples} examples, {_large_ones(case)}, beside {beside}"
    )


def _large_ones(case: Case) -> str:
    if case.larger:
        return f"a large one and one of {most_numbers(case.larger[0]):,} numbers"
    return "a large one, none larger (no axis of a spec has a name to make it longer by)"


def treats_nan_as_the_reference(case: Case) -> str:
    """It gives NaN and ±inf where the reference does, where an argument of floats may be NaN or ±inf."""
    if case.source.without_nan() == case.source:
        raise NotApplicableError("no argument is Floats(finite=False)")
    _compared(case, case.source.strategy(), case.source.edges())
    return f"{case.examples} examples, and all edge values in turn"


def _compared(case: Case, strategy, others) -> np.ndarray:
    """The furthest that results are off, in examples and in these other arguments."""
    if case.reference is None:
        raise NotApplicableError("there is no reference")
    furthest = [np.zeros(2)]

    def check(arrays):
        results = outputs(case.op, arrays)
        wanted = expected(case, arrays, results)
        furthest.append(assert_same(results, wanted, "result", ulps=case.ulps, elementwise=case.elementwise))

    for_each(strategy, check, case.examples, shrink=True)
    for arrays in others:
        check(arrays)
    return np.max(furthest, axis=0)


def leaves_its_arguments_alone(case: Case) -> str:
    """The tensors that it was called with are what they were, eagerly and in a graph."""
    arrays = case.batches[0]
    for mode, call in (("eager", case.op), ("graph", tf.function(lambda *tensors: outputs(case.op, tensors)))):
        tensors = [tf.identity(tf.constant(array)) for array in arrays]
        outputs(call, tensors)
        for place, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
            if bits(tensor) != bits(tf.constant(array)):
                raise AssertionError(f"argument {place} was changed by the call, {mode} mode")
    return "eagerly and in a graph"
