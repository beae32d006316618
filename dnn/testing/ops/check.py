"""The proof of a custom op in one call, in Python or C++: what holds for it and what does not."""

import faulthandler
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import tensorflow as tf

from dnn.ops.calling import error_text, name_of
from dnn.testing.ops import dtypes, gradients, shapes, threads, traced, values, variables
from dnn.testing.ops.case import Case, Settings, case_of
from dnn.testing.ops.inputs import Floats, Integers
from dnn.testing.ops.report import BROKEN, HOLDS, NOT_APPLICABLE, Finding, NotApplicableError, Report, first_raised
from dnn.testing.ops.source import ArgumentSource, argument_source

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

OP_LAWS: tuple[Callable[[Case], str], ...] = (
    values.runs_on_the_inputs,
    values.values_match_the_reference,
    values.nan_and_inf_match_the_reference,
    dtypes.output_dtype_matches_the_input,
    values.arguments_are_not_modified,
    gradients.gradient_matches_finite_differences,
    gradients.gradient_matches_the_reference,
    variables.variable_gradients_match_finite_differences,
    shapes.static_shape_is_right,
    shapes.static_shape_is_right_for_any_batch,
    shapes.static_shape_of_gradients_is_right,
    dtypes.values_in_other_dtypes_are_right,
    dtypes.gradient_is_right_in_half_precision,
    traced.graph_mode_matches_eager,
    traced.xla_matches_eager,
    threads.repeated_calls_give_the_same_bits,
    threads.concurrent_calls_give_the_same_bits,
)
DEFAULT_INPUTS = Floats()
GRADIENTS = ("exact", "surrogate", None)
BATCHES = 16


