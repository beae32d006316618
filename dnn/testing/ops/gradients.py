"""Laws of the gradient of an op: it is that of finite differences, and that of the reference."""

from collections import Counter
from collections.abc import Callable
from functools import partial

import numpy as np

from dnn.testing.modes import assert_near
from dnn.testing.ops.differences import numbers
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.direction import check_along_a_direction
from dnn.testing.ops.domain import check_over_the_domain
from dnn.testing.ops.each import for_each
from dnn.testing.ops.half import rounding
from dnn.testing.ops.places import check_places
from dnn.testing.ops.raised import blaming
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, cotangents, in_dtype, is_float, numpy_outputs, outputs

REMEDY = "Register one (dnn/ops/README.md, In C++, step 4), or say that there is none, gradient=None"

NARROW = "where the op is not defined everywhere, narrow its domain, inputs=Floats(low=…, high=…)"


def has_the_gradient_of_finite_differences(case: Case) -> str:
    """In float64, by some numbers x of each argument, for g = Σ c·r over its results r and random c:

    (g(x + h) − g(x − h)) / 2h, h = 10⁻⁶ max(1, |x|). It is compared where
    the one-sided differences, (g(x + h) − g(x)) / h and (g(x) − g(x − h)) / h, agree within 10⁻⁴ of the largest of them
    and 1: elsewhere, as at the kink of relu, there is no derivative. Where the op refuses float64, the differences
    are those of the reference. In large examples all numbers of all arguments move at once, each up or down. Most are
    within ±3, where float32 keeps the digits of a difference; some are of the whole domain, by the gradient in float64.
    """
    if case.lacks:
        raise AssertionError(f"{case.lacks}. {REMEDY}")
    _refuse_without_gradient(case)
    if case.gradient == "surrogate":
        raise NotApplicableError("its gradient is a surrogate")
    by, function = _in_float64(case)
    counts = Counter()

    def check(arrays):
        weights = cotangents(outputs(case.op, arrays))
        wide = in_dtype(arrays, np.float64)
        of = []
        if by == "reference" or not any(map(rounding, arrays)):
            of.append(with_gradients(case.op, arrays, weights)[1])
        if by == "op":
            of.append(with_gradients(case.op, wide, in_dtype(weights, np.float64))[1])
        check_places(of, function, wide, weights, counts, case.none)

    for_each(case.source.strategy(near=True, away=True), check, case.examples, shrink=True)
    check_over_the_domain(case, by == "op", function, counts)
    for arrays in (case.batches[0], *case.larger[:1]):
        check_along_a_direction(case, function, arrays)
    if counts["skipped"] and not counts["compared"]:
        raise AssertionError(f"at none of {counts['skipped']} places do the one-sided differences agree; {NARROW}")
    most = f"; {NARROW}" if counts["skipped"] > counts["compared"] else ""
    return f"of the {by}, at {counts['compared']} places; {counts['skipped']} left out: no derivative there{most}"


def has_the_gradient_of_the_reference(case: Case) -> str:
    """As TensorFlow differentiates the reference, by each argument of floats, with random weights of the results."""
    _refuse_without_gradient(case)
    if case.reference is None or case.in_numpy:
        raise NotApplicableError("there is no reference in TensorFlow")

    def check(arrays):
        weights = cotangents(outputs(case.op, arrays))
        _, ours = with_gradients(case.op, arrays, weights)
        _, theirs = blaming("the gradient of the reference", with_gradients)(case.reference, arrays, weights)
        for argument, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            none = " (None)" if argument in case.none else ""
            assert_near(one, other, f"gradient by float argument {argument}{none}", ulps=case.ulps)

    for_each(case.source.strategy(away=True), check, case.examples, shrink=True)
    for arrays in (case.batches[0], *case.larger[:1]):
        check(arrays)
    return f"{case.examples} examples and {'two large ones' if case.larger else 'a large one'}"


def _refuse_without_gradient(case: Case) -> None:
    if case.gradient is None or case.lacks:
        raise NotApplicableError("it has none")
    if not case.differentiable or not any(map(is_float, case.batches[0])):
        raise NotApplicableError("no argument or no result is of floats")


def _in_float64(case: Case) -> tuple[str, Callable]:
    """("op" or "reference", arrays -> its results of floats): the first that computes in float64."""
    arrays = case.batches[0]
    for by, function in (("op", case.op), ("reference", case.reference)):
        called = numpy_outputs if by == "reference" and case.in_numpy else outputs
        of = partial(numbers, called, function)
        try:
            if {result.dtype.name for result in of(in_dtype(arrays, np.float64))} == {"float64"}:
                return by, of
        except Exception:  # it refuses float64; of no other error do the laws of values say nothing
            continue
    raise NotApplicableError("neither the op nor a reference takes float64")
