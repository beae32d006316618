"""Laws of an op in a graph: the shapes it infers, what it gives there, and what it gives under XLA."""

import re

import tensorflow as tf

from dnn.testing.modes import MODES, assert_near
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.source import for_each
from dnn.testing.ops.subject import Case, cotangents, outputs, with_gradients

NO_KERNEL = re.compile(r"XLA_\w+_JIT|unsupported operations|not compilable|not supported by XLA")
MOST = 8  # examples, since each is traced anew


def infers_its_shape(case: Case) -> str:
    """Of arguments of known shapes, a graph knows the shape of each result, and it is the one that comes out."""

    def check(arrays):
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
        for inferred, shape in _inferred_beside_true(case, specs, arrays):
            if not inferred.is_fully_defined() or inferred != shape:
                raise AssertionError(f"the shape {inferred} is inferred, and {shape} comes out")

    for_each(case.source.strategy(near=True), check, few(case))
    return f"{few(case)} examples"


def infers_its_shape_for_any_batch(case: Case) -> str:
    """Where a graph does not know the size of the batch, what it does infer is not wrong for the one that comes."""
    seen = []

    def check(arrays):
        specs = case.source.for_any_batch(arrays)
        if specs is None:
            raise NotApplicableError("no axis is the batch")
        for inferred, shape in _inferred_beside_true(case, specs, arrays):
            if not inferred.is_compatible_with(shape):
                raise AssertionError(f"the shape {inferred} is inferred for any batch, and {shape} comes out")
            seen.append(inferred)

    for_each(case.source.strategy(near=True), check, few(case))
    return f"{seen[-1]} is inferred"


def agrees_in_graph_mode(case: Case) -> str:
    """Traced for any batch, it gives what it gives eagerly, values and gradients."""

    def check(arrays):
        specs = case.source.for_any_batch(arrays) or [tf.TensorSpec(array.shape, array.dtype) for array in arrays]
        _assert_agrees(case, "graph", specs, arrays)

    for_each(case.source.strategy(near=True), check, few(case))
    check(case.batches[0])
    return f"{few(case)} examples and a large one, " + ("with gradients" if case.differentiable else "values")


def agrees_under_xla(case: Case) -> str:
    """XLA compiles it, if it has a kernel for that, and it gives what it gives eagerly, values and gradients."""
    arrays = case.batches[0]
    try:
        _assert_agrees(case, "xla", [tf.TensorSpec(array.shape, array.dtype) for array in arrays], arrays)
    except (tf.errors.OpError, ValueError) as error:
        if NO_KERNEL.search(str(error)):
            raise NotApplicableError("it has no kernel for XLA") from error
        raise
    return "a large example, " + ("with gradients" if case.differentiable else "values")


def few(case: Case) -> int:
    return min(MOST, case.examples)


def results_and_gradients(case: Case, arrays, weights) -> list[tf.Tensor]:
    """The outputs, and after them the gradients if the op has some."""
    if not case.differentiable:
        return outputs(case.op, arrays)
    results, gradients = with_gradients(case.op, arrays, weights)
    return [*results, *gradients]


def _assert_agrees(case: Case, mode: str, specs, arrays) -> None:
    weights = cotangents(outputs(case.op, arrays))

    @MODES[mode]
    def compiled(arguments, weights):
        return results_and_gradients(case, arguments, weights)

    free = [tf.TensorSpec([None] * w.ndim if mode == "graph" else w.shape, w.dtype) for w in weights]
    found = compiled.get_concrete_function(list(specs), free)(*map(tf.constant, [*arrays, *weights]))
    wanted = results_and_gradients(case, arrays, weights)
    for place, (one, other) in enumerate(zip(found, wanted, strict=True)):
        assert_near(one, other, f"{mode} mode beside eager, result or gradient {place}", ulps=case.ulps)


def _inferred_beside_true(case: Case, specs, arrays) -> list[tuple[tf.TensorShape, tf.TensorShape]]:
    traced = tf.function(lambda *arguments: outputs(case.op, arguments)).get_concrete_function(*specs)
    inferred = [tensor.shape for tensor in traced.outputs]
    return list(zip(inferred, [result.shape for result in outputs(case.op, arrays)], strict=True))
