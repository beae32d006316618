"""What the laws are checked of: an op beside its reference, how both are called, and what is known of them before."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from dnn.ops.calling import (
    AnyFunction,
    Example,
    find_missing_gradients,
    is_float,
    numpy_outputs,
    outputs,
    outputs_and_gradients,
    without_autograph,
)
from dnn.testing.ops.report import NotApplicableError, blaming
from dnn.testing.ops.source import ArgumentSource, very_large_examples

TRACED_EXAMPLES = 8  # at most, where each is traced anew


@dataclass(frozen=True)
class Settings:
    """What a caller of check_op asks for; see there."""

    gradient: str | None
    ulps: float
    elementwise: bool
    examples: int
    calls: int

    @property
    def traced_examples(self) -> int:
        return min(TRACED_EXAMPLES, self.examples)


@dataclass(frozen=True, eq=False)
class Case:
    """An op and its reference, and where their arguments come from.

    in_numpy: the reference is a function of arrays.
    batches: large examples of one size. very_large: examples of about a million numbers, if there are some.
    changed: the variables that a call changes. variables: the trainable ones of floats without those.
    has_floats: an output is of floats, and an argument or one of `variables`.
    unregistered: TensorFlow's message if an operation has no registered gradient.
    unconnected: indices of float arguments, and of `variables` after them, by which the gradient is None.
    """

    op: AnyFunction
    reference: AnyFunction | None
    in_numpy: bool
    source: ArgumentSource
    settings: Settings
    batches: list[Example]
    very_large: list[Example]
    changed: list[tf.Variable]
    variables: list[tf.Variable]
    has_floats: bool
    unregistered: str
    unconnected: frozenset[int]

    @property
    def differentiable(self) -> bool:
        """Whether there is a gradient to compare."""
        return self.settings.gradient is not None and self.has_floats and not self.unregistered

    def results_and_gradients(self, arrays: Any, weights: Any) -> list[tf.Tensor]:
        """Return the outputs and, if there are some, the gradients by the arguments and by the variables."""
        if not self.differentiable:
            return outputs(self.op, arrays)
        results, gradients = outputs_and_gradients(self.op, arrays, weights, self.variables)
        return [*results, *gradients]

    def expected(self, arrays: Example, like: Sequence[tf.Tensor]) -> list[Any]:
        """Return the outputs of the reference; those of NumPy, in float64, are rounded to the dtypes of `like`."""
        if self.reference is None:
            raise NotApplicableError("there is no reference")
        if not self.in_numpy:
            return outputs(self.reference, arrays)
        results = numpy_outputs(self.reference, arrays)
        for index, (result, other) in enumerate(zip(results, like, strict=True)):
            if is_float(result) and not is_float(other):
                raise AssertionError(f"result {index} is {other.dtype.name}, and the reference gives floats")
        with np.errstate(over="ignore"):
            return [result.astype(other.dtype.as_numpy_dtype) for result, other in zip(results, like, strict=True)]

    def trace(self, mode: AnyFunction, specs: Iterable[tf.TensorSpec], weights: Example, *, known: bool) -> Any:
        """Return a concrete function (arguments, weights) -> results and gradients.

        known: whether the trace knows the shapes of the weights.
        """

        @mode
        def compiled(arguments: Any, weights: Any) -> list[tf.Tensor]:
            return self.results_and_gradients(arguments, weights)

        unknown = [tf.TensorSpec(w.shape if known else [None] * w.ndim, w.dtype) for w in weights]
        return compiled.get_concrete_function(list(specs), unknown)


def case_of(
    op: AnyFunction, reference: AnyFunction | None, source: ArgumentSource, settings: Settings, batches: list[Example]
) -> Case:
    """Return the case, for which the op is called; raise what the op raises."""
    called, changed, results = _runs_on_the_inputs(op, source, batches[0])
    variables = _trained(op, changed)
    has_floats = any(map(is_float, results)) and any(map(is_float, (*batches[0], *variables)))
    unregistered, unconnected = "", frozenset[int]()
    if has_floats and settings.gradient is not None:
        unregistered, unconnected = find_missing_gradients(called, batches[0], variables)
    in_numpy = reference is not None and _is_of_numpy(reference, batches[0])
    reference = reference and blaming("the reference", reference)
    functions = [partial(outputs, called)]
    if reference is not None:
        functions.append(partial(numpy_outputs if in_numpy else outputs, reference))
    return Case(
        called,
        reference,
        in_numpy=in_numpy,
        source=source,
        settings=settings,
        batches=batches,
        very_large=very_large_examples(source, functions),
        changed=changed,
        variables=variables,
        has_floats=has_floats,
        unregistered=unregistered,
        unconnected=unconnected,
    )


def known_specs(arrays: Example) -> list[tf.TensorSpec]:
    """Return the specs of the arrays, with all sizes."""
    return [tf.TensorSpec(array.shape, array.dtype) for array in arrays]


def _runs_on_the_inputs(
    op: AnyFunction, source: ArgumentSource, arrays: Example
) -> tuple[AnyFunction, list[Any], list[Any]]:
    """Return the op as it is called from now on, its variables that a call changes, and its first outputs.

    It has the name of the first law, which the stack shows if the first call crashes.
    """
    called = blaming("the op", without_autograph(op, source.for_any_batch(arrays) or known_specs(arrays)))
    called, changed = _restoring(called, getattr(op, "variables", ()), arrays)
    return called, changed, outputs(called, arrays)


def _restoring(function: AnyFunction, variables: Iterable[Any], arrays: Example) -> tuple[AnyFunction, list[Any]]:
    """Return the function and those of the variables that it changes, to which each call first gives today's values."""
    before = [(variable, variable.numpy()) for variable in variables]
    outputs(function, arrays)
    changed = [(variable, value) for variable, value in before if not np.array_equal(variable, value, equal_nan=True)]

    def restored(*arguments: Any) -> Any:
        for variable, value in changed:
            variable.assign(value)
        return function(*arguments)

    return restored if changed else function, [variable for variable, _ in changed]


def _trained(op: AnyFunction, changed: Sequence[tf.Variable]) -> list[tf.Variable]:
    """Return the trainable variables of floats without those that a call changes."""
    among = [variable for variable in getattr(op, "trainable_variables", ()) if is_float(variable)]
    return [variable for variable in among if all(variable is not other for other in changed)]


def _is_of_numpy(reference: AnyFunction, arrays: Example) -> bool:
    """Return whether it cannot be traced, or then gives no tensors: NumPy's part of a formula has no derivative."""
    try:
        specs = [tf.TensorSpec(array.shape, array.dtype) for array in map(tf.convert_to_tensor, arrays)]
        unconverted = without_autograph(reference, specs, (TypeError,))  # NumPy's own error is NotImplementedError
        graph = tf.function(lambda *tensors: unconverted(*tensors)).get_concrete_function(*specs)
    except Exception:
        return True
    return not all(map(tf.is_tensor, tf.nest.flatten(graph.structured_outputs)))
