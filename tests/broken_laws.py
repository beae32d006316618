"""What a table of check_op says that is broken."""

import numpy as np
import pytest
import tensorflow as tf

from dnn.testing import check_op

QUICK = {"examples": 8, "calls": 64}


def broken(op, reference, **options) -> dict[str, str]:
    """law -> detail, of those that the table says are broken."""
    with pytest.raises(AssertionError) as error:
        check_op(op, reference, **QUICK | options)
    return rows(error.value)


def rows(error: AssertionError | str) -> dict[str, str]:
    lines = [line.split("  BREAKS  ") for line in str(error).splitlines() if "  BREAKS  " in line]
    return {law.strip(): detail.strip() for law, detail in lines}


def by_numpy(function, shape):
    """An op whose shape in a graph is shape(x)."""

    def op(x):
        y = tf.numpy_function(function, [x], x.dtype)
        if not tf.executing_eagerly():
            y.set_shape(shape(x))
        return y

    return op


def relu(x):
    """By NumPy."""
    return np.maximum(x, 0)
