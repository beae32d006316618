"""Functions of a layer's sums. TensorFlow derives their derivatives, which the docstrings state."""

import tensorflow as tf


def relu(x):
    """max(x, 0), the same shape and dtype. relu(NaN) = NaN.

    Derivative: 0 where x <= 0, else 1, so 0 at x = 0 as in Keras (the derivative of tf.maximum is 1 there).
    Source: V. Nair, G. Hinton, "Rectified Linear Units Improve Restricted Boltzmann Machines", ICML 2010.
    """
    x = tf.convert_to_tensor(x)
    return tf.where(x <= 0, tf.zeros((), x.dtype), x)


def softmax(logits):
    """exp(z_j − max z) / Σ_k exp(z_k − max z): each in [0, 1], every row sums to 1.

    logits: float[..., classes]. Subtracting the maximum changes no value and lets no exp overflow.
    """
    exponentials = tf.exp(logits - maximum(logits))
    return exponentials / tf.reduce_sum(exponentials, axis=-1, keepdims=True)


def log_softmax(logits):
    """z_j − max z − ln Σ_k exp(z_k − max z), in nats, each <= 0: never the log of a probability rounded to 0.

    logits: float[..., classes].
    """
    shifted = logits - maximum(logits)
    return shifted - tf.math.log(tf.reduce_sum(tf.exp(shifted), axis=-1, keepdims=True))


def maximum(logits):
    """The largest logit of each row, [..., 1], as a constant: the shift by it has derivative 0 in exact arithmetic."""
    return tf.stop_gradient(tf.reduce_max(logits, axis=-1, keepdims=True))
