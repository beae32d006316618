"""Laws of the gradient of an op: it matches finite differences and the gradient of the reference."""

from collections import Counter
from collections.abc import Sequence
from functools import partial

import numpy as np
import tensorflow as tf

from dnn.ops.calling import (
    AnyFunction,
    Example,
    cotangents,
    in_dtype,
    is_float,
    numpy_outputs,
    outputs,
    outputs_and_gradients,
)
from dnn.ops.comparing import assert_near
from dnn.testing.ops.case import Case
from dnn.testing.ops.differences import (
    FLOAT64,
    ArrayFunction,
    assert_slope,
    float_outputs,
    rounding,
    slopes,
    slopes_along_a_direction,
)
from dnn.testing.ops.drawing import arguments_text, check_examples
from dnn.testing.ops.report import NotApplicableError, blaming

REGISTER = "Register one (dnn/ops/README.md, In C++, step 4), or say that there is none, gradient=None"
NARROW = "where the op is not defined everywhere, narrow its domain, inputs=Floats(low=…, high=…)"
SPREAD_EXAMPLES = 6


def gradient_matches_finite_differences(case: Case) -> str:
    """In float64, by some numbers x of each argument, for g = Σ c·r over the results r and random weights c:

    (g(x + h) − g(x − h)) / 2h, h = 10⁻⁶ max(1, |x|). It is compared where
    the one-sided differences, (g(x + h) − g(x)) / h and (g(x) − g(x − h)) / h, agree within 10⁻⁴ of the largest of them
    and 1: elsewhere, as at the kink of relu, there is no derivative. Where the op refuses float64, the differences
    are those of the reference. In large examples all numbers of all arguments move at once, each up or down. Most are
    within ±3, where float32 keeps the digits of a difference; some are of the whole domain, by the gradient in float64.
    """
    if case.unregistered:
        raise AssertionError(f"{case.unregistered}. {REGISTER}")
    _require_gradient(case)
    if case.settings.gradient == "surrogate":
        raise NotApplicableError("its gradient is a surrogate")
    by, function = _float64_function(case)
    counts: Counter[str] = Counter()
    check = partial(_check_example, case, by, function, counts)
    check_examples(case.source.strategy(near=True, away=True), check, case.settings.examples, shrink=True)
    _check_over_the_domain(case, by, function, counts)
    for arrays in (case.batches[0], *case.very_large[:1]):
        _check_along_a_direction(case, function, arrays)
    if counts["skipped"] and not counts["compared"]:
        raise AssertionError(f"at none of {counts['skipped']} numbers do the one-sided differences agree; {NARROW}")
    most = f"; {NARROW}" if counts["skipped"] > counts["compared"] else ""
    return f"of the {by}, at {counts['compared']} numbers; {counts['skipped']} left out: no derivative there{most}"


def gradient_matches_the_reference(case: Case) -> str:
    """As TensorFlow differentiates the reference, by each float argument, with random weights of the results."""
    _require_gradient(case)
    if case.reference is None or case.in_numpy:
        raise NotApplicableError("there is no reference in TensorFlow")
    reference = case.reference

    def check(arrays: Example) -> None:
        weights = cotangents(outputs(case.op, arrays))
        _, ours = outputs_and_gradients(case.op, arrays, weights)
        _, theirs = blaming("the gradient of the reference", outputs_and_gradients)(reference, arrays, weights)
        for argument, (one, other) in enumerate(zip(ours, theirs, strict=True)):
            none = " (None)" if argument in case.unconnected else ""
            assert_near(one, other, f"gradient by float argument {argument}{none}", ulps=case.settings.ulps)

    check_examples(case.source.strategy(away=True), check, case.settings.examples, shrink=True)
    for arrays in (case.batches[0], *case.very_large[:1]):
        check(arrays)
    return f"{case.settings.examples} examples and {'two large ones' if case.very_large else 'a large one'}"


def _require_gradient(case: Case) -> None:
    if case.settings.gradient is None or case.unregistered:
        raise NotApplicableError("it has no gradient")
    if not case.differentiable or not any(map(is_float, case.batches[0])):
        raise NotApplicableError("no argument or no result is of floats")


