"""Call an op of any signature in one way: by tensors or arrays, in each mode, and with its gradients.

The outputs of an op, one tensor or any structure of tensors, come as a flat list.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import tensorflow as tf

AnyFunction: TypeAlias = Callable[..., Any]
Example: TypeAlias = Sequence[npt.NDArray[Any]]  # an array for each argument of a function

MODES: Mapping[str, Callable[[AnyFunction], Any]] = MappingProxyType(
    {"eager": lambda function: function, "graph": tf.function, "xla": functools.partial(tf.function, jit_compile=True)}
)
"""The three ways TensorFlow runs a function, by name: "eager", "graph" and "xla"."""

DATA_DEPENDENT = (TypeError, NotImplementedError)  # what Python raises for an `if`, a `len` or an `int` of a tensor


def name_of(function: object) -> str:
    """Return the name of a function or of an object's class; for a functools.partial, that of its function."""
    return str(getattr(getattr(function, "func", function), "__name__", type(function).__name__))


def error_text(error: BaseException) -> str:
    """Return the type and the message of an error."""
    return f"{type(error).__name__}: {error}"


def outputs(function: AnyFunction, arguments: Iterable[Any]) -> list[tf.Tensor]:
    """Return the outputs of a function of tensors, called with tensors or arrays."""
    results = function(*map(tf.convert_to_tensor, arguments))
    return [tf.convert_to_tensor(result) for result in tf.nest.flatten(results)]


def numpy_outputs(function: AnyFunction, arrays: Iterable[Any]) -> list[npt.NDArray[Any]]:
    """Return the outputs of a function of NumPy, computed in float64."""
    with np.errstate(all="ignore"):
        return [np.asarray(result) for result in tf.nest.flatten(function(*in_dtype(arrays, np.float64)))]


def is_float(value: Any) -> bool:
    """Return whether a tensor or an array is of floats."""
    return bool(tf.as_dtype(value.dtype).is_floating)


def in_dtype(arrays: Iterable[Any], dtype: npt.DTypeLike) -> list[npt.NDArray[Any]]:
    """Return the arrays, those of floats in another dtype."""
    return [array.astype(dtype) if is_float(array) else array for array in map(np.asarray, arrays)]


def cotangents(results: Iterable[Any]) -> list[npt.NDArray[Any]]:
    """Return normal weights c for each float output r: a gradient of Σ c·r is not right by chance."""
    random = np.random.default_rng(1)
    return [random.normal(size=r.shape).astype(r.dtype.as_numpy_dtype) for r in results if is_float(r)]


def outputs_and_gradients(
    function: AnyFunction, arguments: Iterable[Any], weights: Iterable[Any], variables: Sequence[tf.Variable] = ()
) -> tuple[list[tf.Tensor], list[tf.Tensor]]:
    """Return the outputs, and the gradients of Σ c·r over all float outputs r and their weights c.

    The gradients are those by each float argument, and after them by each of the variables; 0 where no output depends
    on it. Eagerly, one whose shape is not that of its argument or variable is an AssertionError.
    """
    results, sources, gradients = _differentiate(function, arguments, weights, variables)
    gradients = [tf.zeros_like(by) if one is None else one for one, by in zip(gradients, sources, strict=True)]
    return results, [_of_its_shape(*pair, index) for index, pair in enumerate(zip(gradients, sources, strict=True))]


def find_missing_gradients(
    function: AnyFunction, arrays: Example, variables: Sequence[tf.Variable]
) -> tuple[str, frozenset[int]]:
    """Return TensorFlow's message if an operation has no registered gradient, else "", and where a gradient is None.

    The latter are indices of the float arguments and, after them, of the variables.
    """
    try:
        *_, gradients = _differentiate(function, arrays, cotangents(outputs(function, arrays)), variables)
        return "", frozenset(index for index, gradient in enumerate(gradients) if gradient is None)
    except Exception as error:
        unregistered = type(error) is LookupError and "gradient registry has no entry" in str(error)
        return str(error) if unregistered else "", frozenset()


def without_autograph(
    function: AnyFunction, specs: Sequence[tf.TensorSpec], needed: tuple[type[Exception], ...] = DATA_DEPENDENT
) -> AnyFunction:
    """Return the function marked so that AutoGraph leaves it alone, unless a trace of it raises a `needed` error.

    AutoGraph is slow, and prints a page per trace of a function whose source it cannot tell, as of two lambdas on a
    line.
    """
    unconverted = tf.autograph.experimental.do_not_convert(function)
    try:
        tf.function(lambda *tensors: unconverted(*tensors), autograph=False).get_concrete_function(*specs)
    except needed:
        return function
    except Exception:  # an error of the function's own, which is met again where it is called
        return unconverted
    return unconverted


def _differentiate(
    function: AnyFunction, arguments: Iterable[Any], weights: Iterable[Any], variables: Sequence[tf.Variable]
) -> tuple[list[tf.Tensor], list[Any], list[tf.Tensor | None]]:
    """Return the outputs, what the gradients are by, and the gradients, None where no output depends on it."""
    arguments = list(map(tf.convert_to_tensor, arguments))
    sources = [*filter(is_float, arguments), *variables]
    with tf.GradientTape() as tape:
        tape.watch(sources)
        results = outputs(function, arguments)
    targets = [result for result in results if is_float(result)]
    return results, sources, tape.gradient(targets, sources, output_gradients=list(weights))


def _of_its_shape(gradient: Any, by: Any, index: int) -> tf.Tensor:
    gradient = tf.convert_to_tensor(gradient)
    if tf.executing_eagerly() and gradient.shape != by.shape:
        wrong = f"has shape {gradient.shape} instead of {by.shape}"
        raise AssertionError(f"the gradient by float argument or variable {index} {wrong}")
    return gradient
