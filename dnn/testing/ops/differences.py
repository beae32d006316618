"""Finite differences of a function of arrays: by single numbers, or along a direction in which all of them move."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.ops.calling import AnyFunction, Example, is_float
from dnn.ops.comparing import EPSILON

ArrayFunction = Callable[[Example], list[npt.NDArray[Any]]]
Float64Array = npt.NDArray[np.float64]

NUMBERS = 12  # of an array, are moved in an example
HALF_DTYPES = (tf.bfloat16, tf.float16)
MOVING = (1.0, 1 / 16, 1 / 256)  # of all numbers, along a direction


@dataclass(frozen=True)
class Steps:
    """A number x moves by step · max(1, |x|), and a gradient may differ by tolerance · max(least, |slope|).

    unit: the relative error of rounding; four of it in each result that moves count as noise.
    """

    step: float
    tolerance: float
    least: float
    unit: float


# the error of rounding, 1e-16 / step, and that of curvature, step², are far below the tolerance
FLOAT64 = Steps(1e-6, 1e-4, 1.0, 2.0**-52)
# rounding costs 1e-7 / step of a result, 3e-5, and curvature step² = 2e-5
FLOAT32 = Steps(2.0**-8, 0.02, 2.0**-8, 2.0**-23)


def float_outputs(call: Callable[..., Sequence[Any]], function: AnyFunction, arrays: Example) -> list[npt.NDArray[Any]]:
    """Return the float outputs of call(function, arrays)."""
    return [np.asarray(result) for result in call(function, arrays) if is_float(result)]


def rounding(value: Any) -> float:
    """Return what share of its length a gradient of half precision may be off: 2 √ε; 0 for other dtypes.

    Rounding takes about ε of all numbers to the other side of a kink, as that of relu.
    """
    dtype = tf.as_dtype(value.dtype)
    return float(2 * EPSILON[dtype] ** 0.5) if dtype in HALF_DTYPES else 0.0


def slopes(
    function: ArrayFunction, arrays: Example, weights: Example, counts: Counter[str], steps: Steps
) -> Iterator[tuple[int, tuple[int, ...], float, float]]:
    """Yield (number of the float argument, index, slope, how far a gradient may differ) where there is a derivative.

    There is one where the two one-sided differences agree, and rounding hides no more than the tolerance.
    """
    with np.errstate(all="ignore"):
        here = function(arrays)
        for argument, which in enumerate(which for which, array in enumerate(arrays) if is_float(array)):
            for index in _indices(arrays[which].shape):
                slope, allowed, smooth = _slope(function, arrays, weights, here, which, index, steps)
                counts["compared" if smooth else "skipped"] += 1
                if smooth:
                    yield argument, index, slope, allowed


def assert_slope(gradient: float | None, slope: float, allowed: float, name: str) -> None:
    """Assert that a gradient is the slope; None, where TensorFlow finds no dependence, counts as 0."""
    if not abs((gradient or 0.0) - slope) <= allowed:
        told = "None (unconnected)" if gradient is None else f"{gradient:.9g}"
        raise AssertionError(
            f"the {name} is {told}, by finite differences {slope:.9g}, {allowed:.1e} allowed, "
            "each result weighted by a random number"
        )


def slopes_along_a_direction(
    function: ArrayFunction, wide: Example
) -> tuple[list[Float64Array | None], list[Float64Array]]:
    """Return how each number moves, -1, 1 or 0, and None for integers; and the slope of each result, NaN at a kink.

    All numbers move; where most results then meet a kink, as a sum of very many numbers does, fewer do.
    """
    for share in MOVING:
        random = np.random.default_rng(3)
        signs = [
            random.choice([-1.0, 1.0], a.shape) * (random.uniform(size=a.shape) < share) if is_float(a) else None
            for a in wide
        ]
        found = _slopes_along(function, wide, signs)
        if 2 * sum(np.isfinite(slope).sum() for slope in found) >= sum(slope.size for slope in found):
            break
    return signs, found


def _slope(
    function: ArrayFunction,
    arrays: Example,
    weights: Example,
    here: Example,
    which: int,
    index: tuple[int, ...],
    steps: Steps,
) -> tuple[float, float, bool]:
    x = arrays[which][index]
    sides, noises = [], []
    for step in (steps.step * max(1.0, abs(x)), -steps.step * max(1.0, abs(x))):
        moved = [array.copy() for array in arrays]
        moved[which][index] = x + step
        run = float(moved[which][index]) - float(x)
        rise, noise = _rise(function(moved), here, weights)
        sides.append(rise / run)
        noises.append(4 * steps.unit * noise / abs(run))
    tolerance, noise = steps.tolerance * max(steps.least, *map(abs, sides)), max(noises)
    allowed = tolerance + noise
    smooth = abs(sides[0] - sides[1]) <= allowed and noise <= tolerance  # False if one is NaN
    return sum(sides) / 2, allowed, smooth


def _rise(there: Example, here: Example, weights: Example) -> tuple[float, float]:
    """Return Σ c·(r' − r), and Σ |c·r| of the results r that are not the same; NaN if a shape changes."""
    if any(np.shape(new) != np.shape(old) for new, old in zip(there, here, strict=True)):
        return np.nan, np.nan
    rise = noise = 0.0
    for new, old, weight in zip(there, here, weights, strict=True):
        new, old, weight = (np.asarray(array, np.float64) for array in (new, old, weight))
        rise += np.sum(weight * (new - old))
        noise += np.sum(np.abs(weight * old), where=new != old)
    return float(rise), float(noise)


def _indices(shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """Return some of all, uniformly drawn."""
    chosen = np.random.default_rng(2).permutation(int(np.prod(shape)))[:NUMBERS]
    return [tuple(map(int, np.unravel_index(index, shape))) for index in chosen]


def _slopes_along(function: ArrayFunction, wide: Example, signs: Sequence[Float64Array | None]) -> list[Float64Array]:
    """Return the slope of each result; NaN where the one-sided differences disagree, or its shape changes."""
    with np.errstate(all="ignore"):
        up, here, down = (
            function([a if sign is None else a + step * sign for a, sign in zip(wide, signs, strict=True)])
            for step in (FLOAT64.step, 0.0, -FLOAT64.step)
        )
        return [_slope_along(*sides) for sides in zip(up, here, down, strict=True)]


def _slope_along(up: Float64Array, here: Float64Array, down: Float64Array) -> Float64Array:
    if not up.shape == here.shape == down.shape:
        return np.full(here.shape, np.nan)
    rising, falling = (up - here) / FLOAT64.step, (here - down) / FLOAT64.step
    tolerance = FLOAT64.tolerance * np.maximum(1.0, np.maximum(abs(rising), abs(falling)))
    return np.where(abs(rising - falling) <= tolerance, (rising + falling) / 2, np.nan)
