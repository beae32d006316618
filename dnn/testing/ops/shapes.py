"""Laws of the shapes that a graph infers, of the results of an op and of its gradients."""

import numpy as np
import tensorflow as tf

from dnn.testing.ops.each import for_each
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.sizes import sizes_that_depend_on_numbers
from dnn.testing.ops.subject import Case, cotangents, is_float, outputs
from dnn.testing.ops.traced import few, known, traced

FEWER = 2  # examples, since each is traced twice with its gradients


def infers_its_shape(case: Case) -> str:
    """Of arguments of known shapes, a graph knows the shape of each result, and it is the one that comes out.

    But for the sizes that depend on the numbers in the arguments.
    """
    depends = sizes_that_depend_on_numbers(case)

    def check(arrays):
        for (inferred, shape), axes in zip(_inferred_beside_true(case, known(arrays), arrays), depends, strict=True):
            if not (inferred.is_compatible_with(shape) and _is_known(inferred, axes)):
                raise AssertionError(f"the shape {inferred} is inferred, and {shape} comes out")

    for_each(case.source.strategy(near=True), check, few(case))
    also = "; a size depends on the numbers in the arguments" if any(depends) else ""
    return f"{few(case)} examples{also}"


def _is_known(inferred: tf.TensorShape, but: set[int]) -> bool:
    """All sizes are, but for those of these axes."""
    return inferred.rank is not None and all(
        size is not None or axis in but for axis, size in enumerate(inferred.as_list())
    )


def infers_its_shape_for_any_batch(case: Case) -> str:
    """Where a graph does not know the size of the batch, what it does infer is not wrong for the one that comes."""
    seen = []

    def check(arrays):
        specs = case.source.for_any_batch(arrays)
        if specs is None:
            raise NotApplicableError('no axis is named "batch", the one whose size may be unknown')
        for inferred, shape in _inferred_beside_true(case, specs, arrays):
            if not inferred.is_compatible_with(shape):
                raise AssertionError(f"the shape {inferred} is inferred for any batch, and {shape} comes out")
            seen.append(inferred)

    for_each(case.source.strategy(near=True), check, few(case))
    return f"{seen[-1]} is inferred"


def infers_the_shape_of_its_gradients(case: Case) -> str:
    """It is that of the argument or variable: known where all are, and not wrong where the batch is unknown."""
    if not case.differentiable:
        raise NotApplicableError("it has none")

    def check(arrays):
        _check_gradients(case, known(arrays), arrays, "")
        for_any = case.source.for_any_batch(arrays)
        if for_any is not None:
            _check_gradients(case, for_any, arrays, " for any batch")

    for_each(case.source.strategy(near=True), check, FEWER)
    check(case.batches[0])
    return f"{FEWER} examples and a large one, of known shapes and for any batch"


def _check_gradients(case: Case, specs, arrays, where: str) -> None:
    shapes = [tf.TensorShape(np.shape(by)) for by in (*filter(is_float, arrays), *case.variables)]
    weights = cotangents(outputs(case.op, arrays))
    gradients = traced(case, tf.function, specs, weights, known=not where).outputs[-len(shapes) :]
    for place, (gradient, shape) in enumerate(zip(gradients, shapes, strict=True)):
        inferred = gradient.shape
        if not inferred.is_compatible_with(shape) or not (where or inferred.is_fully_defined()):
            by = f"float argument or variable {place}"
            raise AssertionError(f"the shape {inferred} is inferred{where} for the gradient by {by}, which has {shape}")


def _inferred_beside_true(case: Case, specs, arrays) -> list[tuple[tf.TensorShape, tf.TensorShape]]:
    graph = tf.function(lambda *arguments: outputs(case.op, arguments)).get_concrete_function(*specs)
    inferred = [tensor.shape for tensor in graph.outputs]
    return list(zip(inferred, [result.shape for result in outputs(case.op, arrays)], strict=True))
