"""new_name against its formula in NumPy: values, gradients, shapes, dtypes, modes and threads."""

import numpy as np
import pytest
from new_name import new_name

import dnn


def formula(x: np.ndarray) -> np.ndarray:
    return x / (1 + np.abs(x))


def test_values_and_gradients_are_those_of_the_formula():
    print(dnn.testing.check_op(new_name, formula))  # pytest -s shows the table


def test_it_keeps_the_laws_of_an_activation():
    dnn.testing.check_activation(new_name, xla=False)


def test_another_dtype_is_refused():
    with pytest.raises(TypeError, match="x must be floats, got int32"):
        new_name([1])
