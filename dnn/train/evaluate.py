"""Evaluate: one pass over rows, without a step. Predict: the logits of rows."""

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.metrics import accuracy
from dnn.nn.protocols import LossLike, MetricLike, ModelLike
from dnn.nn.score_metric import ScoreMetric
from dnn.train.border import checked_inputs, checked_metrics, checked_per_row
from dnn.train.collected import collect_epoch, metrics_of_rows, score_rows, scores_of
from dnn.train.epoch import trace_prediction
from dnn.train.evaluation import evaluate_epoch, evaluate_own, evaluation_program, trace_evaluation
from dnn.train.few_rows import shared_tensor
from dnn.train.function_checks import check_functions, check_scores
from dnn.train.members import members_of
from dnn.train.rows import Rows
from dnn.train.runtime import Compiled, kept
from dnn.train.stream import Stream, checked_rows, chunks_of_x, first_rows, is_stream
from dnn.train.workers import total

ACCURACY: Mapping[str, MetricLike] = MappingProxyType({"accuracy": accuracy})
MAX_ROWS, MIN_ROWS = 65536, 256  # that a pass without steps takes at once
MAX_NUMBERS = 2**22  # in the widest tensor of a pass: what bounds the memory in use
FEW_NUMBERS = 2**19  # up to which it takes longer to hand a graph to another thread than that thread could save


def evaluate(
    model: ModelLike,
    data: Sequence[npt.ArrayLike],
    *,
    loss: LossLike,
    metrics: Mapping[str, MetricLike | ScoreMetric] = ACCURACY,
    ignore_class: int | None = None,
) -> dict[str, float]:
    """Return the mean loss and metrics over all rows.

    The loss is that of `fit`, penalties of regularizers included: divided by the number of rows, not by the sum of
    their weights, as in Keras.

    Args:
        model: any `tf.Module` that maps float[batch, features] to float[batch, outputs], as for `fit`.
        data: (x, y) or (x, y, weights): x float[rows, features]; y int[rows] or whatever `loss` compares with; weights
            float[rows], each >= 0, a factor of the row's loss, not of its metrics.
        loss: (labels, logits) -> float[batch], for example `dnn.sparse_softmax_cross_entropy`.
        metrics: name -> (labels, logits) -> [batch], a number or a truth value for each row; or a `dnn.ScoreMetric`,
            which is of all rows.
        ignore_class: rows with this label have no part in any mean. None: all rows count.

    Returns:
        "loss", in the unit of `loss` (nats for cross-entropy), and each metric by its name (accuracy in [0, 1]).

    Raises:
        ValueError: If an array has another shape, a NaN, an infinity, or a label that is out of range, or `loss` or a
            metric does not take it. The message names the argument.
        TypeError: If an argument is of the wrong kind.
    """
    loss, metrics = checked_per_row(loss, "loss"), checked_metrics(metrics)
    rows = checked_rows(model, data, "data", ignore_class)
    check_functions(model, first_rows(rows), loss, metrics_of_rows(metrics), "data")
    check_scores(model, first_rows(rows), scores_of(metrics), "data")
    return evaluator(model, rows, loss=loss, metrics=metrics)()


def evaluator(
    model: tf.Module, data: Rows | Stream, *, loss: LossLike, metrics: Mapping[str, MetricLike | ScoreMetric]
) -> Callable[[], dict[str, float]]:
    """Trace the evaluation of these rows, which were checked before; what comes out evaluates the model as it then is.

    In graph mode, always: XLA saves what it takes to compile in fifty to a thousand passes, or never.
    """
    of_rows, scores = metrics_of_rows(metrics), scores_of(metrics)
    if isinstance(data, Stream) and not scores:
        data.divide()
    divided = isinstance(data, Stream) and data.divided
    function = collect_epoch if scores else evaluate_own if divided else evaluate_epoch

    def traced(specs: Rows) -> Compiled:
        size = rows_at_once(model, specs.x.shape)
        program = evaluation_program(model, loss, tuple(of_rows.values()), size, specs)
        return trace_evaluation(program._replace(function=function))

    def measured() -> dict[str, float]:
        sums, count, seen = np.zeros(1 + len(of_rows)), 0, []
        for rows in data.chunks(seed=0, epoch=0) if isinstance(data, Stream) else [data]:
            its_sums, outputs = np.split(traced(rows.specs)(rows).numpy(), [1 + len(of_rows)])
            sums, count = sums + its_sums, count + rows.counted_rows
            seen += [(rows._replace(x=None), outputs)] if scores else []
        if divided:
            *sums, count = total(tf.constant(np.append(sums, count))).numpy()
        figures = means(np.asarray(sums), of_rows, int(count)) | score_rows(scores, seen)
        return {name: figures[name] for name in ("loss", *metrics)}

    traced(data.specs)
    return measured


def means(sums: npt.NDArray[np.float64], metrics: Mapping[str, MetricLike], count: int) -> dict[str, float]:
    """Return sums over rows, the loss first, as means by name."""
    return dict(zip(["loss", *metrics], (sums / (count or np.nan)).tolist(), strict=True))


def predict(model: ModelLike, x: npt.ArrayLike) -> npt.NDArray[Any]:
    """Return the logits of each row.

    Keras's `predict` goes batch by batch through Python; here up to 65,536 rows are one call, and few rows, up to
    524,288 numbers of x or of a layer, run in the thread of the caller: see `dnn.train.few_rows`. Products of another
    number of rows are summed in another order, so a row's logits may differ in the last digits from those in another x.

    Args:
        model: any `tf.Module` that maps float[batch, features] to float[batch, outputs].
        x: float[rows, features], one row at least, every number finite.

    Returns:
        float[rows, outputs], in the order of the rows and the dtype of the model's outputs.

    Raises:
        ValueError: If x has no rows, a NaN, an infinity, or features that the model does not take.
    """
    if not isinstance(x, np.ndarray) and is_stream(x):
        parts = [predict(model, chunk) for chunk in chunks_of_x(x)]
        if not parts:
            raise ValueError("x has no rows")
        return np.concatenate(parts)
    x = checked_inputs(model, x, "x")
    logits, few, most = passes_of(model, x.shape[1])
    if len(x) <= few:
        return logits.few_rows(x)
    tensor = shared_tensor if few else tf.constant  # which a graph may keep
    parts = [logits(tensor(x[first : first + most])).numpy() for first in range(0, len(x), most)]
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def rows_at_once(model: tf.Module, shape: Sequence[int]) -> int:
    """Return how many rows of x, of this shape, a pass takes at once."""
    rows, features = shape
    return min(rows, passes_of(model, features).most)


class Passes(NamedTuple):
    """How rows are predicted.

    Args:
        logits: What predicts them.
        few: Up to how many are predicted in the thread of the caller; 0 if none can be.
        most: How many are predicted at once.
    """

    logits: Compiled
    few: int
    most: int


@kept
def passes_of(model: tf.Module, features: int) -> Passes:
    """Return how rows of so many features are predicted: fewer at once, the wider x and what comes of it.

    Members count as width: what is computed of a row is as long as all of them together.
    """
    logits, least = trace_prediction(model, features), max(1, MIN_ROWS // members_of(model))
    units = [size or 1 for variable in model.variables for size in variable.shape[-1:]]
    widest = max([features, logits.numbers_of_a_row, *units])
    few = 0 if logits.not_plain or logits.assigns else max(1, FEW_NUMBERS // widest)
    return Passes(logits, few, max(least, min(MAX_ROWS, MAX_NUMBERS // widest)))
