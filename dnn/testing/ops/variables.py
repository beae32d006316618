"""Law of the gradient of an op by its variables: it matches finite differences."""

from collections import Counter

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.ops.calling import Example, cotangents, is_float, outputs, outputs_and_gradients
from dnn.testing.ops.case import Case
from dnn.testing.ops.differences import FLOAT32, FLOAT64, ArrayFunction, assert_slope, float_outputs, slopes
from dnn.testing.ops.drawing import check_examples
from dnn.testing.ops.report import NotApplicableError

EXACT_ENOUGH = {"float32", "float64"}


def variable_gradients_match_finite_differences(case: Case) -> str:
    """As by the arguments, but in the dtype of the variable, at its value, by some numbers of each.

    In float32 rounding leaves differences three digits: what is compared agrees within 2 %, and what is less than a
    few parts in a thousand of it may be lost. Where variable and results are float64, it is held to 10⁻⁴.
    """
    _require_variables(case)
    counts: Counter[str] = Counter()
    first = sum(map(is_float, case.batches[0]))

    def check(arrays: Example) -> None:
        weights = cotangents(outputs(case.op, arrays))
        gradients = outputs_and_gradients(case.op, arrays, weights, case.variables)[1][first:]
        for index, (variable, gradient) in enumerate(zip(case.variables, gradients, strict=True), first):
            found = None if index in case.unconnected else gradient.numpy()
            _check_variable(case, arrays, weights, variable, found, counts)

    check_examples(case.source.strategy(near=True, away=True), check, case.settings.traced_examples)
    check(case.batches[0])
    if not counts.total():
        raise NotApplicableError("no variable and result are both of float32 or float64")
    if not counts["compared"]:
        raise NotApplicableError(f"at none of {counts['skipped']} numbers do the one-sided differences agree")
    return f"at {counts['compared']} numbers; {counts['skipped']} left out: no derivative there, or rounding hides it"


def _require_variables(case: Case) -> None:
    if not case.differentiable or not case.variables:
        without = case.settings.gradient is None or case.unregistered
        raise NotApplicableError("it has no gradient" if without else "it has no trainable variables of floats")
    if case.settings.gradient == "surrogate":
        raise NotApplicableError("its gradient is a surrogate")


def _check_variable(
    case: Case,
    arrays: Example,
    weights: Example,
    variable: tf.Variable,
    gradient: npt.NDArray[np.floating] | None,
    counts: Counter[str],
) -> None:
    dtypes = {variable.dtype.name, *(weight.dtype.name for weight in weights)}
    steps = FLOAT64 if dtypes == {"float64"} else FLOAT32
    if dtypes <= EXACT_ENOUGH:
        value = np.array(variable.numpy())
        for _, index, slope, allowed in slopes(_by(case, arrays, variable), [value], weights, counts, steps):
            found = None if gradient is None else float(gradient[index])
            assert_slope(found, slope, allowed, f"gradient by variable {variable.name} at {index}")


def _by(case: Case, arrays: Example, variable: tf.Variable) -> ArrayFunction:
    """Return [value] -> the float outputs with this value of the variable, which keeps its own."""

    def results(values: Example) -> list[npt.NDArray[np.floating]]:
        before = variable.numpy()
        variable.assign(values[0])
        try:
            return float_outputs(outputs, case.op, arrays)
        finally:
            variable.assign(before)

    return results
