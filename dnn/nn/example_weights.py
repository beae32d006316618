"""What an example weighs in a mean of losses: a weight is a factor of its loss, and the mean is over the rows."""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative
from dnn.nn.protocols import TensorLike


def weighted(losses: TensorLike, weights: TensorLike | None = None, counted: TensorLike | None = None) -> tf.Tensor:
    """Return w_i l_i, and 0 where the row is not counted: float[batch], even if the loss of such a row is NaN.

    The derivative by what made it NaN may be NaN all the same. For the arguments see `weighted_mean`.
    """
    losses = tf.convert_to_tensor(losses)
    for factor in (weights, counted):
        if factor is not None:
            losses = tf.math.multiply_no_nan(losses, tf.cast(factor, losses.dtype))
    return losses


def weighted_mean(
    losses: TensorLike, weights: TensorLike | None = None, counted: TensorLike | None = None
) -> tf.Tensor:
    """Return Σ_i w_i l_i / Σ_i c_i.

    Divided by the number of rows and not by Σ w, as in Keras's `sum_over_batch_size`: doubled weights double the
    loss, and its gradient. A row that weighs 0 costs nothing even if its loss is NaN.

    Args:
        losses: l, float[batch].
        weights: w, each >= 0: [batch], or a number for all. None: 1.
        counted: c, whether the row counts: bool[batch], from `counted`. None: all do.

    Returns:
        A scalar of the dtype of the losses; 0 if no row counts.

    Example:
        >>> float(dnn.weighted_mean([1.0, 2.0, 6.0], [1.0, 0.5, 2.0], [True, True, False]))
        1.0
    """
    costs = weighted(losses, weights, counted)
    if counted is None:
        return tf.reduce_mean(costs)
    return tf.math.divide_no_nan(tf.reduce_sum(costs), tf.reduce_sum(tf.cast(counted, costs.dtype)))


def counted(labels: TensorLike, ignore_class: int) -> tf.Tensor:
    """Return for each row whether a mean counts it: false where the label is the ignored class.

    Args:
        labels: Class numbers, int[batch].
        ignore_class: The label of the rows that do not count.

    Returns:
        bool[batch].

    Example:
        >>> dnn.counted([0, -1, 2], ignore_class=-1).numpy().tolist()
        [True, False, True]
    """
    return tf.not_equal(tf.cast(labels, tf.int64), ignore_class)


def class_weights(labels: npt.ArrayLike, weights: Mapping[int, float]) -> npt.NDArray[np.float64]:
    """Return the weight of each row's class. A class that is not named weighs 1, as in Keras's `class_weight`.

    The weight of a row for two reasons is the product of both.

    Args:
        labels: Class numbers, int[rows].
        weights: Class number -> weight, finite and >= 0.

    Returns:
        float64[rows]: the weights of `fit`, (x, y, weights).

    Raises:
        TypeError: If labels or classes are not integers, or if weights are not a dict of numbers.
        ValueError: If labels are of another shape, or a weight is out of its range.

    Example:
        >>> dnn.class_weights([0, 1, 1, 2], {1: 8.0})
        array([1., 8., 8., 1.])
    """
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must be a dict, class number -> weight, got {weights!r}")
    labels = np.asarray(labels)
    if labels.ndim != 1:
        raise ValueError(f"labels must be [rows], got shape {labels.shape}")
    for name, value in (("labels", labels), ("the classes of weights", np.array([*weights], ndmin=1))):
        if value.size and not np.issubdtype(value.dtype, np.integer):
            raise TypeError(f"{name} must be integers, got {value.dtype}")
    for label, weight in weights.items():
        checked_not_negative(weight, f"the weight of class {label}")
    classes, indices = np.unique(labels, return_inverse=True)
    return np.array([weights.get(int(label), 1.0) for label in classes], np.float64)[indices]
