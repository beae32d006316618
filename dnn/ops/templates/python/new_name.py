"""new_name: x / (1 + |x|). Write your formula in its place, here and in its test."""

import numpy as np
import tensorflow as tf


def new_name(x):
    """x / (1 + |x|), float[shape], each in (−1, 1). x: float[shape].

    Derivative: 1 / (1 + |x|)², which TensorFlow derives from the formula.
    """
    x = tf.convert_to_tensor(x)
    return x / (1 + tf.abs(x))


# What `dnn bench-op new_name.py` times: op(*inputs(size)) against reference(*inputs(size)), both in TensorFlow.
op = new_name
reference = tf.nn.softsign


def inputs(size: int) -> tuple:
    return (tf.constant(np.random.default_rng(0).normal(size=size), tf.float32),)
