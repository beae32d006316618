"""What a fit is given besides arrays: each check names the argument, and comes before anything is traced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf

from dnn.train.early_stopping import EarlyStopping


def check_objects(model, optimizer, early_stopping, callbacks) -> None:
    """Raises: TypeError that names the argument which is not of the kind that `fit` takes; ValueError for an optimizer
    of none of the model's variables.
    """
    if not isinstance(model, tf.Module) or not callable(model):
        raise TypeError(f"model must be a tf.Module that can be called, got {model!r}")
    if type(model).__hash__ is None:
        raise TypeError(f"model must have a hash: as a dataclass, {type(model).__name__} needs eq=False")
    if isinstance(optimizer, type) or not (hasattr(optimizer, "parameters") and hasattr(optimizer, "apply")):
        raise TypeError(f"optimizer must have parameters and apply(gradients), as dnn.Adam(…) has, got {optimizer!r}")
    if not {id(p) for p in optimizer.parameters} & {id(variable) for variable in model.variables}:
        raise ValueError("optimizer trains none of the model's variables: was it made for another model?")
    if not isinstance(early_stopping, EarlyStopping | None):
        raise TypeError(f"early_stopping must be a dnn.EarlyStopping(…), got {early_stopping!r}")
    if not isinstance(callbacks, Sequence) or not all(callable(c) and not isinstance(c, type) for c in callbacks):
        hint = "; early stopping has an argument of its own" if "EarlyStopping" in str(callbacks) else ""
        raise TypeError(f"callbacks must be a list of functions of (record, history), got {callbacks!r}{hint}")


def check_monitored(early_stopping: EarlyStopping | None, metrics, validation, callbacks) -> None:
    """Raises: ValueError if what is to be monitored will not be in the records, and no callback before may add it."""
    names = ["loss", *metrics]
    measured = names + [f"val_{name}" for name in names if validation]
    watching = [
        *((c, f"callbacks[{i}]", i) for i, c in enumerate(callbacks) if hasattr(c, "monitor")),
        *([(early_stopping, "early_stopping", len(callbacks))] if early_stopping else []),
    ]
    for watch, name, callbacks_before in watching:
        if watch.monitor not in measured and not callbacks_before:
            remedy = "" if validation else "; val_… needs validation data"
            raise ValueError(f"{name} monitors {watch.monitor!r}, but a record has {', '.join(measured)}{remedy}")


def check_shuffle(shuffle) -> None:
    """Raises: TypeError for what is no bool: any text would pass for True."""
    if not isinstance(shuffle, bool | np.bool_):
        raise TypeError(f"shuffle must be True or False, got {shuffle!r}")


def check_jit_compile(jit_compile) -> None:
    """Raises: TypeError for what is neither a bool nor "auto"."""
    if not isinstance(jit_compile, bool | np.bool_) and jit_compile != "auto":
        raise TypeError(f"jit_compile must be True, False or 'auto', got {jit_compile!r}")


def checked_metrics(metrics: Mapping[str, Callable]) -> dict[str, Callable]:
    """name -> function. Raises: ValueError for a name that a record has already, TypeError as `checked_function`."""
    if not isinstance(metrics, Mapping):
        raise TypeError(f"metrics must be a dict of functions by name, got {metrics!r}")
    for name, metric in metrics.items():
        checked_function(metric, f"metric {name!r}")
        if name in ("epoch", "loss", "learning_rate") or str(name).startswith("val_"):
            raise ValueError(f"no metric may be called {name!r}: a record of an epoch has one, or may have")
    return dict(metrics)


def checked_function(function: Callable, name: str) -> Callable:
    """The function. Raises: TypeError for text, which stands for no function here, and for what has no hash.

    A compiled epoch is found again by its functions' hashes, so a dataclass with __call__ must be frozen.
    """
    if not callable(function) or isinstance(function, type):
        raise TypeError(f"{name} must be a function of (labels, logits), got {function!r}")
    if type(function).__hash__ is None:
        raise TypeError(f"{name} must have a hash: as a dataclass, {type(function).__name__} must be frozen")
    return function
