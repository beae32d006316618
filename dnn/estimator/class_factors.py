"""A setting `class_weight` becomes weights of rows."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from dnn.data.table import shortened
from dnn.estimator.class_names import class_name
from dnn.estimator.network import Rows
from dnn.nn.example_weights import class_weights


def weighted_by_class(
    rows: Rows, validation: Rows | None, class_weight: Any, names: Sequence[str]
) -> tuple[Rows, Rows | None]:
    """Return training and validation rows with weights by their class, which the training rows decide for both.

    Args:
        class_weight: "balanced", or the weight of each class by its name or its value.
        names: of the classes, in the order of their numbers.
    """
    factors = class_factors(rows[1], class_weight, names)
    return _times(rows, factors), validation and _times(validation, factors)


def class_factors(labels: npt.NDArray[np.int32], class_weight: Any, names: Sequence[str]) -> npt.NDArray[np.float32]:
    """Return what a row of each class weighs: float32[classes]; 1 for a class that no label is of.

    Raises:
        ValueError: If a weight is of no class, or out of its range.
    """
    if isinstance(class_weight, Mapping):
        class_weight = {class_name(value): weight for value, weight in class_weight.items()}
        if strange := [name for name in class_weight if name not in names]:
            told = f"has {strange[0]!r}, which is no class: the classes are {shortened(map(repr, names))}"
            raise ValueError(f"class_weight, on the command line --class-weight, {told}")
    factors = np.ones(len(names), np.float32)
    factors[labels] = class_weights(labels, class_weight, classes=names)
    return factors


def _times(rows: Rows, factors: npt.NDArray[np.float32]) -> Rows:
    """Multiply what the rows weigh by the factor of their class."""
    weights = factors[rows[1]]
    return (*rows[:2], weights if len(rows) == 2 else weights * rows[2])
