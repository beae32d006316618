"""Law of the gradient of an op by its variables: it is that of finite differences."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import tensorflow as tf

from dnn.testing.ops.differences import FLOAT32, FLOAT64, assert_slope, numbers, slopes
from dnn.testing.ops.differentiated import with_all_gradients
from dnn.testing.ops.each import for_each
from dnn.testing.ops.report import NotApplicableError
from dnn.testing.ops.subject import Case, cotangents, is_float, outputs
from dnn.testing.ops.traced import few

EXACT_ENOUGH = {"float32", "float64"}


def has_the_gradient_by_its_variables(case: Case) -> str:
    """As by the arguments, but in the dtype of the variable, at its value, by some numbers of each.

    In float32 rounding leaves differences three digits: what is compared agrees within 2 %, and what is less than a
    few parts in a thousand of it may be lost. Where variable and results are float64, it is held to 10⁻⁴.
    """
    if not case.differentiable or not case.variables:
        without = case.gradient is None or case.lacks
        raise NotApplicableError("it has none" if without else "it has no trainable variables of floats")
    if case.gradient == "surrogate":
        raise NotApplicableError("its gradient is a surrogate")
    counts, first = Counter(), sum(map(is_float, case.batches[0]))

    def check(arrays):
        weights = cotangents(outputs(case.op, arrays))
        gradients = with_all_gradients(case.op, arrays, weights, case.variables)[1][-len(case.variables) :]
        for place, (variable, gradient) in enumerate(zip(case.variables, gradients, strict=True), first):
            none = place in case.none
            _check_one(case, arrays, weights, variable, None if none else gradient.numpy(), counts)

    for_each(case.source.strategy(near=True, away=True), check, few(case))
    check(case.batches[0])
    if not counts.total():
        raise NotApplicableError("no variable and result are both of float32 or float64")
    if not counts["compared"]:
        raise NotApplicableError(f"at none of {counts['skipped']} places do the one-sided differences agree")
    return f"at {counts['compared']} places; {counts['skipped']} left out: no derivative there, or rounding hides it"


def _check_one(case: Case, arrays, weights, variable, gradient: np.ndarray | None, counts: Counter) -> None:
    dtypes = {variable.dtype.name, *(weight.dtype.name for weight in weights)}
    steps = FLOAT64 if dtypes == {"float64"} else FLOAT32
    if dtypes <= EXACT_ENOUGH:
        value = np.array(variable.numpy())
        for _, place, slope, allowed in slopes(_by(case, arrays, variable), [value], weights, counts, steps):
            found = None if gradient is None else float(gradient[place])
            assert_slope(found, slope, allowed, f"gradient by variable {variable.name} at {place}")


def _by(case: Case, arrays, variable: tf.Variable) -> Callable:
    """[value] -> the results with this value of the variable, which keeps its own."""

    def results(values) -> list[np.ndarray]:
        before = variable.numpy()
        variable.assign(values[0])
        try:
            return numbers(outputs, case.op, arrays)
        finally:
            variable.assign(before)

    return results
