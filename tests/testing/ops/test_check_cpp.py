"""check_op of ops in C++: it finds the one that is right, and the fault of each that is not."""

import os
import re

import numpy as np
import pytest
import tensorflow as tf
from needs_compiler import needs_compiler
from op_laws import (
    ANY_BATCH,
    CONCURRENT,
    DIFFERENCES,
    GRADIENT_SHAPE,
    REFERENCE_GRADIENT,
    REPEATED,
    SHAPE,
    UNMODIFIED,
    VALUES,
    XLA,
    broken,
    broken_laws,
    found,
)

from dnn.testing import check_op

pytestmark = needs_compiler
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def test_an_op_in_cpp_that_is_right_keeps_all_laws(relus):
    @tf.custom_gradient
    def relu(x):
        y = relus.right_relu(x)
        return y, lambda g: tf.where(y > 0, g, 0)

    report = check_op(relu, tf.nn.relu, examples=8, calls=512)
    assert report["xla matches eager"].detail == "it has no kernel for XLA: RightRelu"
    assert "of the reference" in report["gradient matches finite differences"].detail
    dtypes = report["values in other dtypes are right"].detail
    assert "float32 gives float32" in dtypes
    assert "float64 refused" in dtypes


def test_a_wrong_shape_function_is_found(relus):
    assert broken_laws(relus.misshapen_relu, laws=[SHAPE, ANY_BATCH], gradient=None) == {SHAPE, ANY_BATCH}


def test_no_shape_function_is_found(relus):
    assert "<unknown> is inferred, and (" in broken(relus.shapeless_relu, law=SHAPE, gradient=None)


def test_a_static_buffer_is_found(relus):
    """Arrays of a million numbers, whose calls take long enough for threads to meet, on one core too."""
    laws, many = [VALUES, UNMODIFIED, REPEATED, CONCURRENT], {"calls": 4096, "very_large": (2**20,)}
    op = relus.racing_relu
    assert broken_laws(op, lambda x: np.maximum(x, 0), laws=laws, gradient=None, **many) == {CONCURRENT}


def test_what_is_wrong_only_where_a_large_array_is_split_is_found(relus):
    detail = broken(relus.sharded_relu, tf.nn.relu, law=VALUES, gradient=None, very_large=(2**18,))
    assert detail.startswith("result 0: -1.0 instead of")


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_a_kernel_with_a_buffer_is_found_in_each_mode(relus, mode):
    """Eagerly a kernel runs in the thread of its caller, in a graph in one of a pool of a thread for each core."""
    if mode == "graph" and CORES == 1:
        pytest.skip("on one core TensorFlow runs the kernels of graphs one after the other: there is no race")

    def op(x):
        alone = tf.executing_eagerly() == (mode == "eager")
        return relus.remembering_relu(x) if alone else relus.right_relu(x)

    detail = broken(op, law=CONCURRENT, gradient=None, calls=4096, very_large=(2**20,))
    detail = detail.removesuffix(" differ in their bits from the same calls made alone")
    wrong = [re.match(r"([\d,]+) of (.*)", part).groups() for part in detail.split(", ")]
    assert any(count != "0" for count, name in wrong if "eager" in name) == (mode == "eager")
    assert any(count != "0" for count, name in wrong if "graph" in name) == (mode == "graph")


def test_no_gradient_is_told_once_with_the_remedy(relus):
    laws = [DIFFERENCES, REFERENCE_GRADIENT, GRADIENT_SHAPE, XLA]
    by_differences, *others = found(relus.right_relu, tf.nn.relu, laws=laws)
    remedy = "gradient registry has no entry for: RightRelu. Register one (dnn/ops/README.md, In C++, step 4)"
    assert by_differences.detail.startswith(remedy)
    assert [finding.detail[:9] for finding in others] == ["it has no", "it has no", "it has no"]
    assert {finding.verdict for finding in others} == {"not applicable"}


def test_a_gradient_op_with_a_wrong_shape_function_is_found(relus):
    @tf.custom_gradient
    def identity(x):
        y = relus.right_relu(x) - relus.right_relu(-x)
        return y, lambda g: relus.misshapen_relu(g) - relus.misshapen_relu(-g)

    laws = [SHAPE, ANY_BATCH, GRADIENT_SHAPE, REFERENCE_GRADIENT]
    assert broken_laws(identity, tf.identity, laws=laws) == {GRADIENT_SHAPE}


def test_an_op_that_writes_over_its_argument_is_found(relus):
    detail = broken(relus.overwriting_relu, law=UNMODIFIED, gradient=None)
    assert detail == "argument 0 was changed by the call, eager mode"
