"""The step of the benchmark is one of the kernel, and its multiply-adds are counted."""

from needs_compiler import needs_compiler

from benchmarks.step_limit import library, measured, multiply_adds


def test_multiply_adds_are_those_of_all_products_but_the_derivative_of_the_features():
    assert multiply_adds((3, 5, 2), 7) == 7 * (3 * 5 + 5 * 2) * 3 - 7 * 3 * 5


@needs_compiler
def test_a_step_and_the_limit_are_measured(tmp_path):
    found = library(str(tmp_path))
    for activation in ("relu", "gelu"):
        assert min(measured(found, (3, 5, 2), activation, 7, repeats=3)) > 0
