"""The gradient of a large example, where an error in any part of it shows in one derivative along a direction."""

from collections.abc import Callable

import numpy as np

from dnn.testing.ops.differences import FLOAT64
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.each import shown
from dnn.testing.ops.half import rounding
from dnn.testing.ops.subject import Case, cotangents, in_dtype, is_float, outputs

STEP, TOLERANCE = FLOAT64.step, FLOAT64.tolerance
MOVING = (1.0, 1 / 16, 1 / 256)  # of all numbers


def check_along_a_direction(case: Case, function: Callable, arrays) -> None:
    """The derivative along ±1, ±1, … is the sum of the gradient, with those signs, within 10⁻⁴ of its length.

    function: arrays -> results in float64. A result with a kink within the step counts for nothing. Where most have
    one, as the sum of very many numbers has, fewer numbers move.
    """
    signs, slopes = _direction(function, in_dtype(arrays, np.float64))
    weights = cotangents(outputs(case.op, arrays))
    weights = [np.where(np.isnan(slope), 0, c).astype(c.dtype) for c, slope in zip(weights, slopes, strict=True)]
    gradients = [g.numpy().astype(np.float64) for g in with_gradients(case.op, arrays, weights)[1]]
    along = [sign for sign in signs if sign is not None]
    found = sum(np.sum(gradient * sign) for gradient, sign in zip(gradients, along, strict=True))
    slope = sum(np.nansum(c * slope) for c, slope in zip(weights, slopes, strict=True))
    moved = zip(gradients, along, strict=True)
    length = max(1.0, sum(np.sum((gradient * sign) ** 2) for gradient, sign in moved) ** 0.5)
    allowed = (TOLERANCE + max(map(rounding, arrays))) * length
    if not abs(found - slope) <= allowed:
        raise AssertionError(
            f"of a large example, {' and '.join(map(shown, arrays))}, the derivative along ±1 in every number is "
            f"{found:.9g}, by finite differences {slope:.9g}, {allowed:.1e} allowed"
        )


def _direction(function: Callable, wide) -> tuple[list, list[np.ndarray]]:
    """How each number moves, -1, 1 or 0, and None for integers; and the slopes of the results."""
    for share in MOVING:
        random = np.random.default_rng(3)
        signs = [
            random.choice([-1.0, 1.0], a.shape) * (random.uniform(size=a.shape) < share) if is_float(a) else None
            for a in wide
        ]
        slopes = _slopes(function, wide, signs)
        if 2 * sum(np.isfinite(slope).sum() for slope in slopes) >= sum(slope.size for slope in slopes):
            break
    return signs, slopes


def _slopes(function: Callable, wide, signs) -> list[np.ndarray]:
    """Of each result; NaN where the one-sided differences disagree, or its shape changes."""
    with np.errstate(all="ignore"):
        up, here, down = (
            function([a if sign is None else a + step * sign for a, sign in zip(wide, signs, strict=True)])
            for step in (STEP, 0.0, -STEP)
        )
        return [_slope(*sides) for sides in zip(up, here, down, strict=True)]


def _slope(up: np.ndarray, here: np.ndarray, down: np.ndarray) -> np.ndarray:
    if not up.shape == here.shape == down.shape:
        return np.full(here.shape, np.nan)
    rising, falling = (up - here) / STEP, (here - down) / STEP
    tolerance = TOLERANCE * np.maximum(1.0, np.maximum(abs(rising), abs(falling)))
    return np.where(abs(rising - falling) <= tolerance, (rising + falling) / 2, np.nan)
