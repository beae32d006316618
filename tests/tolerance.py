"""How near two results must be: one place, one law for each kind of value and dtype."""

import numpy as np
import numpy.typing as npt


def assert_near(
    actual: npt.ArrayLike,
    expected: npt.ArrayLike,
    *,
    ulps: float = 4,
    dtype: npt.DTypeLike = np.float32,
    absolute: float = 0.0,
) -> None:
    """Check that results are equal within `ulps` last places of the dtype, or within `absolute`; NaN and ±∞ alike."""
    relative = ulps * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=relative, atol=absolute)


def assert_losses_near(
    actual: npt.ArrayLike, expected: npt.ArrayLike, logits: npt.ArrayLike, *, ulps: float = 4
) -> None:
    """Check that cross-entropies are equal within `ulps` last places of the largest logit.

    That is what subtracting the maximum costs, however small the loss. Of a loss that is larger than the logits, one
    of many classes, some last places of float32 of its own are allowed.
    """
    largest = max(1.0, float(np.max(np.abs(np.asarray(logits, np.float64)), initial=1.0)))
    absolute = ulps * float(np.finfo(np.asarray(logits).dtype).eps) * largest
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=4e-7 * ulps, atol=absolute)
