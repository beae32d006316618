"""The proof of a custom op in one call, in Python or C++: what holds of it and what does not."""

from collections.abc import Callable
from functools import partial

from dnn.testing.checks import name_of
from dnn.testing.law import told
from dnn.testing.ops import dtypes, gradients, half, repeated, shapes, threads, traced, values, variables
from dnn.testing.ops.autograph import without_autograph
from dnn.testing.ops.crash import stack_in_a_crash
from dnn.testing.ops.differentiated import lacks_a_gradient
from dnn.testing.ops.inputs import Floats
from dnn.testing.ops.larger import larger
from dnn.testing.ops.quiet import without_retracing_warnings
from dnn.testing.ops.raised import blaming, first_raised
from dnn.testing.ops.report import BREAKS, HOLDS, NOT_APPLICABLE, Finding, NotApplicableError, Report
from dnn.testing.ops.source import BATCHES, source_of
from dnn.testing.ops.subject import Case, called_by_arrays, is_float, is_of_numpy, outputs, restoring, trained
from dnn.testing.ops.traced import known

LAWS = (
    values.has_the_values_of_the_reference,
    values.treats_nan_as_the_reference,
    dtypes.keeps_the_dtype_of_its_floats,
    values.leaves_its_arguments_alone,
    gradients.has_the_gradient_of_finite_differences,
    gradients.has_the_gradient_of_the_reference,
    variables.has_the_gradient_by_its_variables,
    shapes.infers_its_shape,
    shapes.infers_its_shape_for_any_batch,
    shapes.infers_the_shape_of_its_gradients,
    dtypes.takes_other_dtypes,
    half.has_its_gradient_in_half_precision,
    traced.agrees_in_graph_mode,
    traced.agrees_under_xla,
    repeated.gives_the_same_bits_each_time,
    threads.keeps_its_bits_among_threads,
)
DEFAULT = (Floats(),)
GRADIENTS = ("exact", "surrogate", None)


def check_op(
    op: Callable,
    reference: Callable | None = None,
    inputs=DEFAULT,
    *,
    gradient: str | None = "exact",
    ulps: float = 64,
    elementwise: bool = False,
    examples: int = 20,
    calls: int = 4096,
) -> Report:
    """What holds of an op, a Report whose text is a table: law, verdict, detail.

    op: tensors -> a tensor, or several in any structure; a function, or a tf.Module that is one, whose gradients by its
    variables are checked too.
    reference: the same in plain TensorFlow, computed in the dtype of the arguments, or in NumPy, computed in float64.
    Without one, values are compared with nothing.
    inputs: a spec for each argument, `Floats` or `Integers`, whose axes of one name have one size:
        check_op(my_relu, tf.nn.relu)  # float32[batch, features] where nothing else is given
        check_op(my_loss, their_loss, (Integers(["batch"], below="classes"), Floats(["batch", "classes"])))
    or a strategy of Hypothesis for tuples of arrays; the first axis of each is then the batch. NaN and ±inf are drawn
    from Floats(finite=False) alone, for a law of their own.
    gradient: "exact": it is the derivative. "surrogate": it is deliberately another, as of a straight-through
    estimator, and compared with that of the reference alone. None: there is none.
    ulps: how far results may be from the reference, in units in the last place of the largest number of a result, or of
    1 if that is more. The table tells how far they are, and in units of each number itself too. In float16 and
    bfloat16, where 64 would be 6 and 50 %, a sixteenth as many, or 4 if that is more.
    elementwise: ulps are of each number itself, where values are compared: tf.math.log(1 + x) is no log1p then. Where
    numbers cancel, as in a sum, no op is as exact as that.
    examples: drawn for a law, 8 at most for one that traces each; the same in every run.
    calls: made by several threads at once; more are made of about a million numbers, where inputs can be so many.
    Where a kernel crashes the process, Python's faulthandler says in which law; or, before all but the first, in
    `lacks_a_gradient`, of its gradient, or in `larger`, of a million numbers.
    Raises: AssertionError, which holds the table, where the op breaks a law, raised from the first error of the op or
    the reference, if they had one; ValueError and TypeError for inputs and settings that cannot be; ModuleNotFoundError
    without Hypothesis, which `pip install 'dnn-tables[test]'` brings.
    """
    if gradient not in GRADIENTS:
        raise ValueError(f"gradient must be one of {GRADIENTS}, got {gradient!r}")
    for name, count in (("examples", examples), ("calls", calls)):
        if count < 1:
            raise ValueError(f"{name} must be at least 1, got {count}")
    source = source_of(inputs)
    batches = source.large(BATCHES)
    if not batches:
        raise ValueError("inputs drew no arguments with a number in each")
    asked = partial(
        Case,
        source=source,
        batches=batches,
        gradient=gradient,
        ulps=ulps,
        elementwise=elementwise,
        examples=examples,
        calls=calls,
    )
    with stack_in_a_crash(), without_retracing_warnings():
        report = Report(name_of(op), _findings(op, reference, batches[0], asked))
    if report.broken:
        raise AssertionError(str(report)) from report.error
    return report


