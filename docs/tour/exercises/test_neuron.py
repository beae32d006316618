"""The gradients by hand are those of a tape."""

import numpy as np
import pytest
import tensorflow as tf

import dnn


@pytest.mark.parametrize(("rows", "inputs"), [(1, 2), (5, 2), (64, 7)])
def test_the_gradients_are_those_of_a_tape(answer, rows, inputs):
    random = np.random.default_rng(rows)
    x, t = random.normal(size=(rows, inputs)), random.uniform(size=(rows, 1))
    x, t, w = (tf.constant(array, tf.float32) for array in (x, t, random.normal(size=(inputs, 1))))
    b = tf.constant([0.3])
    with tf.GradientTape() as tape:
        tape.watch([w, b])
        loss = tf.reduce_mean(dnn.mean_squared_error(t, dnn.sigmoid(dnn.dense(x, w, b))))
    for name, ours, taped in zip(("w", "b"), answer.gradients(x, w, b, t), tape.gradient(loss, [w, b]), strict=True):
        assert ours.shape == taped.shape, f"∂L/∂{name} must be {taped.shape}, like {name}; it is {ours.shape}"
        np.testing.assert_allclose(ours, taped, atol=1e-6, err_msg=f"∂L/∂{name} for {rows} rows")
