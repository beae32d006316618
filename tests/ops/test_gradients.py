"""Gradients of ops: the last function counts, so that a cell of a notebook may run again."""

from pathlib import Path

import pytest
import tensorflow as tf
from needs_compiler import needs_compiler

import dnn


@needs_compiler
@pytest.mark.parametrize("factor", [2.0, 3.0])
def test_the_last_gradient_of_an_op_counts(factor):
    op = dnn.ops.load(Path(__file__).with_name("plus_one.cc")).dnn_test_plus_one

    @dnn.ops.gradient("DnnTestPlusOne")
    def gradient(op, dy):
        return factor * dy * op.outputs[0]

    for call in (op, tf.function(op)):
        x = tf.constant([1.0, 5.0])
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = call(x)
        assert tape.gradient(y, x).numpy().tolist() == [2 * factor, 6 * factor]


def test_the_gradient_of_another_s_op_is_left_alone():
    with pytest.raises(KeyError, match="Relu"):
        dnn.ops.gradient("Relu")(lambda op, dy: dy)