def check_op(
    op: Callable[..., Any],
    reference: Callable[..., Any] | None = None,
    inputs: "Floats | Integers | Sequence[Floats | Integers] | SearchStrategy[tuple[Any, ...]]" = DEFAULT_INPUTS,
    *,
    gradient: str | None = "exact",
    ulps: float = 64,
    elementwise: bool = False,
    examples: int = 20,
    calls: int = 4096,
) -> Report:
    """Prove an op, in Python or C++, and return a table: law, verdict, detail.

    Its values are compared with a reference, its gradients with finite differences and with the reference's, its static
    shapes with those that come out, other dtypes, graph mode and XLA with eager mode in float32; and thousands of calls
    from several threads must give the same bits. The laws are listed in `dnn.testing.ops.check.OP_LAWS`.

        check_op(my_relu, tf.nn.relu)  # float32[batch, features] where nothing else is given
        check_op(my_loss, their_loss, (Integers(["batch"], below="classes"), Floats(["batch", "classes"])))

    Where a kernel crashes the process, Python's faulthandler prints the stack, in which the name of the law is; or,
    between the first law and the others, `find_missing_gradients`, of the gradient, or `very_large_examples`.

    Args:
        op: Maps tensors to a tensor, or to several in any structure. A function, or a tf.Module that is called like
            one, whose gradients by its variables are checked too.
        reference: The same in plain TensorFlow, computed in the dtype of the arguments, or in NumPy, computed in
            float64 and rounded once. None: values are compared with nothing.
        inputs: A spec for each argument, `Floats` or `Integers`, whose axes of one name have one size; a spec alone for
            one argument. Or a strategy of Hypothesis for tuples of arrays, whose first axis is the batch. NaN and ±inf
            are drawn only from Floats(finite=False), for a law of their own.
        gradient: "exact": it is the derivative. "surrogate": it is deliberately another, as that of a straight-through
            estimator, and compared only with that of the reference. None: there is none.
        ulps: How far results may be from the reference, in units in the last place of the largest number of a result,
            or of 1 if that is larger. The table tells how far they are, and in ulps of each number itself too. For
            float16 and bfloat16, where 64 ulps would be 6 and 50 %, a sixteenth of it, or 4 if that is more.
        elementwise: Whether values are held to `ulps` of each number itself: then tf.math.log(1 + x) is no log1p. Where
            numbers cancel, as in a sum, no op is as exact as that.
        examples: How many examples are drawn for a law, at most 8 for one that traces each; the same in every run.
        calls: How many calls are made by 8 threads at once. More are made with arguments of about a million numbers, if
            the inputs can be as large.

    Returns:
        A Report with a finding for each law; as a string, it is the table.

    Raises:
        AssertionError: If a law is broken. It holds the table, and its cause is the first error that the op or the
            reference raised, if there was one.
        ValueError: If a setting is out of range, or inputs draw no argument with a number in it.
        TypeError: If inputs are neither specs nor a strategy.
        ModuleNotFoundError: Without Hypothesis: `pip install hypothesis`.
    """
    if gradient not in GRADIENTS:
        raise ValueError(f"gradient must be one of {GRADIENTS}, got {gradient!r}")
    for name, count in (("examples", examples), ("calls", calls)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    settings, source = Settings(gradient, ulps, elementwise, examples, calls), argument_source(inputs)
    with _stack_in_a_crash(), _without_retracing_warnings():
        report = Report(name_of(op), findings(op, reference, source, settings))
    if report.broken:
        raise AssertionError(str(report)) from report.error
    return report


def findings(
    op: Callable[..., Any],
    reference: Callable[..., Any] | None,
    source: ArgumentSource,
    settings: Settings,
    laws: Sequence[Callable[[Case], str]] = OP_LAWS,
) -> tuple[Finding, ...]:
    """Return one for each law; for the first alone if the op cannot be called: what fails then would fail in each."""
    batches = source.large(BATCHES)
    if not batches:
        raise ValueError("inputs drew no arguments with a number in each")
    try:
        case = case_of(op, reference, source, settings, batches)
    except Exception as error:
        return (_broken(_law_name(values.runs_on_the_inputs), error),)
    return tuple(_finding(law, case) for law in laws)


def _finding(law: Callable[[Case], str], case: Case) -> Finding:
    """Every error is a breach: that an op has no gradient, or cannot be traced, is an error of TensorFlow's."""
    name = _law_name(law)
    try:
        return Finding(name, HOLDS, _one_line(law(case)))
    except NotApplicableError as reason:
        return Finding(name, NOT_APPLICABLE, _one_line(str(reason)))
    except Exception as error:
        return _broken(name, error)


def _broken(law: str, error: Exception) -> Finding:
    raised = first_raised(error)
    if raised is not None:
        return Finding(law, BROKEN, _one_line(str(raised)), raised.__cause__)
    if isinstance(error, AssertionError):
        return Finding(law, BROKEN, _one_line(str(error)))
    return Finding(law, BROKEN, _one_line(error_text(error)), error)


def _law_name(law: Callable[[Case], str]) -> str:
    return law.__name__.replace("_", " ")


def _one_line(text: str, first: int = 100, last: int = 400) -> str:
    """Return a long one without its middle: TensorFlow puts the cause of an error at the end, after the trace."""
    text = " ".join(text.split())
    return text if len(text) <= first + last else f"{text[:first]} … {text[-last:]}"


@contextmanager
def _stack_in_a_crash() -> Iterator[None]:
    """Print the Python stack if a kernel crashes the process, which no error can tell."""
    stream = sys.__stderr__
    if faulthandler.is_enabled() or stream is None:
        yield
        return
    faulthandler.enable(stream)
    try:
        yield
    finally:
        faulthandler.disable()


@contextmanager
def _without_retracing_warnings() -> Iterator[None]:
    """Silence TensorFlow's warning that a function is traced again: for many shapes, it is."""
    tf.get_logger().addFilter(_is_not_of_retracing)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(_is_not_of_retracing)


def _is_not_of_retracing(record: logging.LogRecord) -> bool:
    return "tf.function retracing" not in record.getMessage()
