"""What a fit is given besides arrays: each check names the argument, and comes before anything is traced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from dnn.train.early_stopping import EarlyStopping


def check_objects(model, optimizer, early_stopping, callbacks) -> None:
    """Raises: TypeError that names the argument which is not of the kind that `fit` takes."""
    if not isinstance(model, tf.Module) or not callable(model):
        raise TypeError(f"model must be a tf.Module that can be called, got {model!r}")
    if isinstance(optimizer, type) or not (hasattr(optimizer, "parameters") and hasattr(optimizer, "apply")):
        raise TypeError(f"optimizer must have parameters and apply(gradients), as dnn.Adam(…) has, got {optimizer!r}")
    if not isinstance(early_stopping, EarlyStopping | None):
        raise TypeError(f"early_stopping must be a dnn.EarlyStopping(…), got {early_stopping!r}")
    if not isinstance(callbacks, Sequence) or not all(map(callable, callbacks)):
        raise TypeError(f"callbacks must be a list of functions of (record, history), got {callbacks!r}")


def check_monitor(early_stopping: EarlyStopping | None, metrics: Mapping[str, Callable], validation) -> None:
    """Raises: ValueError if what early stopping is to monitor will not be in the records."""
    names = ["loss", *metrics]
    measured = names + [f"val_{name}" for name in names if validation]
    if early_stopping and early_stopping.monitor not in measured:
        remedy = "" if validation else "; val_… needs validation data"
        found = ", ".join(measured)
        raise ValueError(f"early_stopping monitors {early_stopping.monitor!r}, but a record has {found}{remedy}")


def checked_metrics(metrics: Mapping[str, Callable]) -> dict[str, Callable]:
    """name -> function. Raises: ValueError for a name that a record has already, TypeError as `checked_function`."""
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of functions by name, got {metrics!r}")
    for name, metric in metrics.items():
        checked_function(metric, f"metric {name!r}")
        if name in ("epoch", "loss"):
            raise ValueError(f"no metric may be called {name!r}: a record of an epoch has one")
    return dict(metrics)


def checked_function(function: Callable, name: str) -> Callable:
    """The function. Raises: TypeError for text, which stands for no function here, and for what has no hash.

    A compiled epoch is found again by its functions' hashes, so a dataclass with __call__ must be frozen.
    """
    if not callable(function) or type(function).__hash__ is None:
        raise TypeError(f"{name} must be a function of (labels, logits), with a hash, got {function!r}")
    return function


def checked_count(value: int, name: str, least: int = 1) -> int:
    """The value. Raises: ValueError unless it is an integer of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < least:
        raise ValueError(f"{name} must be an integer of {least} or more, got {value!r}")
    return int(value)