def _findings(op, reference, arrays, asked: partial) -> tuple[Finding, ...]:
    """Of one law alone where the op cannot be called: what fails in it would fail in each of the others."""
    specs = asked.keywords["source"].for_any_batch(arrays) or known(arrays)
    try:
        called, changed, results = _can_be_called(op, specs, arrays)
    except Exception as error:
        return (_breach("can be called", error),)
    in_numpy = reference is not None and is_of_numpy(reference, arrays)
    by = trained(op, changed)
    of_floats = any(map(is_float, results)) and any(map(is_float, (*arrays, *by)))
    reference = reference and blaming("the reference", reference)
    asks = of_floats and asked.keywords["gradient"]
    lacks, none = lacks_a_gradient(called, arrays, by) if asks else ("", frozenset())
    longest = larger(asked.keywords["source"], called_by_arrays(called, reference, in_numpy))
    case = asked(
        called,
        reference,
        larger=longest,
        in_numpy=in_numpy,
        of_floats=of_floats,
        lacks=lacks,
        none=none,
        changed=changed,
        variables=by,
    )
    return tuple(_finding(law, case) for law in (values.can_be_called, *LAWS))


def _can_be_called(op, specs, arrays) -> tuple:
    """The op as it is called, its variables that a call changes, and what it gives. It has the name of the first law,
    which the stack shows where the first call crashes."""
    called = blaming("the op", without_autograph(op, specs))
    called, changed = restoring(called, getattr(op, "variables", ()), arrays)
    return called, changed, outputs(called, arrays)


def _finding(law: Callable[[Case], str], case: Case) -> Finding:
    """Every error is a breach: that an op has no gradient, or cannot be traced, is an error of TensorFlow's."""
    name = law.__name__.replace("_", " ")
    try:
        return Finding(name, HOLDS, _one_line(law(case)))
    except NotApplicableError as reason:
        return Finding(name, NOT_APPLICABLE, _one_line(str(reason)))
    except Exception as error:
        return _breach(name, error)


def _breach(law: str, error: Exception) -> Finding:
    raised = first_raised(error)
    if raised is not None:
        return Finding(law, BREAKS, _one_line(str(raised)), raised.__cause__)
    if isinstance(error, AssertionError):
        return Finding(law, BREAKS, _one_line(str(error)))
    return Finding(law, BREAKS, _one_line(told(error)), error)


def _one_line(text: str, first: int = 100, last: int = 400) -> str:
    """A long one without its middle: TensorFlow puts the cause of an error at the end, after where it was traced."""
    text = " ".join(text.split())
    return text if len(text) <= first + last else f"{text[:first]} … {text[-last:]}"
