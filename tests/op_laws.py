"""Hold an op to some of the laws of check_op, in a fraction of the time of all: for tests that are about one law."""

from unittest import mock

import numpy as np
import tensorflow as tf

from dnn.testing import Floats
from dnn.testing.ops import dtypes, gradients, shapes, source, threads, traced, values, variables
from dnn.testing.ops.case import Settings
from dnn.testing.ops.check import OP_LAWS, findings
from dnn.testing.ops.report import BROKEN, Finding
from dnn.testing.ops.source import argument_source

RUNS = values.runs_on_the_inputs
VALUES = values.values_match_the_reference
NAN = values.nan_and_inf_match_the_reference
UNMODIFIED = values.arguments_are_not_modified
OUTPUT_DTYPE = dtypes.output_dtype_matches_the_input
OTHER_DTYPES = dtypes.values_in_other_dtypes_are_right
HALF = dtypes.gradient_is_right_in_half_precision
DIFFERENCES = gradients.gradient_matches_finite_differences
REFERENCE_GRADIENT = gradients.gradient_matches_the_reference
VARIABLES = variables.variable_gradients_match_finite_differences
SHAPE = shapes.static_shape_is_right
ANY_BATCH = shapes.static_shape_is_right_for_any_batch
GRADIENT_SHAPE = shapes.static_shape_of_gradients_is_right
GRAPH = traced.graph_mode_matches_eager
XLA = traced.xla_matches_eager
REPEATED = threads.repeated_calls_give_the_same_bits
CONCURRENT = threads.concurrent_calls_give_the_same_bits

MODEST = (2**14,)  # numbers of a "very large" example, where a test is not about those


def found(op, reference=None, inputs=None, *, laws, very_large=MODEST, **settings) -> list[Finding]:
    """Return what is found for each of these laws."""
    usual = {"gradient": "exact", "ulps": 64, "elementwise": False, "examples": 8, "calls": 64}
    with mock.patch.object(source, "VERY_LARGE", very_large):
        arguments = argument_source(Floats() if inputs is None else inputs)
        return list(findings(op, reference, arguments, Settings(**usual | settings), laws))


def holds(op, reference=None, inputs=None, *, law, **options) -> str:
    """Return the detail of a law that holds."""
    (finding,) = found(op, reference, inputs, laws=[law], **options)
    assert finding.verdict == "holds", finding
    return finding.detail


def broken(op, reference=None, inputs=None, *, law, **options) -> str:
    """Return the detail of a law that is broken."""
    (finding,) = found(op, reference, inputs, laws=[law], **options)
    assert finding.verdict == BROKEN, finding
    return finding.detail


def not_applicable(op, reference=None, inputs=None, *, law, **options) -> str:
    """Return the reason why a law is not applicable."""
    (finding,) = found(op, reference, inputs, laws=[law], **options)
    assert finding.verdict == "not applicable", finding
    return finding.detail


def broken_laws(op, reference=None, inputs=None, *, laws=OP_LAWS, **options) -> set:
    """Return those of the laws that are broken."""
    verdicts = found(op, reference, inputs, laws=laws, **options)
    return {law for law, finding in zip(laws, verdicts, strict=True) if finding.verdict == BROKEN}


def by_numpy(function, shape):
    """Return an op that computes with NumPy, and whose static shape is shape(x)."""

    def op(x):
        y = tf.numpy_function(function, [x], x.dtype)
        if not tf.executing_eagerly():
            y.set_shape(shape(x))
        return y

    return op


def relu(x):
    """By NumPy."""
    return np.maximum(x, 0)
