"""Calling TensorFlow for arrays: dtypes, values and gradients."""

import ml_dtypes
import numpy as np
import tensorflow as tf


def array_of(values, dtype: str) -> np.ndarray:
    """The nearest numbers of the dtype; those that TensorFlow would flush to 0 are 0."""
    values = np.asarray(values, np.float64).astype(tf.as_dtype(dtype).as_numpy_dtype)
    subnormal = np.abs(values.astype(np.float64)) < float(ml_dtypes.finfo(values.dtype).tiny)
    return np.where(subnormal, np.zeros_like(values), values)


def value_and_gradient(function, x, upstream=None) -> tuple[np.ndarray, np.ndarray]:
    """function(x), and the gradient of Σ upstream · function(x) by x, as arrays. upstream: 1 where it is None."""
    x = tf.convert_to_tensor(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        value = function(x)
    return value.numpy(), tape.gradient(value, x, output_gradients=upstream).numpy()
