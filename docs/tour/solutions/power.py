"""A solution of exercise 8."""

from pathlib import Path

import tensorflow as tf

import dnn

library = dnn.ops.load(Path(__file__).parents[1] / "exercises" / "power.cc")


def power(x, n):
    """Return xⁿ, by the op in power.cc."""
    return library.tour_power(x=x, n=n)


@dnn.ops.gradient("TourPower")
def power_gradient(op, dy):
    """Return ∂L/∂x: 0 for n = 0, where the op would refuse n − 1."""
    (x,), n = op.inputs, op.get_attr("n")
    return dy * n * power(x, n - 1) if n else tf.zeros_like(x)
