"""The gradient of an op over its whole domain, at the bounds and between them, where numbers may be large."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dnn.testing.ops.differences import FLOAT64, assert_slope, slopes
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.half import rounding
from dnn.testing.ops.subject import Case, cotangents, in_dtype, outputs

ROUNDS = 6


def check_over_the_domain(case: Case, of_op: bool, function: Callable, counts: Counter) -> None:
    """function: arrays -> results in float64. of_op: they are the op's, so its gradient in float64 is compared.

    Else that in its own dtype is, where the slope is no infinity there, within 10⁻⁴ of the largest of the argument.
    Where numbers are large, float32 has not the digits for a small slope.
    """
    for arrays in case.source.spread(ROUNDS):
        wide = in_dtype(arrays, np.float64)
        own = wide if of_op else arrays
        weights = cotangents(outputs(case.op, own))
        gradients = with_gradients(case.op, own, weights)[1]
        for argument, place, slope, allowed in slopes(function, wide, weights, counts, FLOAT64):
            gradient = gradients[argument]
            if abs(slope) < gradient.dtype.max:
                found = tf.cast(gradient, tf.float64).numpy()
                largest = np.max(np.abs(found), initial=1.0, where=np.isfinite(found))
                least = 0.0 if of_op else (FLOAT64.tolerance + rounding(gradient)) * largest
                name = f"{gradient.dtype.name} gradient by float argument {argument} at {place} of {_shown(arrays)}"
                assert_slope(float(found[place]), slope, max(allowed, least), name)


def _shown(arrays) -> str:
    return " and ".join(f"{array.dtype.name} {array.tolist()}" for array in arrays)
