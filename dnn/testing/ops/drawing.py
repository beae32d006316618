"""A check of many examples that Hypothesis draws, the same in every run, and how one is shown that fails."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np

from dnn.ops.calling import Example
from dnn.ops.comparing import array_text
from dnn.testing.ops.report import RaisedError, first_raised

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

    ExampleStrategy = SearchStrategy[tuple[Any, ...]]  # of arguments, each a tuple of arrays


def check_examples(
    strategy: "ExampleStrategy", check: Callable[[Example], None], count: int, *, shrink: bool = False
) -> None:
    """Call check(arrays) for `count` examples; an AssertionError or RaisedError of it then shows the example.

    shrink: look for a small example where the check fails, and for one whose arrays have numbers in them if it fails
    with such: an empty one hides by how much, since a mean of no rows is NaN.
    """
    from hypothesis.errors import Unsatisfiable

    last: list[Any] = []

    def check_and_remember(arrays: Example) -> None:
        last[:] = arrays
        check(arrays)

    try:
        return _check_examples(strategy, check_and_remember, count, shrink)
    except (AssertionError, RaisedError) as error:
        found = error
    if shrink and not _has_numbers(last):  # outside of `except`: the error of an empty example is not a cause
        with suppress(Unsatisfiable):
            _check_examples(strategy.filter(_has_numbers), check, count, shrink)
    raise found


def arguments_text(arrays: Example) -> str:
    """Return the dtype and shape of each array, and its numbers if they are few."""
    return " and ".join(map(array_text, arrays))


def _has_numbers(arrays: Example) -> bool:
    return all(map(np.size, arrays))


def _check_examples(strategy: "ExampleStrategy", check: Callable[[Example], None], count: int, shrink: bool) -> None:
    from hypothesis import HealthCheck, Phase, Verbosity, given, settings
    from hypothesis.errors import FlakyFailure

    @settings(
        max_examples=count,
        derandomize=True,
        print_blob=False,
        database=None,
        deadline=None,
        verbosity=Verbosity.quiet,
        phases=[Phase.generate, *([Phase.shrink] if shrink else [])],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def check_drawn(arrays: Example) -> None:
        try:
            check(arrays)
        except Exception as error:
            first = first_raised(error) or error
            if not isinstance(first, AssertionError | RaisedError):
                raise
            raise type(first)(f"{first}; for {arguments_text(arrays)}") from (first.__cause__ or first)

    flaky = None
    try:
        check_drawn()
    except FlakyFailure as error:
        flaky = "; ".join(map(str, error.exceptions))
    if flaky:  # outside of `except`: what else was raised there is not a cause
        raise AssertionError(f"the same call gave two results: once {flaky}, once nothing wrong")
