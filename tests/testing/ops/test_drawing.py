"""Examples are the same in every run, and one that fails is shown, small if asked for."""

import numpy as np
import pytest

from dnn.testing import Floats
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.source import argument_source

STRATEGY = argument_source(Floats()).strategy()


def drawn(count):
    found = []
    check_examples(STRATEGY, lambda arrays: found.append(arrays[0].tobytes()), count)
    return found


def test_examples_are_the_same_in_every_run():
    assert drawn(5) == drawn(5)
    assert len(drawn(5)) == 5


def test_a_small_example_is_shown():
    def check(arrays):
        if (arrays[0] > 33).any():
            raise AssertionError("too large")

    with pytest.raises(AssertionError, match=r"^too large; for float32\[1, 1\] \[\[\d+\.\d+\]\]$"):
        check_examples(STRATEGY, check, 30, shrink=True)


def test_an_example_with_numbers_is_preferred_to_an_empty_one():
    def check(arrays):
        raise AssertionError(f"{np.size(arrays[0])} numbers")

    with pytest.raises(AssertionError, match=r"^1 numbers; for float32\[1, 1\]"):
        check_examples(STRATEGY, check, 10, shrink=True)


def test_an_error_that_is_not_of_the_check_is_raised_as_it_is():
    def check(arrays):
        raise KeyError("weights")

    with pytest.raises(KeyError, match="^'weights'$"):
        check_examples(STRATEGY, check, 10)
