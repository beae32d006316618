"""The arguments of a fit: what is refused before anything is changed, and what the fit then works with."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.argument_checks import checked_count
from dnn.nn.protocols import LossLike, MetricLike, ModelLike, OptimizerLike
from dnn.train.border import checked_metrics, checked_per_row
from dnn.train.collected import metrics_of_rows, scores_of
from dnn.train.early_stopping import EarlyStopping
from dnn.train.epoch import trace_prediction
from dnn.train.forks import refuse_after_fork
from dnn.train.function_checks import check_functions, check_scores, same_targets
from dnn.train.members import check_members
from dnn.train.model_checks import check_variables_are_known
from dnn.train.step_callbacks import FitObjects
from dnn.train.stream import Stream, checked_rows, first_rows


def check_objects(model: Any, optimizer: Any, early_stopping: Any, callbacks: Any) -> None:
    """Refuse arguments of another kind than `fit` takes.

    Raises:
        TypeError: If an argument is of the wrong kind. The message names it.
        ValueError: If the optimizer has none of the model's variables.
        RuntimeError: If this process was forked after TensorFlow had started.
    """
    refuse_after_fork()
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


def check_switches(shuffle: Any, jit_compile: Any, on_nan: Any, run_eagerly: Any = False, verbose: Any = 0) -> None:
    """Refuse what is not a bool, since any string would pass for True; `jit_compile` may be "auto" or "native" too.

    Raises:
        TypeError: If one of them is something else.
        ValueError: If `on_nan` is not one of its three words, `verbose` not 0 or 1, or what is compiled is to be eager.
    """
    for name, switch in (("shuffle", shuffle), ("run_eagerly", run_eagerly)):
        if not isinstance(switch, bool | np.bool_):
            raise TypeError(f"{name} must be True or False, got {switch!r}")
    if verbose not in (0, 1):
        raise ValueError(f"verbose must be 0 or 1, got {verbose!r}")
    if run_eagerly and jit_compile in (True, "native"):
        raise ValueError(
            f"run_eagerly=True compiles nothing, so jit_compile must be 'auto' or False, got {jit_compile!r}"
        )
    if not isinstance(jit_compile, bool | np.bool_) and jit_compile not in ("auto", "native"):
        raise TypeError(f"jit_compile must be True, False, 'auto' or 'native', got {jit_compile!r}")
    if on_nan not in ("stop", "skip", "ignore"):
        raise ValueError(f"on_nan must be 'stop', 'skip' or 'ignore', got {on_nan!r}")


def check_monitored(
    early_stopping: EarlyStopping | None, metrics: Mapping[str, MetricLike], validation: Any, callbacks: Sequence[Any]
) -> None:
    """Refuse to monitor what no record will contain, unless a callback that is called before may add it.

    Raises:
        ValueError: If early stopping or a callback monitors such a name.
    """
    names = ["loss", *metrics_of_rows(metrics)]
    measured = names + [f"val_{name}" for name in ("loss", *metrics) if validation]
    watching = [(c, f"callbacks[{i}]", i) for i, c in enumerate(callbacks) if hasattr(c, "monitor")]
    watching += [(early_stopping, "early_stopping", len(callbacks))] if early_stopping else []
    for watch, name, callbacks_before in watching:
        if watch.monitor not in measured and not callbacks_before:
            remedy = "" if validation else "; val_… needs validation data"
            raise ValueError(f"{name} monitors {watch.monitor!r}, but a record has {', '.join(measured)}{remedy}")


def checked_objects(
    model: ModelLike,
    data: Sequence[npt.ArrayLike],
    validation: Sequence[npt.ArrayLike] | None,
    loss: LossLike,
    optimizer: OptimizerLike,
    metrics: Mapping[str, MetricLike],
    early_stopping: EarlyStopping | None,
    callbacks: Sequence[Any],
    batch_size: int,
    epochs: int,
    seed: int,
    ignore_class: int | None,
) -> FitObjects:
    """Return what a fit works with, arrays as tensors. Raises: what `fit` says, before anything is changed."""
    restores = early_stopping is not None and early_stopping.restore_best_weights
    batch_size = checked_count(batch_size, "batch_size")
    taken = checked_rows(model, data, "data", ignore_class, batch_size)
    rows = first_rows(taken)
    check_variables_are_known(model, optimizer, trace_prediction(model, rows.x.shape[1]), restores=restores)
    held = None if validation is None else checked_rows(model, validation, "validation", ignore_class)
    batch_size = batch_size if isinstance(taken, Stream) else min(batch_size, rows.x.shape[0])
    epochs, seed = checked_count(epochs, "epochs"), checked_count(seed, "seed", least=0)
    loss, measured = checked_per_row(loss, "loss"), checked_metrics(metrics)
    check_monitored(early_stopping, measured, held, callbacks)
    of_rows = metrics_of_rows(measured)
    check_functions(model, rows, loss, of_rows, "data")
    if held and not same_targets(first_rows(held), rows):
        check_functions(model, first_rows(held), loss, of_rows, "validation")
    check_scores(model, None if held is None else first_rows(held), scores_of(measured), "validation")
    check_members(model, loss, rows)
    return FitObjects(model, optimizer, loss, measured, taken, held, batch_size, epochs, seed)