def _float64_function(case: Case) -> tuple[str, ArrayFunction]:
    """Return ("op" or "reference", arrays -> its float outputs): the first that computes in float64."""
    candidates: list[tuple[str, AnyFunction, AnyFunction]] = [("op", outputs, case.op)]
    if case.reference is not None:
        candidates.append(("reference", numpy_outputs if case.in_numpy else outputs, case.reference))
    for by, call, function in candidates:
        try:
            results = float_outputs(call, function, in_dtype(case.batches[0], np.float64))
            if {result.dtype.name for result in results} == {"float64"}:
                return by, partial(float_outputs, call, function)
        except Exception:  # it refuses float64; of any other error the laws of values tell
            continue
    raise NotApplicableError("neither the op nor a reference takes float64")


def _check_example(case: Case, by: str, function: ArrayFunction, counts: Counter[str], arrays: Example) -> None:
    """Compare the gradient in the op's own dtype, if its digits suffice, and that in float64, if the op has it."""
    weights = cotangents(outputs(case.op, arrays))
    wide = in_dtype(arrays, np.float64)
    gradients = []
    if by == "reference" or not any(map(rounding, arrays)):
        gradients.append(outputs_and_gradients(case.op, arrays, weights)[1])
    if by == "op":
        gradients.append(outputs_and_gradients(case.op, wide, in_dtype(weights, np.float64))[1])
    _check_numbers(case, gradients, function, wide, weights, counts)


def _check_over_the_domain(case: Case, by: str, function: ArrayFunction, counts: Counter[str]) -> None:
    """Compare at the bounds and between them, in float64 if the op has that.

    Else the gradient in its own dtype is compared within 10⁻⁴ of its largest number: where numbers are large, float32
    has not the digits for a small slope.
    """
    least = 0.0 if by == "op" else FLOAT64.tolerance
    for arrays in case.source.spread(SPREAD_EXAMPLES):
        wide = in_dtype(arrays, np.float64)
        own = wide if by == "op" else arrays
        weights = cotangents(outputs(case.op, own))
        gradients = outputs_and_gradients(case.op, own, weights)[1]
        try:
            _check_numbers(case, [gradients], function, wide, weights, counts, least=least)
        except AssertionError as error:
            raise AssertionError(f"{error}; for {arguments_text(arrays)}") from None


def _check_numbers(
    case: Case,
    all_gradients: Sequence[Sequence[tf.Tensor]],
    function: ArrayFunction,
    wide: Example,
    weights: Example,
    counts: Counter[str],
    *,
    least: float = 0.0,
) -> None:
    """Compare each list of gradients, one for each float argument, with slopes that are finite in its dtype.

    What a gradient may differ grows by `least` of its largest number, and by the rounding of half precision.
    """
    for argument, index, slope, allowed in slopes(function, wide, weights, counts, FLOAT64):
        for gradient in (gradients[argument] for gradients in all_gradients):
            found = gradient.numpy().astype(np.float64)
            largest = np.max(np.abs(found), initial=1.0, where=np.isfinite(found))
            within = allowed + (least + rounding(gradient)) * largest
            if abs(slope) < gradient.dtype.max:
                name = f"{gradient.dtype.name} gradient by float argument {argument} at {index}"
                assert_slope(None if argument in case.unconnected else found[index], slope, within, name)


def _check_along_a_direction(case: Case, function: ArrayFunction, arrays: Example) -> None:
    """The derivative along ±1, ±1, … is the sum of the gradient with those signs, within 10⁻⁴ of its length.

    An error in any part of a large gradient shows in it. A result with a kink within the step counts for nothing.
    """
    signs, slopes = slopes_along_a_direction(function, in_dtype(arrays, np.float64))
    weights = cotangents(outputs(case.op, arrays))
    weights = [np.where(np.isnan(slope), 0, c).astype(c.dtype) for c, slope in zip(weights, slopes, strict=True)]
    gradients = [g.numpy().astype(np.float64) for g in outputs_and_gradients(case.op, arrays, weights)[1]]
    along = [sign for sign in signs if sign is not None]
    moved = [gradient * sign for gradient, sign in zip(gradients, along, strict=True)]
    found = sum(np.sum(part) for part in moved)
    slope = sum(np.nansum(c * slope) for c, slope in zip(weights, slopes, strict=True))
    length = max(1.0, sum(np.sum(part**2) for part in moved) ** 0.5)
    allowed = (FLOAT64.tolerance + max(map(rounding, arrays))) * length
    if not abs(found - slope) <= allowed:
        raise AssertionError(
            f"for a large example, {arguments_text(arrays)}, the derivative along ±1 in every number is "
            f"{found:.9g}, by finite differences {slope:.9g}, {allowed:.1e} allowed"
        )
