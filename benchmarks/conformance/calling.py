"""Calling TensorFlow for arrays: dtypes, values and gradients."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import numpy.typing as npt
import tensorflow as tf

Array = npt.NDArray[Any]


def array_of(values: npt.ArrayLike, dtype: str) -> Array:
    """Return the nearest numbers of the dtype, and 0 for those that TensorFlow would flush to 0."""
    values = np.asarray(values, np.float64).astype(tf.as_dtype(dtype).as_numpy_dtype)
    subnormal = np.abs(values.astype(np.float64)) < float(ml_dtypes.finfo(values.dtype).tiny)
    return np.where(subnormal, np.zeros_like(values), values)


def value_and_gradient(
    function: Callable[[tf.Tensor], tf.Tensor], x: npt.ArrayLike, upstream: npt.ArrayLike | None = None
) -> tuple[Array, Array]:
    """Return function(x), and the gradient of Σ upstream · function(x) by x.

    Args:
        function: tensor -> tensor.
        x: Its argument.
        upstream: Of the shape of the value; None is 1 everywhere.

    Returns:
        Both as arrays.
    """
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value.numpy(), tape.gradient(value, x, output_gradients=upstream).numpy()
