"""A check of many arguments that Hypothesis draws, and how one is shown that fails."""

import math
from collections.abc import Callable
from contextlib import suppress

import numpy as np

from dnn.testing.ops.raised import RaisedError, first_raised


def for_each(strategy, check: Callable[[tuple], None], count: int, *, shrink: bool = False) -> None:
    """check(arrays), so many times, with the same arrays in every run.

    shrink: look for a small example where a check fails, one of arrays with numbers in them if it fails with such: an
    empty one hides by how much, as a mean of no rows is NaN. Raises: AssertionError or RaisedError that shows it.
    """
    from hypothesis.errors import Unsatisfiable

    last = []

    def noted(arrays):
        last[:] = arrays
        check(arrays)

    try:
        return _for_each(strategy, noted, count, shrink)
    except (AssertionError, RaisedError) as error:
        found = error
    if shrink and not _has_numbers(last):  # outside of `except`: the error of an empty example is no cause
        with suppress(Unsatisfiable):
            _for_each(strategy.filter(_has_numbers), check, count, shrink)
    raise found


def _has_numbers(arrays) -> bool:
    """Each of them."""
    return all(map(np.size, arrays))


def _for_each(strategy, check: Callable[[tuple], None], count: int, shrink: bool) -> None:
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.errors import FlakyFailure

    @settings(
        max_examples=count,
        derandomize=True,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def each(arrays):
        try:
            check(arrays)
        except Exception as error:
            first = first_raised(error) or error
            if not isinstance(first, AssertionError | RaisedError):
                raise
            raise type(first)(f"{first}; of {' and '.join(map(shown, arrays))}") from (first.__cause__ or first)

    flaky = None
    try:
        each()
    except FlakyFailure as error:
        flaky = "; ".join(map(str, error.exceptions))
    if flaky:  # outside of `except`: what else was raised there is no cause
        raise AssertionError(f"the same call gave two results: once {flaky}, once nothing wrong")


def shown(array: np.ndarray) -> str:
    """Dtype and shape, and the numbers if they are few."""
    what = f"{array.dtype.name}{list(array.shape)}"
    return f"{what} {array.tolist()}" if math.prod(array.shape) <= 6 else what
