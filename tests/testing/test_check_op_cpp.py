"""check_op of ops in C++: it finds the one that is right, and the fault of each that is not."""

import re

import numpy as np
import pytest
import tensorflow as tf
from broken_laws import rows
from needs_compiler import needs_compiler

from dnn.testing import check_op

pytestmark = needs_compiler


def test_an_op_in_cpp_that_is_right_keeps_all_laws(relus):
    @tf.custom_gradient
    def relu(x):
        y = relus.right_relu(x)
        return y, lambda g: tf.where(y > 0, g, 0)

    report = check_op(relu, tf.nn.relu)
    assert report["agrees under xla"].detail == "it has no kernel for XLA: RightRelu"
    assert "of the reference" in report["has the gradient of finite differences"].detail
    dtypes = report["takes other dtypes"].detail
    assert "float32 gives float32" in dtypes
    assert "float64 refused" in dtypes


def broken(op, reference=tf.nn.relu, **options) -> str:
    with pytest.raises(AssertionError) as error:
        check_op(op, reference, gradient=None, **options)
    return str(error.value)


def test_an_op_in_cpp_with_a_wrong_shape_function_is_found(relus):
    table = broken(relus.misshapen_relu)
    assert "infers its shape                        BREAKS" in table
    assert "infers its shape for any batch          BREAKS" in table


def test_an_op_in_cpp_with_no_shape_function_is_found(relus):
    assert "<unknown> is inferred, and (" in broken(relus.shapeless_relu)


def test_an_op_in_cpp_with_a_static_buffer_is_found(relus):
    table = broken(relus.racing_relu, lambda x: np.maximum(x, 0))
    assert "keeps its bits among threads            BREAKS" in table
    assert table.count("BREAKS") == 1


def test_an_op_in_cpp_that_is_wrong_only_where_a_large_array_is_split_is_found(relus):
    table = broken(relus.sharded_relu, calls=64)
    assert re.search("has the values of the reference +BREAKS +result 0: -1.0 instead of", table)


@pytest.mark.parametrize("mode", ["eager", "graph"])
def test_an_op_in_cpp_whose_kernel_has_a_buffer_is_found_in_each_mode(relus, mode):
    def op(x):
        alone = tf.executing_eagerly() == (mode == "eager")
        return relus.remembering_relu(x) if alone else relus.right_relu(x)

    found = rows(broken(op))["keeps its bits among threads"].removesuffix(" give other bits than one by one")
    wrong = [re.match(r"([\d,]+) of (.*)", part).groups() for part in found.split(", ")]
    assert any(count != "0" for count, name in wrong if "eager" in name) == (mode == "eager")
    assert any(count != "0" for count, name in wrong if "graph" in name) == (mode == "graph")


def test_an_op_in_cpp_without_a_gradient_is_told_once_with_the_remedy(relus):
    with pytest.raises(AssertionError) as error:
        check_op(relus.right_relu, tf.nn.relu, calls=64)
    found = rows(error.value)
    assert found.keys() == {"has the gradient of finite differences"}
    wanted = "gradient registry has no entry for: RightRelu. Register one (dnn/ops/README.md, In C++, step 4)"
    assert found.popitem()[1].startswith(wanted)
    for law in ("has the gradient of the reference", "infers the shape of its gradients", "agrees under xla"):
        assert re.search(f"{law} +not applicable +it has no", str(error.value))


def test_a_gradient_op_in_cpp_with_a_wrong_shape_function_is_found(relus):
    @tf.custom_gradient
    def identity(x):
        y = relus.right_relu(x) - relus.right_relu(-x)
        return y, lambda g: relus.misshapen_relu(g) - relus.misshapen_relu(-g)

    with pytest.raises(AssertionError) as error:
        check_op(identity, tf.identity, calls=64)
    assert rows(error.value).keys() == {"infers the shape of its gradients"}


def test_an_op_in_cpp_that_writes_over_its_argument_is_found(relus):
    table = broken(relus.overwriting_relu, calls=64)
    assert re.search("leaves its arguments alone +BREAKS +argument 0 was changed by the call, eager mode", table)
