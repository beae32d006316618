"""The NTK parametrization: its formula, and that a factor f makes Adam's step f times as long."""

import numpy as np
import pytest
import tensorflow as tf

import dnn

X = np.random.default_rng(0).normal(size=(5, 9)).astype(np.float32)


def test_sums_are_divided_by_the_root_of_the_inputs():
    layer = dnn.NTKDense(9, 4, activation=dnn.tanh, bias_factor=0.25, seed=1)
    expected = np.tanh(X.astype(np.float64) @ layer.kernel.numpy() / 3 + layer.bias.numpy() / 4)
    np.testing.assert_allclose(layer(X), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("factor", [0.1, 1.0, 6.0])
def test_adam_moves_what_is_multiplied_by_the_factor_times_its_rate(factor):
    scaling, dense = dnn.Scaling(9, factor=factor), dnn.NTKDense(9, 4, bias_factor=factor, seed=1)
    held = [(scaling.scale, scaling.factor), (dense.bias, dense.bias_factor)]
    before = [factor * variable.numpy() for variable, factor in held]
    np.testing.assert_allclose(before[0], 1, rtol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(dense(scaling(X)))
    variables = [variable for variable, _ in held]
    dnn.Adam(variables, 0.01).apply(tape.gradient(loss, variables))
    for (variable, own), old in zip(held, before, strict=True):
        np.testing.assert_allclose(np.abs(own * variable - old), 0.01 * factor, rtol=1e-2)


def test_what_the_layers_cannot_be_made_of_or_called_with_is_refused():
    with pytest.raises(ValueError, match="bias_factor must be positive, got 0"):
        dnn.NTKDense(4, 3, bias_factor=0)
    with pytest.raises(ValueError, match="factor must be positive, got -1"):
        dnn.Scaling(4, factor=-1)
    with pytest.raises(ValueError, match=r"x must be \[..., 3\]"):
        dnn.Scaling(3)(X)
    with pytest.raises(TypeError, match="x must be float32, as the weights are, got float64"):
        dnn.Scaling(9)(X.astype(np.float64))
