"""Periodic features: against NumPy and finite differences, and as a layer that is worth it."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given
from hypothesis import strategies as st

import dnn
from dnn.kernels.periodic_features import Periodic, periodic


@given(rows=st.integers(0, 5), columns=st.integers(1, 4), waves=st.integers(1, 5), seed=st.integers(0, 2**32 - 1))
def test_they_are_numpy_s_sines_and_cosines_column_by_column(rows, columns, waves, seed):
    random = np.random.default_rng(seed)
    x, c = random.normal(size=(rows, columns)), random.normal(size=(columns, waves))
    angles = [2 * np.pi * np.outer(x[:, j], c[j]) for j in range(columns)]
    expected = np.concatenate([f(a) for a in angles for f in (np.sin, np.cos)], axis=1)
    np.testing.assert_allclose(periodic(x, tf.constant(c)), expected, atol=1e-13)


def test_the_gradient_is_that_of_finite_differences():
    random = np.random.default_rng(0)
    arguments = [tf.constant(random.normal(size=shape)) for shape in ((3, 2), (2, 4))]
    theory, numeric = tf.test.compute_gradient(periodic, arguments, 1e-6)
    for ours, by_differences in zip(theory, numeric, strict=True):
        np.testing.assert_allclose(ours, by_differences, atol=1e-7)


def test_the_layer_keeps_the_laws_of_a_layer():
    dnn.testing.check_layer(lambda: Periodic(4, 3))


def test_it_learns_a_wave_that_an_mlp_does_not():
    """With as many epochs and hidden units, on labels that change 12 times along one column."""
    x = np.linspace(-2, 2, 512).astype(np.float32)[:, np.newaxis]
    y = (np.sin(3 * np.pi * x[:, 0]) > 0).astype(np.int32)
    losses = []
    for first in (Periodic(1, 8, sigma=1.0, seed=0), None):
        layers = [dnn.mlp([first.width if first else 1, 16, 2], seed=0)]
        model = dnn.Sequential([first, *layers] if first else layers)
        history = dnn.fit(
            model,
            (x, y),
            loss=dnn.sparse_softmax_cross_entropy,
            batch_size=64,
            epochs=20,
            seed=0,
            optimizer=dnn.Adam(model.trainable_variables, 0.01),
        )
        losses.append(history["loss"][-1])
    assert losses[0] < losses[1] / 2


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="columns, waves and sigma must be positive, got 0, 8 and 0.1"):
        Periodic(0)
    with pytest.raises(TypeError, match="x must be float32, got float64"):
        Periodic(2)(np.zeros((1, 2)))
    with pytest.raises(ValueError, match=r"x must be \[batch, 2\], got shape \(1, 3\)"):
        Periodic(2)(tf.zeros([1, 3]))
