"""Laws of static shapes, those that a graph infers: of the results of an op, and of its gradients."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.ops.calling import Example, cotangents, is_float, outputs
from dnn.testing.ops.case import Case, known_specs
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.report import NotApplicableError

GRADIENT_EXAMPLES = 2  # since each is traced twice with its gradients


def static_shape_is_right(case: Case) -> str:
    """For arguments of known shapes, a graph knows the shape of each result, and it is the one that comes out.

    But for sizes that depend on the numbers in the arguments.
    """
    depends = sizes_that_depend_on_numbers(case)

    def check(arrays: Example) -> None:
        for (inferred, shape), axes in zip(_inferred_and_true(case, known_specs(arrays), arrays), depends, strict=True):
            if not (inferred.is_compatible_with(shape) and _is_known(inferred, axes)):
                raise AssertionError(f"the shape {inferred} is inferred, and {shape} comes out")

    check_examples(case.source.strategy(near=True), check, case.settings.traced_examples)
    also = "; a size depends on the numbers in the arguments" if any(depends) else ""
    return f"{case.settings.traced_examples} examples{also}"


def static_shape_is_right_for_any_batch(case: Case) -> str:
    """Where a graph does not know the size of the batch, what it infers is not wrong for the one that comes."""
    seen = []

    def check(arrays: Example) -> None:
        specs = case.source.for_any_batch(arrays)
        if specs is None:
            raise NotApplicableError('no axis is named "batch", the one whose size may be unknown')
        for inferred, shape in _inferred_and_true(case, specs, arrays):
            if not inferred.is_compatible_with(shape):
                raise AssertionError(f"the shape {inferred} is inferred for any batch, and {shape} comes out")
            seen.append(inferred)

    check_examples(case.source.strategy(near=True), check, case.settings.traced_examples)
    return f"{seen[-1]} is inferred"


def static_shape_of_gradients_is_right(case: Case) -> str:
    """It is that of the argument or variable: known where all are, and not wrong where the batch is unknown."""
    if not case.differentiable:
        raise NotApplicableError("it has no gradient")

    def check(arrays: Example) -> None:
        _check_gradients(case, known_specs(arrays), arrays, "")
        for_any = case.source.for_any_batch(arrays)
        if for_any is not None:
            _check_gradients(case, for_any, arrays, " for any batch")

    check_examples(case.source.strategy(near=True), check, GRADIENT_EXAMPLES)
    check(case.batches[0])
    return f"{GRADIENT_EXAMPLES} examples and a large one, of known shapes and for any batch"


def sizes_that_depend_on_numbers(case: Case) -> list[set[int]]:
    """Return for each result the axes whose size differs between large arguments of equal shapes.

    No graph knows these sizes, as that of tf.boolean_mask. Besides the arguments that were drawn, one is tried in which
    all numbers are the first: tf.unique gives one then.
    """
    first = case.batches[0]
    shapes = [_shapes(case, first)]
    for arrays in (*case.batches[1:], tuple(np.full_like(array, array.flat[0]) for array in first)):
        if list(map(np.shape, arrays)) == list(map(np.shape, first)):
            shapes.append(_shapes(case, arrays))
    return [_differing_axes(of_result) for of_result in zip(*filter(None, shapes), strict=False)]


def _shapes(case: Case, arrays: Example) -> list[tuple[int, ...]]:
    """Return nothing where the op refuses these numbers, as it may those that are not drawn."""
    try:
        return [tuple(result.shape) for result in outputs(case.op, arrays)]
    except Exception:
        return []


def _differing_axes(shapes: Iterable[tuple[int, ...]]) -> set[int]:
    return {axis for axis, sizes in enumerate(zip(*shapes, strict=False)) if len(set(sizes)) > 1}


def _is_known(inferred: tf.TensorShape, but: set[int]) -> bool:
    """Return whether all sizes are, but for those of these axes."""
    return inferred.rank is not None and all(
        size is not None or axis in but for axis, size in enumerate(inferred.as_list())
    )


def _check_gradients(case: Case, specs: Sequence[tf.TensorSpec], arrays: Example, where: str) -> None:
    shapes = [tf.TensorShape(np.shape(by)) for by in (*filter(is_float, arrays), *case.variables)]
    weights = cotangents(outputs(case.op, arrays))
    gradients = case.trace(tf.function, specs, weights, known=not where).outputs[-len(shapes) :]
    for index, (gradient, shape) in enumerate(zip(gradients, shapes, strict=True)):
        inferred = gradient.shape
        if not inferred.is_compatible_with(shape) or not (where or inferred.is_fully_defined()):
            by = f"float argument or variable {index}"
            raise AssertionError(f"the shape {inferred} is inferred{where} for the gradient by {by}, which has {shape}")


def _inferred_and_true(case: Case, specs: Sequence[tf.TensorSpec], arrays: Example) -> list[tuple[Any, Any]]:
    graph = tf.function(lambda *arguments: outputs(case.op, arguments)).get_concrete_function(*specs)
    inferred = [tensor.shape for tensor in graph.outputs]
    return list(zip(inferred, [result.shape for result in outputs(case.op, arrays)], strict=True))
