"""The gradient of an op over its whole domain, at the bounds and between them, where numbers may be large."""

from collections import Counter
from collections.abc import Callable

import numpy as np

from dnn.testing.ops.differences import FLOAT64
from dnn.testing.ops.differentiated import with_gradients
from dnn.testing.ops.each import shown
from dnn.testing.ops.places import check_places
from dnn.testing.ops.subject import Case, cotangents, in_dtype, outputs

ROUNDS = 6


def check_over_the_domain(case: Case, of_op: bool, function: Callable, counts: Counter) -> None:
    """function: arrays -> results in float64. of_op: they are the op's, so its gradient in float64 is compared.

    Else that in its own dtype is, within 10⁻⁴ of the largest number of it: where numbers are large, float32 has not the
    digits for a small slope.
    """
    least = 0.0 if of_op else FLOAT64.tolerance
    for arrays in case.source.spread(ROUNDS):
        wide = in_dtype(arrays, np.float64)
        own = wide if of_op else arrays
        weights = cotangents(outputs(case.op, own))
        gradients = with_gradients(case.op, own, weights)[1]
        try:
            check_places([gradients], function, wide, weights, counts, case.none, least=least)
        except AssertionError as error:
            raise AssertionError(f"{error}; of {' and '.join(map(shown, arrays))}") from None
