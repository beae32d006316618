"""A solution of exercise 1."""

import tensorflow as tf

import dnn


def gradients(x, w, b, t):
    """Return ∂L/∂w and ∂L/∂b: each row adds its product, and the mean divides by their number."""
    z = dnn.dense(x, w, b)
    d_a = 2 * (dnn.sigmoid(z) - t) / len(x)
    d_z = d_a * dnn.sigmoid(z) * dnn.sigmoid(-z)
    return tf.matmul(x, d_z, transpose_a=True), tf.reduce_sum(d_z, axis=0)
