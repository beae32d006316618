"""Laws of an op in a graph and under XLA: it gives there what it gives eagerly."""

import re
from collections.abc import Sequence

import tensorflow as tf

from dnn.ops.calling import MODES, Example, cotangents, outputs
from dnn.ops.comparing import assert_near
from dnn.testing.ops.case import Case, known_specs
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.shapes import sizes_that_depend_on_numbers
from dnn.train.runtime import Compiled, check_xla_kernels, missing_xla_kernels

# of the linker of XLA: an old processor (SSE4.2) has no instruction for float16, and XLA no function
NO_CODE = "Failed to materialize symbols"
NO_KERNEL = re.compile(r"XLA_\w+_JIT|unsupported operations|not compilable|not supported by XLA")


def graph_mode_matches_eager(case: Case) -> str:
    """Traced for any batch, it gives what it gives eagerly, values and gradients."""

    def check(arrays: Example) -> None:
        _check_mode(case, "graph", case.source.for_any_batch(arrays) or known_specs(arrays), arrays)

    check_examples(case.source.strategy(near=True), check, case.settings.traced_examples)
    check(case.batches[0])
    return f"{case.settings.traced_examples} examples and a large one, {_compared(case)}"


def xla_matches_eager(case: Case) -> str:
    """XLA compiles it, if it has a kernel for that, and it gives what it gives eagerly, values and gradients."""
    arrays = case.batches[0]
    try:
        _check_mode(case, "xla", known_specs(arrays), arrays)
    except (tf.errors.OpError, ValueError) as error:
        reason = _not_for_xla(case, error)
        if not reason:
            raise
        raise NotApplicableError(reason) from error
    return f"a large example, {_compared(case)}"


def _not_for_xla(case: Case, error: tf.errors.OpError | ValueError) -> str:
    """Return why XLA cannot compile it; "" where another error may be a fault."""
    lacked = missing_xla_kernels(error) if isinstance(error, tf.errors.OpError) else []
    if lacked:
        return f"it has no kernel for XLA: {', '.join(lacked)}"
    if NO_KERNEL.search(str(error)):
        return "it has no kernel for XLA"
    if NO_CODE in str(error):
        return "XLA has no code for its dtype on this processor"
    return "a size depends on the numbers in the arguments" if any(sizes_that_depend_on_numbers(case)) else ""


def _check_mode(case: Case, mode: str, specs: Sequence[tf.TensorSpec], arrays: Example) -> None:
    weights = cotangents(outputs(case.op, arrays))
    graph = case.trace(MODES[mode], specs, weights, known=mode == "xla")
    if mode == "xla":
        check_xla_kernels(Compiled(graph))
    found = graph(*map(tf.constant, [*arrays, *weights]))
    expected = case.results_and_gradients(arrays, weights)
    for index, (one, other) in enumerate(zip(found, expected, strict=True)):
        assert_near(one, other, f"{mode} mode beside eager, result or gradient {index}", ulps=case.settings.ulps)


def _compared(case: Case) -> str:
    by_variables = " by arguments and variables" if case.variables else ""
    return f"with gradients{by_variables}" if case.differentiable else "values"
