"""A gradient for the first output of an op alone: what is derived through another output is refused, not 0."""

import tensorflow as tf


def through_first(first, second, message: str):
    """`first`, the gradient that comes back to the first output, once the one of the second output is seen to be 0.

    TensorFlow passes zeros for an output that nothing depends on, and a gradient that passes over them would pass over
    others too. Zeros that TensorFlow made in a graph are known as such, and looked at no more.
    Raises: InvalidArgumentError with the message where `second` is not 0: at once, or when the graph is run.
    """
    if getattr(second, "_is_zeros_tensor", False):
        return first
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(tf.equal(second, 0)), [message])]):
        return tf.identity(first)
