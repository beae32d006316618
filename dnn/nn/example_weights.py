"""What an example weighs in a mean of losses: a weight is a factor of its loss, and the mean is over the rows."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

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
    losses: TensorLike, weights: TensorLike | None = None, counted: TensorLike | None = None, *, axis: int | None = None
) -> tf.Tensor:
    """Return Σ_i w_i l_i / Σ_i c_i.

    Divided by the number of rows and not by Σ w, as in Keras's `sum_over_batch_size`: doubled weights double the
    loss, and its gradient. A row that weighs 0 costs nothing even if its loss is NaN.

    Args:
        losses: l, float[batch].
        weights: w, each >= 0: [batch], or a number for all. None: 1.
        counted: c, whether the row counts: bool[batch], from `counted`. None: all do.
        axis: of the rows, where losses have other axes too, of members say. None: all numbers are losses of rows.

    Returns:
        A scalar of the dtype of the losses, or one for each index of the other axes; 0 if no row counts.

    Example:
        >>> float(dnn.weighted_mean([1.0, 2.0, 6.0], [1.0, 0.5, 2.0], [True, True, False]))
        1.0
    """
    costs = weighted(losses, weights, counted)
    if counted is None:
        return tf.reduce_mean(costs, axis)
    return tf.math.divide_no_nan(tf.reduce_sum(costs, axis), tf.reduce_sum(tf.cast(counted, costs.dtype), axis))


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


def class_weights(
    labels: npt.ArrayLike,
    weights: Mapping[int, float] | Mapping[str, float] | Literal["balanced"],
    *,
    classes: Sequence[str] | None = None,
) -> npt.NDArray[np.float64]:
    """Return the weight of each row's class. A class that is not named weighs 1, as in Keras's `class_weight`.

    "balanced" gives each of the C classes the same sum of weights: w_c = n / (C n_c), so that the mean over the rows
    is 1. Source: G. King, L. Zeng, "Logistic Regression in Rare Events Data", 2001; the formula is scikit-learn's.

    The weight of a row for two reasons is the product of both.

    Args:
        labels: Class numbers, int[rows], or the names of the classes, str[rows].
        weights: Class number or name -> weight, finite and >= 0; or "balanced".
        classes: The name of each class number, so that `weights` may have names where labels are numbers. None: the
            classes of `weights` are what the labels are.

    Returns:
        float64[rows]: the weights of `fit`, (x, y, weights).

    Raises:
        TypeError: If labels are neither integers nor strings, if the classes of `weights` are not of the same kind, or
            if weights are not a dict of numbers.
        ValueError: If labels are of another shape, a weight is out of its range, or a name is not one of a class.

    Example:
        >>> dnn.class_weights([0, 1, 1, 2], {1: 8.0})
        array([1., 8., 8., 1.])
        >>> dnn.class_weights(["no", "no", "no", "yes"], "balanced").round(2)
        array([0.67, 0.67, 0.67, 2.  ])
    """
    labels = _checked_labels(labels)
    values, indices = np.unique(labels, return_inverse=True)
    if isinstance(weights, str):
        if weights != "balanced":
            raise ValueError(f'weights must be "balanced" or a dict, class -> weight, got {weights!r}')
        counts = np.bincount(indices, minlength=len(values))
        return (len(labels) / (max(len(values), 1) * counts))[indices]
    if not isinstance(weights, Mapping):
        raise TypeError(f"weights must be a dict, class number -> weight, got {weights!r}")
    for label, weight in weights.items():
        checked_not_negative(weight, f"the weight of class {label}")
    by_class = _by_class(weights, values, classes)
    return np.array([by_class.get(label, 1.0) for label in values.tolist()], np.float64)[indices]


def _checked_labels(labels: npt.ArrayLike) -> npt.NDArray[Any]:
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"labels must be [rows], got shape {array.shape}")
    if array.dtype.kind == "O" and all(isinstance(label, str) for label in array):
        array = array.astype(str)
    if array.size and array.dtype.kind not in "iuU":
        raise TypeError(f"labels must be integers or the names of classes, got {array.dtype}")
    return array


def _by_class(
    weights: Mapping[Any, float], labels: npt.NDArray[Any], classes: Sequence[str] | None
) -> dict[int | str, float]:
    """Return the weights by what the labels are. Raises: as `class_weights`."""
    keys = np.array([*weights], ndmin=1)
    if keys.size and keys.dtype.kind not in "iuU":
        raise TypeError(f"the classes of weights must be integers or names, got {keys.dtype}")
    named, names = keys.size and keys.dtype.kind == "U", labels.tolist() if classes is None else list(classes)
    if named and classes is None and labels.dtype.kind != "U":
        raise TypeError(
            f"the classes of weights must be integers, got {keys.dtype}; name the class numbers as classes="
        )
    if keys.size and not named and labels.dtype.kind == "U":
        raise TypeError(f"the classes of weights must be names, as the labels are, got {keys.dtype}")
    for key in weights if named else ():
        if key not in names:
            raise ValueError(f"weights has {key!r}, which is no class: the classes are {', '.join(map(repr, names))}")
    to_number = named and labels.dtype.kind != "U"
    return {names.index(key) if to_number else key: float(weight) for key, weight in weights.items()}
