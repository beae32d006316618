"""Evaluate: one pass over rows, without a step. Predict: the logits of rows."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np
import tensorflow as tf

from dnn.nn.metrics import accuracy
from dnn.train.arguments import checked_function, checked_metrics
from dnn.train.border import check_functions, checked_inputs, checked_rows
from dnn.train.compiled import compiled_evaluation, compiled_prediction

ACCURACY = MappingProxyType({"accuracy": accuracy})
MOST, LEAST = 65536, 256  # rows of a pass that takes no steps
NUMBERS = 2**22  # in its widest tensor: what bounds the memory in use


def evaluate(
    model: Callable,
    data: tuple,
    *,
    loss: Callable,
    metrics: Mapping[str, Callable] = ACCURACY,
    ignore_class: int | None = None,
) -> dict[str, float]:
    """ "loss" and each metric, in mean over all rows: cross-entropy in nats, accuracy in [0, 1].

    The arguments and what is raised are `fit`'s.
    """
    loss, metrics = checked_function(loss, "loss"), checked_metrics(metrics)
    rows = checked_rows(model, data, "data", ignore_class)
    check_functions(model, rows, loss, metrics, "data")
    return evaluation(model, rows, loss=loss, metrics=metrics)()


def evaluation(model, rows, *, loss, metrics) -> Callable[[], dict[str, float]]:
    """A function that evaluates the model, as it then is, on these rows, which were checked before.

    In graph mode, always: of so few passes XLA would not save in a hundred epochs what it takes to compile.
    """
    count, size = rows.count, rows_at_once(model, rows.x.shape)
    evaluate_epoch = compiled_evaluation(model, loss, tuple(metrics.values()), rows.specs, size)
    return lambda: means(evaluate_epoch(rows), metrics, count)


def means(sums: tf.Tensor, metrics: Mapping[str, Callable], count: int) -> dict[str, float]:
    """Sums over rows, the loss first, as named means."""
    return dict(zip(["loss", *metrics], (sums.numpy() / count).tolist(), strict=True))


def predict(model: Callable, x) -> np.ndarray:
    """The logits of each row, in the order of the rows: float[rows, classes].

    x: float[rows, features]. Raises: ValueError for no rows, a NaN or an infinity among them, or features that the
    model does not take.
    """
    x = checked_inputs(model, x, "x")
    logits, size = compiled_prediction(model, x.shape[1]), rows_at_once(model, x.shape)
    if len(x) <= LEAST and not logits.beyond_plain:
        return logits.in_this_thread(x).numpy()
    parts = [logits(x[first : first + size]).numpy() for first in range(0, len(x), size)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def rows_at_once(model: tf.Module, shape: Sequence[int]) -> int:
    """How many of the rows of x, of this shape, a pass takes at once: fewer, the wider x and the model's variables."""
    rows, features = shape
    if rows <= LEAST:
        return rows
    widest = max([features, *(size or 1 for variable in model.variables for size in variable.shape[-1:])])
    return min(rows, max(LEAST, min(MOST, NUMBERS // widest)))
