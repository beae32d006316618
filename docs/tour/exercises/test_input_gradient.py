"""The gradient by hand is that of a tape, for networks of one to four layers."""

import numpy as np
import pytest
import tensorflow as tf

import dnn


@pytest.mark.parametrize("sizes", [(4, 3), (4, 8, 2), (51, 30, 30, 2), (5, 7, 6, 8, 3)], ids=str)
def test_the_gradient_is_that_of_a_tape(answer, sizes):
    model = dnn.mlp(sizes, seed=0)
    for layer in model.layers:
        layer.bias.assign(np.random.default_rng(1).normal(size=layer.bias.shape))
    x = tf.constant(np.random.default_rng(2).normal(size=(6, sizes[0])), tf.float32)
    labels = tf.constant([0, 1, 0, 1, 1, 0])
    with tf.GradientTape() as tape:
        tape.watch(x)
        loss = tf.reduce_mean(dnn.sparse_softmax_cross_entropy(labels, model(x)))
    kernels, biases = [layer.kernel for layer in model.layers], [layer.bias for layer in model.layers]
    ours, taped = answer.input_gradient(kernels, biases, x, labels), tape.gradient(loss, x)
    assert ours.shape == taped.shape, f"∂L/∂x must be {taped.shape}, like x; it is {ours.shape}"
    np.testing.assert_allclose(ours, taped, atol=1e-6, err_msg=f"∂L/∂x of {sizes}")
