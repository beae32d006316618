"""Exercise 8: the gradient of xⁿ, for every whole n >= 0."""

from pathlib import Path

import dnn

library = dnn.ops.load(Path(__file__).parents[1] / "exercises" / "power.cc")


def power(x, n):
    """Return xⁿ, by the op in power.cc."""
    return library.tour_power(x=x, n=n)


@dnn.ops.gradient("TourPower")
def power_gradient(op, dy):
    """Return ∂L/∂x. op.inputs are the op's inputs; op.get_attr("n") is its n; dy is ∂L/∂y."""
    raise NotImplementedError("return dy · n xⁿ⁻¹; power itself computes a power. And what is xⁿ⁻¹ for n = 0?")
