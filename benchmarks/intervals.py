"""How sure a median is: a bootstrap interval of 95 %. It is seeded: the same figures give the same bounds."""

from collections.abc import Sequence

import numpy as np

FEWEST = 5  # figures: even the range of fewer misses the median of all runs more often than once in ten
DRAWS = 4_000
OUTSIDE = 0.05


def median_interval(figures: Sequence[float]) -> tuple[float, float] | None:
    """Return the bounds of the median by the percentile bootstrap; None if there are too few figures.

    A figure is the ratio of one repetition, whose two values were measured in turn: they are drawn together.
    """
    if len(figures) < FEWEST:
        return None
    drawn = np.random.default_rng(0).choice(np.asarray(figures, np.float64), (DRAWS, len(figures)))
    low, high = np.quantile(np.median(drawn, axis=1), (OUTSIDE / 2, 1 - OUTSIDE / 2))
    return float(low), float(high)
