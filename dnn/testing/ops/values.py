"""Laws of what an op computes: it runs, its values match the reference, and it does not modify its arguments."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.ops.calling import Example, outputs
from dnn.ops.comparing import assert_outputs_near, bits, dtype_and_shape
from dnn.testing.ops.case import Case
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.source import most_numbers

if TYPE_CHECKING:
    from dnn.testing.ops.drawing import ExampleStrategy


def runs_on_the_inputs(case: Case) -> str:
    """It gives tensors for arguments as they are drawn."""
    arrays = case.batches[0]
    results = outputs(case.op, arrays)
    return f"{', '.join(map(dtype_and_shape, arrays))} gives {', '.join(map(dtype_and_shape, results))}"


def values_match_the_reference(case: Case) -> str:
    """For small examples, a large and a very large one, of finite numbers; NumPy's, in float64, are rounded once."""
    finite = case.source.without_nan()
    others = (*finite.edges(), case.batches[0], *case.very_large[:1])
    of_largest, of_itself = _most_ulps(case, finite.strategy(), others)
    settings, beside = case.settings, "NumPy in float64" if case.in_numpy else "TensorFlow"
    each = settings.ulps if settings.elementwise else "any"
    return (
        f"off by at most {of_largest:.2g} ulps of the largest number ({settings.ulps} allowed) and {of_itself:.2g} of "
        f"the number itself ({each} allowed); {settings.examples} examples, {_large_ones(case)}, beside {beside}"
    )


def nan_and_inf_match_the_reference(case: Case) -> str:
    """It gives NaN and ±inf where the reference does, where an argument of floats may be NaN or ±inf."""
    if case.source.without_nan() == case.source:
        raise NotApplicableError("no argument is Floats(finite=False)")
    _most_ulps(case, case.source.strategy(), case.source.edges())
    return f"{case.settings.examples} examples, and all edge values in turn"


def arguments_are_not_modified(case: Case) -> str:
    """The tensors that it was called with are what they were, eagerly and in a graph."""
    arrays = case.batches[0]
    for mode, call in (("eager", case.op), ("graph", tf.function(lambda *tensors: outputs(case.op, tensors)))):
        tensors = [tf.identity(tf.constant(array)) for array in arrays]
        outputs(call, tensors)
        for index, (tensor, array) in enumerate(zip(tensors, arrays, strict=True)):
            if bits(tensor) != bits(tf.constant(array)):
                raise AssertionError(f"argument {index} was changed by the call, {mode} mode")
    return "eagerly and in a graph"


def _most_ulps(case: Case, strategy: "ExampleStrategy", others: Iterable[Example]) -> npt.NDArray[np.float64]:
    """Compare drawn examples and these others, and return how far results are off at most, as float64[2]."""
    if case.reference is None:
        raise NotApplicableError("there is no reference")
    settings, furthest = case.settings, [np.zeros(2)]

    def check(arrays: Example) -> None:
        results = outputs(case.op, arrays)
        expected = case.expected(arrays, results)
        off = assert_outputs_near(results, expected, "result", ulps=settings.ulps, elementwise=settings.elementwise)
        furthest.append(off)

    check_examples(strategy, check, settings.examples, shrink=True)
    for arrays in others:
        check(arrays)
    return np.max(furthest, axis=0)


def _large_ones(case: Case) -> str:
    if case.very_large:
        return f"a large one and one of {most_numbers(case.very_large[0]):,} numbers"
    return "a large one, none larger (no axis of a spec has a name to make it longer by)"
