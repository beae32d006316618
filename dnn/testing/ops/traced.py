"""Laws of an op in a graph: what it gives there, and what it gives under XLA."""

import re

import tensorflow as tf

from dnn.testing.modes import MODES, assert_near
from dnn.testing.ops.differentiated import with_all_gradients
from dnn.testing.ops.each import for_each
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.sizes import sizes_that_depend_on_numbers
from dnn.testing.ops.subject import Case, cotangents, outputs
from dnn.train.runtime import Compiled, check_xla_kernels, missing_xla_kernels

NO_KERNEL = re.compile(r"XLA_\w+_JIT|unsupported operations|not compilable|not supported by XLA")
MOST = 8  # examples, since each is traced anew


def agrees_in_graph_mode(case: Case) -> str:
    """Traced for any batch, it gives what it gives eagerly, values and gradients."""

    def check(arrays):
        _assert_agrees(case, "graph", case.source.for_any_batch(arrays) or known(arrays), arrays)

    for_each(case.source.strategy(near=True), check, few(case))
    check(case.batches[0])
    return f"{few(case)} examples and a large one, {_of_what(case)}"


def agrees_under_xla(case: Case) -> str:
    """XLA compiles it, if it has a kernel for that, and it gives what it gives eagerly, values and gradients."""
    arrays = case.batches[0]
    try:
        _assert_agrees(case, "xla", known(arrays), arrays)
    except (tf.errors.OpError, ValueError) as error:
        reason = _not_for_xla(case, error)
        if not reason:
            raise
        raise NotApplicableError(reason) from error
    return f"a large example, {_of_what(case)}"


def _not_for_xla(case: Case, error: tf.errors.OpError | ValueError) -> str:
    """Why XLA cannot compile it; "" where another error may be a fault."""
    lacked = missing_xla_kernels(error) if isinstance(error, tf.errors.OpError) else []
    if lacked:
        return f"it has no kernel for XLA: {', '.join(lacked)}"
    if NO_KERNEL.search(str(error)):
        return "it has no kernel for XLA"
    return "a size depends on the numbers in the arguments" if any(sizes_that_depend_on_numbers(case)) else ""


def few(case: Case) -> int:
    return min(MOST, case.examples)


def known(arrays) -> list[tf.TensorSpec]:
    """Of their own shapes."""
    return [tf.TensorSpec(array.shape, array.dtype) for array in arrays]


def results_and_gradients(case: Case, arrays, weights) -> list[tf.Tensor]:
    """The outputs, and after them the gradients, by arguments and by variables, if the op has some."""
    if not case.differentiable:
        return outputs(case.op, arrays)
    results, gradients = with_all_gradients(case.op, arrays, weights, case.variables)
    return [*results, *gradients]


def traced(case: Case, mode, specs, weights, *, known: bool):
    """A graph of (arguments, weights) -> results and gradients. known: the shapes of the weights are."""

    @mode
    def compiled(arguments, weights):
        return results_and_gradients(case, arguments, weights)

    free = [tf.TensorSpec(w.shape if known else [None] * w.ndim, w.dtype) for w in weights]
    return compiled.get_concrete_function(list(specs), free)


def _assert_agrees(case: Case, mode: str, specs, arrays) -> None:
    weights = cotangents(outputs(case.op, arrays))
    graph = traced(case, MODES[mode], specs, weights, known=mode == "xla")
    if mode == "xla":
        check_xla_kernels(Compiled(graph))
    found = graph(*map(tf.constant, [*arrays, *weights]))
    wanted = results_and_gradients(case, arrays, weights)
    for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
        assert_near(one, other, f"{mode} mode beside eager, result or gradient {place}", ulps=case.ulps)


def _of_what(case: Case) -> str:
    by_variables = " by arguments and variables" if case.variables else ""
    return f"with gradients{by_variables}" if case.differentiable else "values"
