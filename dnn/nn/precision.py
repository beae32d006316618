"""Precision: a formula of several operations computes in a wider dtype and rounds once, at its end."""

import functools
from collections.abc import Callable

import tensorflow as tf

HALF = (tf.bfloat16, tf.float16)


def at_least_float32(dtype) -> tf.DType:
    """float32 for a half precision, else the dtype itself: in what statistics are kept and sums are summed."""
    return tf.float32 if dtype in HALF else tf.as_dtype(dtype)


def rounded_once(function: Callable) -> Callable:
    """The function of a tensor that gives what `function` gives in float32, rounded to the tensor's half precision.

    A bfloat16 has 8 binary digits, so exp(x) / (1 + exp(x)) in it would be wrong by several of its last ones. Tensors
    of other dtypes are passed on as they are. Gradients are computed in float32 and rounded once too.
    """
    return _computed_in(tf.float32, HALF, function)


def rounded_once_from_float64(function: Callable) -> Callable:
    """As `rounded_once`, but in float64, and for float32 too: for a sum over classes, which is right to rounding then.

    It costs two casts: for the few numbers of a last layer, not for those of the hidden ones.
    """
    return _computed_in(tf.float64, (*HALF, tf.float32), function)


def _computed_in(wide: tf.DType, dtypes: tuple[tf.DType, ...], function: Callable) -> Callable:
    @functools.wraps(function)
    def in_wide(x, *args, **kwargs):
        x = tf.convert_to_tensor(x)
        if x.dtype in dtypes:
            return tf.cast(function(tf.cast(x, wide), *args, **kwargs), x.dtype)
        return function(x, *args, **kwargs)

    return in_wide
