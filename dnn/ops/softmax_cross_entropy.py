"""Sparse softmax cross-entropy in C++: loss and gradient in one pass over the logits. A loss for many classes."""

import functools
from pathlib import Path

import tensorflow as tf

from dnn.ops.library import load
from dnn.ops.no_derivative import through_first


def sparse_softmax_cross_entropy(labels, logits):
    """ln Σ_k exp(z_k) − z_y, float[batch], in nats, each in [0, ∞): `dnn.sparse_softmax_cross_entropy`, fused.

    labels: int[batch], each in [0, classes). logits: float[batch, classes].
    The loss is float32, or float64 for float64 logits. exp is within 2 units in its last place, sums are float64; so
    the loss and its gradient are right to rounding, down to losses of 1e-37. A NaN or a +∞ among the logits of a row is
    a loss of NaN; a label whose logit is −∞ costs ∞.
    Derivative: ∂l/∂z_j = softmax(z)_j − [j = y], which the op gives beside the loss. A second derivative is refused
    with a LookupError, and one through that second output of the op with an InvalidArgumentError.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109.
    Raises: InvalidArgumentError for a label that is out of range, in eager and in graph mode; ValueError for other
    shapes, and for one class, TypeError for labels that are no integers and logits that are no floats. XLA cannot
    compile it.
    """
    labels, logits = tf.convert_to_tensor(labels), tf.convert_to_tensor(logits)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, got {labels.dtype.name}")
    if not logits.dtype.is_floating:
        raise TypeError(f"logits must be floats, got {logits.dtype.name}")
    if labels.shape.rank != 1 or logits.shape.rank != 2 or not labels.shape.is_compatible_with(logits.shape[:1]):
        raise ValueError(f"labels must be [batch], logits [batch, classes], got {labels.shape} and {logits.shape}")
    if logits.shape[1] == 1:
        raise ValueError(f"logits must be of two classes at least, got {logits.shape}: softmax of one is always 1")
    if labels.dtype not in (tf.int32, tf.int64, tf.uint64):  # int64 would call 2^64 − 1 a −1
        labels = tf.cast(labels, tf.int64)
    if logits.dtype != tf.float64:
        logits = tf.cast(logits, tf.float32)
    return _library().dnn_softmax_cross_entropy(labels=labels, logits=logits).loss


@tf.RegisterGradient("DnnSoftmaxCrossEntropy")
def _gradient(op, loss_gradient, gradient_gradient):
    message = "the fused softmax cross-entropy has no second derivative: use dnn.sparse_softmax_cross_entropy"
    loss_gradient = through_first(loss_gradient, gradient_gradient, message)
    gradient = tf.raw_ops.PreventGradient(input=op.outputs[1], message=message)
    return None, loss_gradient[:, tf.newaxis] * gradient


@functools.cache
def _library():
    return load(Path(__file__).with_suffix(".cc"))
