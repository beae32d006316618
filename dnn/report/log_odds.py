"""The log-odds of each class against the rest, by which the ROC areas of many classes order the rows.

log p_c / (1 - p_c) = z_c - log Σ_{j≠c} exp z_j

The sum without a class is that of the classes before it and that of those after it, so that all of them take a time in
proportion to rows · classes. Summed in another order a number rounds otherwise, and might change places with one that
is nearer to it than float64 can tell: the few rows with such a neighbour are summed one class after the other, as all
rows are where there are few classes.
"""

import numpy as np
import numpy.typing as npt

FEW = 8  # classes, up to which one after the other is as fast

Floats = npt.NDArray[np.float64]


def log_odds(logits: Floats) -> Floats:
    """Return the log-odds of each class, ordered and tied as `log_odds_of` does it.

    Args:
        logits: float64[rows, classes].

    Returns:
        float64[classes, rows].
    """
    if logits.shape[1] <= FEW:
        return np.array([log_odds_of(label, logits) for label in range(logits.shape[1])])
    odds, error = _of_all_classes(logits), _rounding(logits)
    if not any(_near(of_class, error).any() for of_class in odds):
        return odds
    first, group = _distinct(logits)
    odds, error, logits = odds[:, first], error[first], logits[first]
    for label, of_class in enumerate(odds):
        near = _near(of_class, error)
        of_class[near] = log_odds_of(label, logits[near])
    return odds[:, group]


def log_odds_of(label: int, logits: Floats) -> Floats:
    """Return the log-odds of one class, float64[rows], the others summed one after the other."""
    return logits[:, label] - np.logaddexp.reduce(np.delete(logits, label, axis=1), axis=1)


def _of_all_classes(logits: Floats) -> Floats:
    nothing = np.full((len(logits), 1), -np.inf)  # the logarithm of an empty sum
    before = np.hstack([nothing, np.logaddexp.accumulate(logits[:, :-1], axis=1)])
    after = np.hstack([nothing, np.logaddexp.accumulate(logits[:, :0:-1], axis=1)])[:, ::-1]
    return np.ascontiguousarray((logits - np.logaddexp(before, after)).T)


def _rounding(logits: Floats) -> Floats:
    """Return a bound of what rounding adds to a row's log-odds, summed in either order: twice 4 half ulps an addition.

    No sum of exponentials is further from the largest logit than the logarithm of the number of classes.
    """
    classes = logits.shape[1]
    largest = np.max(np.abs(logits), axis=1, initial=0, where=np.isfinite(logits))
    return np.asarray(4 * np.finfo(np.float64).eps * classes * (largest + np.log(classes) + 1))


def _near(odds: Floats, error: Floats) -> npt.NDArray[np.bool_]:
    """Return which rows may change places: those whose interval, odds ± error, meets that of another row."""
    order = np.argsort(odds - error)
    low, high = (odds - error)[order], (odds + error)[order]
    near = np.zeros(len(odds), bool)
    near[order[1:]] = low[1:] <= np.maximum.accumulate(high)[:-1]
    near[order[:-1]] |= low[1:] <= high[:-1]
    return near


def _distinct(logits: Floats) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return an index of each of the distinct rows, and for each row which of them it is."""
    logits = np.ascontiguousarray(logits)
    as_bytes = logits.view(np.dtype((np.void, logits.itemsize * logits.shape[1]))).ravel()
    _, first, group = np.unique(as_bytes, return_index=True, return_inverse=True)
    return first, group
