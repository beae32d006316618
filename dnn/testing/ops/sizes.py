"""The axes of results whose size depends on the numbers in the arguments, as of tf.boolean_mask: no graph knows it."""

import numpy as np

from dnn.testing.ops.subject import Case, outputs


def sizes_that_depend_on_numbers(case: Case) -> list[set[int]]:
    """For each result the axes whose size differs between large arguments of equal shapes.

    Beside those that were drawn, one in which all numbers of an argument are its first: tf.unique gives one then.
    """
    first = case.batches[0]
    shapes = [_shapes(case, first)]
    for arrays in (*case.batches[1:], tuple(np.full_like(array, array.flat[0]) for array in first)):
        if list(map(np.shape, arrays)) == list(map(np.shape, first)):
            shapes.append(_shapes(case, arrays))
    return [_differing(of_result) for of_result in zip(*filter(None, shapes), strict=False)]


def _shapes(case: Case, arrays) -> list[tuple[int, ...]]:
    """Empty where the op refuses these numbers, as some that are not drawn."""
    try:
        return [tuple(result.shape) for result in outputs(case.op, arrays)]
    except Exception:
        return []


def _differing(shapes) -> set[int]:
    return {axis for axis, sizes in enumerate(zip(*shapes, strict=False)) if len(set(sizes)) > 1}
