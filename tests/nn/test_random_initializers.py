"""Plain random initializers draw Keras's bits in every rank, in their bounds; an orthogonal matrix is orthogonal."""

import functools

import keras
import numpy as np
import pytest
import tensorflow as tf

import dnn

PEERS = {
    functools.partial(dnn.random_normal, mean=0.5, stddev=2.0): functools.partial(
        keras.initializers.RandomNormal, 0.5, 2.0
    ),
    functools.partial(dnn.truncated_normal, stddev=2.0): functools.partial(
        keras.initializers.TruncatedNormal, 0.0, 2.0
    ),
    functools.partial(dnn.random_uniform, minval=0, maxval=3): functools.partial(
        keras.initializers.RandomUniform, 0.0, 3.0
    ),
    functools.partial(dnn.orthogonal, gain=1.5): functools.partial(keras.initializers.Orthogonal, 1.5),
    dnn.glorot_uniform: keras.initializers.GlorotUniform,
    dnn.he_normal: keras.initializers.HeNormal,
}


@pytest.mark.parametrize("ours", PEERS, ids=lambda ours: getattr(ours, "func", ours).__name__)
def test_a_seed_draws_keras_s_bits_in_every_rank(ours):
    is_matrix = getattr(ours, "func", None) is dnn.orthogonal
    for shape in [(5, 3), (2, 3, 4), (4, 2, 3, 2)] + ([] if is_matrix else [(), (7,)]):
        for dtype in ("float32",) if is_matrix else ("float32", "bfloat16"):
            values = [
                np.asarray(tf.cast(draw(shape, dtype), tf.float32))
                for draw in (lambda *a: ours(a[0], 3, a[1]), PEERS[ours](seed=3))
            ]
            np.testing.assert_array_equal(*values, str(shape))
    assert np.abs(ours((6, 4), (3, 1)) - ours((6, 4), 3)).max() > 0


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (3, 2, 4)])
@pytest.mark.parametrize("dtype", ["float64", "bfloat16"])
def test_the_fewer_of_rows_and_columns_are_orthogonal(shape, dtype):
    matrix = np.asarray(tf.cast(dnn.orthogonal(shape, 1, dtype, gain=2.0), tf.float64)).reshape(-1, shape[-1])
    gram = matrix.T @ matrix if matrix.shape[0] >= matrix.shape[1] else matrix @ matrix.T
    np.testing.assert_allclose(gram, 4 * np.eye(len(gram)), atol=0.1 if dtype == "bfloat16" else 1e-13)


@pytest.mark.parametrize(
    ("draw", "error", "message"),
    [
        (lambda: dnn.random_normal([2], 0, stddev=-1), ValueError, "stddev must be a number of 0 or more, got -1"),
        (lambda: dnn.truncated_normal([2], 0, mean="0"), TypeError, "mean must be a number, got '0'"),
        (lambda: dnn.random_uniform([2], 0, minval=1), ValueError, "maxval must be at least minval, 1, got 0.05"),
        (
            lambda: dnn.orthogonal([2], 0),
            ValueError,
            r"shape must be \(inputs, units\), or with more axes .* got \(2,\)",
        ),
    ],
)
def test_wrong_options_are_refused(draw, error, message):
    with pytest.raises(error, match=message):
        draw()
