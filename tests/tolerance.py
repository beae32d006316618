"""How near two results must be: one place, one law for each kind of value and dtype."""

import numpy as np


def assert_near(actual, expected, *, ulps: float = 4, dtype=np.float32, absolute: float = 0.0) -> None:
    """Equal within `ulps` units in the last place of the larger value, or within `absolute`; NaN and ±inf alike."""
    relative = ulps * float(np.finfo(dtype).eps)
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=relative, atol=absolute)


def assert_losses_near(actual, expected, logits, *, ulps: float = 4) -> None:
    """Cross-entropies equal within `ulps` units in the last place of the largest logit: that is what subtracting the
    maximum costs, whatever the size of the loss."""
    largest = max(1.0, float(np.max(np.abs(np.asarray(logits, np.float64)), initial=1.0)))
    absolute = ulps * float(np.finfo(np.asarray(logits).dtype).eps) * largest
    np.testing.assert_allclose(np.asarray(actual), np.asarray(expected), rtol=4e-7 * ulps, atol=absolute)
