"""Precision: a formula of several operations computes in a wider dtype and rounds once, at its end."""

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import tensorflow as tf

HALF = (tf.bfloat16, tf.float16)
Formula = TypeVar("Formula", bound=Callable[..., tf.Tensor])


def at_least_float32(dtype: tf.DType) -> tf.DType:
    """Return float32 for a half precision, else the dtype itself: for statistics and sums."""
    return tf.float32 if dtype in HALF else tf.as_dtype(dtype)


def rounded_once(function: Formula) -> Formula:
    """Make a function of a tensor compute half precision in float32 and round its result once.

    A bfloat16 has 8 binary digits, so exp(x) / (1 + exp(x)) computed in it would lose several of the last ones.
    Tensors of other dtypes are passed on as they are. Gradients are computed in float32 and rounded once too.
    """
    return _computed_in(tf.float32, HALF, function)


def rounded_once_from_float64(function: Formula) -> Formula:
    """Make it compute half precision and float32 in float64: for a sum over classes, which is then correctly rounded.

    It costs two casts: for the few numbers of a last layer, not for those of the hidden ones.
    """
    return _computed_in(tf.float64, (*HALF, tf.float32), function)


def _computed_in(wide: tf.DType, dtypes: tuple[tf.DType, ...], function: Callable[..., tf.Tensor]) -> Any:
    @functools.wraps(function)
    def in_wide(x: tf.Tensor, *args: Any, **kwargs: Any) -> tf.Tensor:
        x = tf.convert_to_tensor(x)
        if x.dtype in dtypes:
            return tf.cast(function(tf.cast(x, wide), *args, **kwargs), x.dtype)
        return function(x, *args, **kwargs)

    return in_wide
