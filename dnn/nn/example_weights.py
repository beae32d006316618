"""What an example weighs in a mean of losses: a weight is a factor of its loss, and the mean is over the rows."""

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from dnn.nn.argument_checks import checked_not_negative


def weighted(losses, weights=None, counted=None):
    """w_i l_i, and 0 where the row is not counted: float[batch], even if the loss of a row that costs nothing is NaN.
    (The derivative by what made it NaN may be NaN all the same.)

    losses: float[batch]. weights: [batch] or a number, each >= 0. counted: bool[batch], from `counted` below. None
    stands for 1 in each row.
    """
    losses = tf.convert_to_tensor(losses)
    for factor in (weights, counted):
        if factor is not None:
            losses = tf.math.multiply_no_nan(losses, tf.cast(factor, losses.dtype))
    return losses


def weighted_mean(losses, weights=None, counted=None):
    """Σ_i w_i l_i / Σ_i c_i, a scalar of the dtype of the losses; 0 if no row counts. The arguments are `weighted`'s.

    Divided by the number of rows and not by Σ w, as in Keras's `sum_over_batch_size`: doubled weights double the
    loss, and its gradient.

    >>> float(weighted_mean([1.0, 2.0, 6.0], [1.0, 0.5, 2.0], [True, True, False]))
    1.0
    """
    costs = weighted(losses, weights, counted)
    if counted is None:
        return tf.reduce_mean(costs)
    return tf.math.divide_no_nan(tf.reduce_sum(costs), tf.reduce_sum(tf.cast(counted, costs.dtype)))


def counted(labels, ignore_class: int):
    """Whether a mean counts the row: bool[batch], false where the label is the ignored class."""
    return tf.not_equal(tf.cast(labels, tf.int64), ignore_class)


def class_weights(labels, weights: Mapping[int, float]) -> np.ndarray:
    """The weight of each row's class: float64[rows]. A class that is not named weighs 1, as in Keras's `class_weight`.

    labels: int[rows]. weights: class number -> weight, finite and >= 0. The weight of a row for two reasons is the
    product of both.
    Raises: TypeError for labels or classes that are no integers, for weights that are no dict or no numbers; ValueError
    for labels of another shape or a weight out of its range.

    >>> class_weights([0, 1, 1, 2], {1: 8.0})
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
    classes, places = np.unique(labels, return_inverse=True)
    return np.array([weights.get(int(label), 1.0) for label in classes], np.float64)[places]
