"""The losses that the epochs in C++ compute, each with the metric that comes with it."""

from collections.abc import Sequence
from typing import NamedTuple

import tensorflow as tf

from dnn.kernels.mlp_layers import OTHERWISE
from dnn.nn.losses import binary_cross_entropy, mean_squared_error, sparse_softmax_cross_entropy
from dnn.nn.metrics import accuracy, binary_accuracy
from dnn.nn.modules import function_name
from dnn.nn.protocols import LossLike, MetricLike


class KernelLoss(NamedTuple):
    """A loss, and the only metric that may stand beside it."""

    loss: LossLike
    metric: MetricLike


LOSSES = (  # as in mlp_losses.h
    KernelLoss(sparse_softmax_cross_entropy, accuracy),
    KernelLoss(binary_cross_entropy, binary_accuracy),
    KernelLoss(mean_squared_error, mean_squared_error),
)


def loss_number(loss: LossLike, metrics: Sequence[MetricLike], y: tf.Tensor | tf.TensorSpec, outputs: int) -> int:
    """Return the kernel's number of a loss.

    Args:
        loss: One of `LOSSES` itself: not a partial with options.
        metrics: None, or the one that goes with it.
        y: The targets, or their spec.
        outputs: Of the model.

    Raises:
        ValueError: If the kernel does not compute the loss, a metric, or targets of this shape.
    """
    number = next((number for number, each in enumerate(LOSSES) if loss is each.loss), None)
    if number is None:
        names = ", ".join(f"dnn.{function_name(each.loss)}" for each in LOSSES)
        raise ValueError(f"the loss must be one of {names} without options, got {loss!r}{OTHERWISE}")
    if tuple(metrics) not in ((), (LOSSES[number].metric,)):
        name = function_name(LOSSES[number].metric)
        raise ValueError(f"the metrics must be dnn.{name} or none, got {[*metrics]!r}{OTHERWISE}")
    of_classes = number == 0
    if of_classes and outputs == 1:
        raise ValueError("softmax of one output is always 1: the model must have at least two")
    expected = [[]] if of_classes else [[outputs], *([[]] if outputs == 1 else [])]
    if list(y.shape[1:]) not in expected or (of_classes and not tf.as_dtype(y.dtype).is_integer):
        wanted = "int[rows]" if of_classes else f"[rows, {outputs}]"
        raise ValueError(f"y must be {wanted}, got {tf.as_dtype(y.dtype).name} of shape {y.shape}{OTHERWISE}")
    return number
