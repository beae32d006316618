"""Dropout: in training each number is dropped by chance, and chance is an argument."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_below_one, checked_float, checked_key
from dnn.nn.precision import rounded_once


@rounded_once
def dropout(x, rate: float, seed):
    """0 with probability `rate`, else x / (1 − rate), so that the mean stays: "inverted" scaling.

    rate: in [0, 1). seed: int32[2], which alone decides, with the shape, what is dropped. XLA drops others than graph
    mode does: its generator gives other numbers from one seed, though the algorithm has the same name.
    An infinity or a NaN that is dropped is 0. Derivative: 0 where dropped, else 1 / (1 − rate).
    Source: N. Srivastava et al., "Dropout: A Simple Way to Prevent Neural Networks from Overfitting", JMLR 2014,
    sections 4 and 10.
    Raises: TypeError for an x that is not of floats.
    """
    x = checked_float(x, "x")
    kept = tf.random.stateless_uniform(tf.shape(x), seed) >= rate  # float32 for any x: a bfloat16 has few steps
    return tf.where(kept, x / (1 - rate), tf.zeros((), x.dtype))


def dropout_seed(key, seed: int):
    """int32[2]: one seed for each (seed, epoch, step) of the key, int32[3], and each layer's own seed."""
    pair = tf.stack([key[0], tf.constant(seed, tf.int32)])
    for number in (key[1], key[2]):
        pair = tf.random.experimental.stateless_fold_in(pair, number)
    return pair


class Dropout(tf.Module):
    """`dropout` in training, and x as it is otherwise.

    Keras draws from a generator that remembers; here what is dropped follows from the key, so a run that was resumed
    drops what it would have dropped.
    """

    def __init__(self, rate: float, seed: int = 0):
        """rate: the probability to drop, in [0, 1); Keras takes 1 too, and gives zeros.
        seed: int32; layers that see the same key should differ in it. Those of one `Sequential` need not.
        Raises: ValueError for another rate, TypeError for what is no number.
        """
        super().__init__()
        self.rate, self.seed = checked_below_one(rate, "rate"), seed

    def __call__(self, x, training=None):
        """training: None, or the key int32[3]: (seed, epoch, step). False is None; True is a TypeError."""
        training = checked_key(training)
        if training is None or self.rate == 0:
            return checked_float(x, "x")
        return dropout(x, self.rate, dropout_seed(training, self.seed))
