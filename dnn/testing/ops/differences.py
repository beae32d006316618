"""Finite differences of a function of arrays, by some of the numbers in them."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from dnn.testing.ops.subject import is_float

PLACES = 12  # of an array are compared in an example


@dataclass(frozen=True)
class Steps:
    """A number x moves by step · max(1, |x|). What a gradient may differ: tolerance · max(least, |slope|).

    unit: of rounding, of which four in each result that moves are taken to be noise.
    """

    step: float
    tolerance: float
    least: float
    unit: float


# the error of rounding, 1e-16 / step, and that of curvature, step², are far below the tolerance
FLOAT64 = Steps(1e-6, 1e-4, 1.0, 2.0**-52)
# rounding costs 1e-7 / step of a result, 3e-5, and curvature step² = 2e-5
FLOAT32 = Steps(2.0**-8, 0.02, 2.0**-8, 2.0**-23)


def numbers(called: Callable, function: Callable, arrays) -> list[np.ndarray]:
    """The results of floats of called(function, arrays)."""
    return [np.asarray(result) for result in called(function, arrays) if is_float(result)]


def slopes(function, arrays, weights, counts: Counter, steps: Steps) -> Iterator[tuple[int, tuple, float, float]]:
    """(which of the arrays of floats, place in it, difference, what a gradient may differ from it).

    Where there is a derivative: the two one-sided differences agree, and rounding hides no more than the tolerance.
    """
    with np.errstate(all="ignore"):
        here = function(arrays)
        for argument, which in enumerate(np.flatnonzero([is_float(array) for array in arrays])):
            for place in _places(arrays[which].shape):
                slope, allowed, smooth = _slope(function, arrays, weights, here, which, place, steps)
                counts["compared" if smooth else "skipped"] += 1
                if smooth:
                    yield argument, place, slope, allowed


def assert_slope(found: float | None, slope: float, allowed: float, name: str) -> None:
    """found: None, of which TensorFlow makes nothing, counts as 0."""
    if not abs((found or 0.0) - slope) <= allowed:
        told = "None, there is none" if found is None else f"{found:.9g}"
        raise AssertionError(
            f"the {name} is {told}, by finite differences {slope:.9g}, {allowed:.1e} allowed, "
            "each result weighted by a number that was drawn"
        )


def _slope(function, arrays, weights, here, which, place, steps: Steps) -> tuple[float, float, bool]:
    x = arrays[which][place]
    sides, noises = [], []
    for step in (steps.step * max(1.0, abs(x)), -steps.step * max(1.0, abs(x))):
        moved = [array.copy() for array in arrays]
        moved[which][place] = x + step
        run = float(moved[which][place]) - float(x)
        rise, noise = _rise(function(moved), here, weights)
        sides.append(rise / run)
        noises.append(4 * steps.unit * noise / abs(run))
    tolerance, noise = steps.tolerance * max(steps.least, *map(abs, sides)), max(noises)
    allowed = tolerance + noise
    return sum(sides) / 2, allowed, abs(sides[0] - sides[1]) <= allowed and noise <= tolerance  # not so if one is NaN


def _rise(there, here, weights) -> tuple[float, float]:
    """Σ c·(r' − r), and Σ |c·r| of those results r that are not the same bits; NaN where a shape changes."""
    if any(np.shape(new) != np.shape(old) for new, old in zip(there, here, strict=True)):
        return np.nan, np.nan
    rise = noise = 0.0
    for new, old, weight in zip(there, here, weights, strict=True):
        new, old, weight = (np.asarray(array, np.float64) for array in (new, old, weight))
        rise += np.sum(weight * (new - old))
        noise += np.sum(np.abs(weight * old), where=new != old)
    return float(rise), float(noise)


def _places(shape) -> list[tuple[int, ...]]:
    """Some of all, equally distributed."""
    size = int(np.prod(shape))
    chosen = np.random.default_rng(2).permutation(size)[:PLACES]
    return [tuple(map(int, np.unravel_index(place, shape))) for place in chosen]
