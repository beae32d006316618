"""Gradients of an op at some places of its arguments, beside finite differences there."""

from collections import Counter
from collections.abc import Callable, Container, Sequence

import numpy as np

from dnn.testing.ops.differences import FLOAT64, assert_slope, slopes
from dnn.testing.ops.half import rounding


def check_places(
    of: Sequence, function: Callable, wide, weights, counts: Counter, none: Container[int], *, least: float = 0.0
) -> None:
    """Each of these gradients, lists with a tensor for each argument of floats, where the slope is no infinity in it.

    function: arrays -> results in float64, and wide are the arrays. none: arguments of floats by which there is none.
    What a gradient may differ grows by `least` of its largest number, and by the rounding of half precision.
    """
    for argument, place, slope, allowed in slopes(function, wide, weights, counts, FLOAT64):
        for gradient in (gradients[argument] for gradients in of):
            found = gradient.numpy().astype(np.float64)
            largest = np.max(np.abs(found), initial=1.0, where=np.isfinite(found))
            within = allowed + (least + rounding(gradient)) * largest
            if abs(slope) < gradient.dtype.max:
                name = f"{gradient.dtype.name} gradient by float argument {argument} at {place}"
                assert_slope(None if argument in none else found[place], slope, within, name)
