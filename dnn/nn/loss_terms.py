"""What losses are made of: targets beside outputs, smoothed targets, and the terms of a binary cross-entropy."""

import tensorflow as tf

from dnn.nn.argument_checks import checked_float, checked_numbers
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import TensorLike


def paired_outputs(
    targets: TensorLike, outputs: TensorLike, name: str = "logits"
) -> tuple[tf.Tensor, tf.Tensor, tf.DType]:
    """Return both as float64[batch, outputs], and the dtype of the loss. Raises: ValueError for shapes that differ."""
    outputs, targets = checked_float(outputs, name), tf.cast(checked_numbers(targets, "targets"), tf.float64)
    shape = targets.shape
    if shape.rank == 1 and outputs.shape.rank == 2 and outputs.shape[1] == 1:
        targets = targets[:, tf.newaxis]
    if outputs.shape.rank != 2 or not outputs.shape.is_compatible_with(targets.shape):
        raise ValueError(f"targets and outputs must be [batch, outputs], got {shape} and {outputs.shape}")
    return targets, tf.cast(outputs, tf.float64), at_least_float32(outputs.dtype)


def smoothed_targets(targets: tf.Tensor, label_smoothing: float, uniform: float) -> tf.Tensor:
    """Return t (1 − a) + a · uniform."""
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"label_smoothing must be in [0, 1], got {label_smoothing}")
    return targets * (1 - label_smoothing) + label_smoothing * uniform if label_smoothing else targets


def binary_terms(targets: tf.Tensor, logits: tf.Tensor, label_smoothing: float = 0.0) -> tf.Tensor:
    """Return the binary cross-entropy of each output, float64[batch, outputs]: see `binary_cross_entropy`."""
    positive = logits >= 0
    size = tf.where(positive, logits, -logits)
    against = smoothed_targets(
        tf.where(positive, 1 - targets, targets), label_smoothing, 0.5
    )  # of 1 − t it is the same
    # multiply_no_nan: an infinite logit on the right side costs nothing
    return tf.math.log1p(tf.exp(-size)) + tf.math.multiply_no_nan(size, against)
