"""Normalization: x minus a mean, over a standard deviation; across the rows of a batch, or within each row."""

from collections.abc import Sequence

import tensorflow as tf

from dnn.nn.argument_checks import checked_fraction, checked_key, checked_positive, checked_size, checked_width
from dnn.nn.precision import at_least_float32, rounded_once


def moments(x, axes: Sequence[int]):
    """(mean, variance) along these axes, which stay with length 1; variance = mean of (x − mean)², biased."""
    mean = tf.reduce_mean(x, axes, keepdims=True)
    # the derivative by the mean is 0, being −2 times the mean of x − mean
    return mean, tf.reduce_mean(tf.math.squared_difference(x, tf.stop_gradient(mean)), axes, keepdims=True)


def rounded_mean(x, axes: Sequence[int]):
    """The mean along these axes as a constant, to be taken from x before its moments are: what is left is near 0.

    A mean of 1,000 deviations is wrong by some hundred last places of a deviation, and so would all be that is x minus
    it; what was rounded off is the mean of the rest. The derivative by a shift is 0.

    Source: T. Chan, G. Golub, R. LeVeque, "Algorithms for Computing the Sample Variance", 1983, section 3.
    """
    return tf.stop_gradient(tf.reduce_mean(x, axes, keepdims=True))


def normalize_by_moments(x, mean, variance, gamma=None, beta=None, *, epsilon: float = 1e-3):
    """(x − mean) · γ / √(variance + ε) + β; γ = 1 and β = 0 where they are None.

    Written as it stands: Keras computes x γ/√… + (β − mean γ/√…), where the digits of x cancel if its mean is large.
    """
    factor = tf.math.rsqrt(variance + epsilon)
    if gamma is not None:
        factor = factor * tf.cast(gamma, x.dtype)
    scaled = (x - mean) * factor
    return scaled if beta is None else scaled + tf.cast(beta, x.dtype)


@rounded_once
def layer_normalization(x, gamma=None, beta=None, *, epsilon: float = 1e-3):
    """`normalize_by_moments` with the moments of each row, along the last axis.

    x: float[..., size]. gamma, beta: [size] or None.
    Source: J. L. Ba, J. R. Kiros, G. Hinton, "Layer Normalization", 2016, equation 4, with an ε as in Keras.
    """
    x = x - rounded_mean(x, [-1])
    return normalize_by_moments(x, *moments(x, [-1]), gamma, beta, epsilon=epsilon)


def moving_average(average, value, momentum: float):
    """momentum · average + (1 − momentum) · value."""
    return average * momentum + value * (1 - momentum)


class LayerNormalization(tf.Module):
    """`layer_normalization` with γ, at first 1, and β, at first 0, to be learnt."""

    def __init__(self, size: int, *, epsilon: float = 1e-3, center: bool = True, scale: bool = True, dtype=tf.float32):
        """size: of the last axis, > 0. center, scale: whether there is a β, a γ.
        Raises: ValueError for a size or an epsilon that is not positive, TypeError for what is no integer, no number.
        """
        super().__init__()
        self.size, self.epsilon = checked_size(size, "size"), checked_positive(epsilon, "epsilon")
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma") if scale else None
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta") if center else None

    def __call__(self, x):
        return layer_normalization(checked_width(x, self.size), self.gamma, self.beta, epsilon=self.epsilon)


class BatchNormalization(tf.Module):
    """`normalize_by_moments` with the moments of the batch in training, and with their moving averages otherwise.

    In training each call moves the averages: momentum · old + (1 − momentum) · the batch's, the variance being the
    biased one, as in Keras (the paper's, and PyTorch's, is the unbiased one). A batch of one row has variance 0.
    The averages are float32 at least: in bfloat16, as in Keras, 0.99 is no number and they would stop moving.
    Source: S. Ioffe, C. Szegedy, "Batch Normalization", ICML 2015, algorithms 1 and 2.
    """

    def __init__(
        self,
        size: int,
        *,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        dtype=tf.float32,
    ):
        """size: of the last axis, > 0. momentum: in [0, 1]. center, scale: whether there is a β, a γ.
        Raises: ValueError for one out of its range, TypeError for what is no integer, no number.
        """
        super().__init__()
        self.size, self.epsilon = checked_size(size, "size"), checked_positive(epsilon, "epsilon")
        self.momentum = checked_fraction(momentum, "momentum")
        self.gamma = tf.Variable(tf.ones(size, dtype), name="gamma") if scale else None
        self.beta = tf.Variable(tf.zeros(size, dtype), name="beta") if center else None
        kept = at_least_float32(dtype)
        self.moving_mean = tf.Variable(tf.zeros(size, kept), trainable=False, name="moving_mean")
        self.moving_variance = tf.Variable(tf.ones(size, kept), trainable=False, name="moving_variance")

    def __call__(self, x, training=None):
        """x: float[..., size]; all axes but the last are the batch. training: None, or any key: see `Dropout`."""
        x = checked_width(x, self.size)
        wide = tf.cast(x, at_least_float32(x.dtype))
        if checked_key(training) is None:
            mean, variance = (tf.cast(v, wide.dtype) for v in (self.moving_mean, self.moving_variance))
        else:
            axes = range(x.shape.rank - 1)
            batch_mean = rounded_mean(wide, axes)
            wide = wide - batch_mean
            mean, variance = moments(wide, axes)
            self._move(self.moving_mean, batch_mean)
            self._move(self.moving_variance, variance)
        return tf.cast(normalize_by_moments(wide, mean, variance, self.gamma, self.beta, epsilon=self.epsilon), x.dtype)

    def _move(self, average, value):
        value = tf.cast(tf.reshape(value, [self.size]), average.dtype)
        average.assign(moving_average(average, value, self.momentum))
