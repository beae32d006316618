"""An op and its reference, and how they are called: with arrays, for lists of tensors, and with gradients."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import tensorflow as tf

from dnn.testing.ops.autograph import without_autograph
from dnn.testing.ops.source import Drawn, Specified


@dataclass(frozen=True, eq=False)
class Case:
    """What the laws are asked of.

    batches: large arguments, of which the first is a large example. larger: really large ones, if there are some.
    in_numpy: the reference is a function of arrays.
    gradient: "exact", "surrogate" or None, see check_op. elementwise: each number is near in ulps of itself.
    changed: its variables that a call changes. variables: the trainable ones of floats, but for those.
    of_floats: a result is, and an argument or a variable. lacks: the op that has no gradient, as TensorFlow says.
    none: places of the arguments of floats, and of `variables` after them, by which the gradient is None.
    """

    op: Callable
    reference: Callable | None
    source: Specified | Drawn
    batches: list[tuple[np.ndarray, ...]]
    larger: list[tuple[np.ndarray, ...]]
    gradient: str | None
    ulps: float
    elementwise: bool
    examples: int
    calls: int
    in_numpy: bool
    of_floats: bool
    lacks: str
    none: frozenset[int]
    changed: list[tf.Variable]
    variables: list[tf.Variable]

    @property
    def differentiable(self) -> bool:
        """It has a gradient to be compared."""
        return self.gradient is not None and self.of_floats and not self.lacks


def restoring(function: Callable, variables, arrays) -> tuple[Callable, list[tf.Variable]]:
    """The function, and those of its variables that a call changes: they have, when each begins, the values of now."""
    before = [(variable, variable.numpy()) for variable in variables]
    outputs(function, arrays)
    changed = [(variable, value) for variable, value in before if not np.array_equal(variable, value, equal_nan=True)]

    def restored(*arguments):
        for variable, value in changed:
            variable.assign(value)
        return function(*arguments)

    return restored if changed else function, [variable for variable, _ in changed]


def trained(op, changed) -> list[tf.Variable]:
    """The trainable variables of floats, but for those that a call changes."""
    among = [variable for variable in getattr(op, "trainable_variables", ()) if is_float(variable)]
    return [variable for variable in among if all(variable is not other for other in changed)]


def outputs(function, arguments) -> list[tf.Tensor]:
    """Of a function of tensors that gives one, or several in any structure."""
    results = function(*map(tf.convert_to_tensor, arguments))
    return [tf.convert_to_tensor(result) for result in tf.nest.flatten(results)]


def is_float(value) -> bool:
    return tf.as_dtype(value.dtype).is_floating


def cotangents(results) -> list[np.ndarray]:
    """Normal numbers beside each result of floats: a gradient of Σ c·r that is right by chance is not."""
    random = np.random.default_rng(1)
    return [random.normal(size=r.shape).astype(r.dtype.as_numpy_dtype) for r in results if is_float(r)]


def in_dtype(arrays, dtype) -> list[np.ndarray]:
    """The floats in another dtype."""
    return [array.astype(dtype) if is_float(array) else array for array in map(np.asarray, arrays)]


def expected(case: Case, arrays, like) -> list:
    """What the reference gives; if it is of NumPy, computed in float64 and rounded to the dtypes of `like`."""
    if not case.in_numpy:
        return outputs(case.reference, arrays)
    results, dtypes = numpy_outputs(case.reference, arrays), [result.dtype.as_numpy_dtype for result in like]
    for place, (result, other) in enumerate(zip(results, like, strict=True)):
        if is_float(result) and not is_float(other):
            raise AssertionError(f"result {place} is {other.dtype.name}, and the reference gives floats")
    with np.errstate(over="ignore"):
        return [result.astype(dtype) for result, dtype in zip(results, dtypes, strict=True)]


def called_by_arrays(op, reference, in_numpy: bool) -> list[Callable]:
    """arrays -> results, of the op and of the reference if there is one."""
    functions = [partial(outputs, op)]
    return functions if reference is None else [*functions, partial(numpy_outputs if in_numpy else outputs, reference)]


def numpy_outputs(function, arrays) -> list[np.ndarray]:
    """Of a function of NumPy, called in float64."""
    with np.errstate(all="ignore"):
        return [np.asarray(result) for result in tf.nest.flatten(function(*in_dtype(arrays, np.float64)))]


def is_of_numpy(reference, arrays) -> bool:
    """Whether a reference cannot be traced, or gives no tensors then: what NumPy computes within has no derivative."""
    try:
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in map(tf.convert_to_tensor, arrays)]
        left = without_autograph(reference, specs, TypeError)  # NumPy's own error is NotImplementedError
        traced = tf.function(lambda *tensors: left(*tensors)).get_concrete_function(*specs)
    except Exception:
        return True
    return not all(map(tf.is_tensor, tf.nest.flatten(traced.structured_outputs)))
