"""SciPy's tests of scipy.special on the activations of `dnn` that it has too, as NumPy arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import dnn
from scripts.peer_adapters.recording import MissingError, of_dnn, replaced

MODULES = tuple(f"scipy/special/tests/{name}.py" for name in ("test_logsumexp", "test_logit", "test_basic"))
DIFFERENCES = (
    ("int_array|x must be floats|not in the list of allowed values", "Integers are not made floats"),
    ("TestLogExpit::test_basic", "numbers below the least normal one"),
)
SELECTED = "softmax or expit or Expit or softplus"
MISSING: tuple[tuple[str, str], ...] = ()


def of_axis(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return softmax or log_softmax along any axes: SciPy's are of all axes by default, ours of the last."""

    def called(x: Any, axis: Any = None) -> Any:
        array = np.asarray(x)
        axes = np.atleast_1d(range(array.ndim) if axis is None else axis).astype(int)
        ends = range(-len(axes), 0)
        moved = np.moveaxis(array, axes, ends)
        flat = moved.reshape(*moved.shape[: moved.ndim - len(axes)], -1)
        return np.moveaxis(function(flat).numpy().reshape(moved.shape), ends, axes)[()]

    return of_dnn(called)


def elementwise(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of NumPy arrays."""

    def called(x: Any, **options: Any) -> Any:
        if options:
            raise MissingError(f"{', '.join(sorted(options))} of NumPy's ufuncs")
        if np.asarray(x).dtype == np.longdouble:
            raise MissingError("float128")
        return function(x).numpy()

    return of_dnn(called)


NAMES = {
    "softmax": of_axis(dnn.softmax),
    "log_softmax": of_axis(dnn.log_softmax),
    "expit": elementwise(dnn.sigmoid),
    "log_expit": elementwise(lambda x: -dnn.softplus(-np.asarray(x))),
    "softplus": elementwise(dnn.softplus),
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Once the test modules have registered SciPy's own functions with its decorators."""
    for module in {item.getparent(pytest.Module).obj for item in items}:  # type: ignore[union-attr]
        replaced(module, NAMES)
