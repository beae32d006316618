"""Sparse softmax cross-entropy in C++: loss and gradient in one pass over the logits. A loss for many classes."""

from typing import Any

import tensorflow as tf

from dnn.kernels.compiled import compiled_ops, first_output_alone
from dnn.nn.protocols import TensorLike
from dnn.ops.gradients import gradient


def fused_sparse_softmax_cross_entropy(labels: TensorLike, logits: TensorLike) -> tf.Tensor:
    """Return the loss of each row in nats: `dnn.sparse_softmax_cross_entropy`, fused.

    l = ln Σ_k exp(z_k) − z_y

    exp is within 2 units in its last place, sums are float64; so the loss and its gradient are right to rounding, down
    to losses of 1e-37. A NaN or a +∞ among the logits of a row is a loss of NaN; a label whose logit is −∞ costs ∞.
    Derivative: ∂l/∂z_j = softmax(z)_j − [j = y], which the op computes beside the loss. A second derivative is refused
    with a LookupError, and one through that second output of the op with an InvalidArgumentError. XLA cannot compile
    it.
    Source: C. Bishop, "Pattern Recognition and Machine Learning", 2006, equations 4.108 and 4.109.

    Args:
        labels: int[batch], each in [0, classes).
        logits: float[batch, classes]; half precision is cast to float32.

    Returns:
        float32[batch], or float64[batch] for float64 logits, each in [0, ∞).

    Raises:
        InvalidArgumentError: If a label is out of range, in eager and in graph mode.
        ValueError: If the shapes do not fit, or there is one class.
        TypeError: If the labels are not integers or the logits not floats.
    """
    labels, logits = tf.convert_to_tensor(labels), tf.convert_to_tensor(logits)
    if not labels.dtype.is_integer:
        raise TypeError(f"labels must be integers, got {labels.dtype.name}")
    if not logits.dtype.is_floating:
        raise TypeError(f"logits must be floats, got {logits.dtype.name}")
    if labels.shape.rank != 1 or logits.shape.rank != 2 or not labels.shape.is_compatible_with(logits.shape[:1]):
        raise ValueError(f"labels must be [batch], logits [batch, classes], got {labels.shape} and {logits.shape}")
    if logits.shape[1] == 1:
        raise ValueError(f"logits must have at least two classes, got {logits.shape}: softmax of one is always 1")
    if labels.dtype not in (tf.int32, tf.int64, tf.uint64):  # int64 would call 2^64 − 1 a −1
        labels = tf.cast(labels, tf.int64)
    if logits.dtype != tf.float64:
        logits = tf.cast(logits, tf.float32)
    ops = compiled_ops("softmax_cross_entropy.cc")
    return ops.dnn_softmax_cross_entropy(labels=labels, logits=logits).loss


@gradient("DnnSoftmaxCrossEntropy")
def _cross_entropy_gradient(op: Any, loss_gradient: tf.Tensor, second_gradient: tf.Tensor) -> tuple[None, tf.Tensor]:
    message = "the fused softmax cross-entropy has no second derivative: use dnn.sparse_softmax_cross_entropy"
    loss_gradient = first_output_alone(loss_gradient, second_gradient, message)
    logits_gradient = tf.raw_ops.PreventGradient(input=op.outputs[1], message=message)
    return None, loss_gradient[:, tf.newaxis] * logits_gradient
