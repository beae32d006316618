"""`dnn.explain`: one training step, number by number, as a page that needs nothing else."""

import html
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.feature_origins import feature_origins
from dnn.data.features import Features
from dnn.inspection.graph_page import graph_section
from dnn.inspection.graph_record import record_graph
from dnn.inspection.in_keras import compare_with_keras
from dnn.inspection.maps import shown_indices
from dnn.inspection.record import record_steps
from dnn.inspection.step_maps import Names
from dnn.inspection.step_page import step_page
from dnn.nn.ensemble import Ensemble
from dnn.nn.input_spec import weights_dtype
from dnn.nn.losses import sparse_softmax_cross_entropy
from dnn.nn.optimizers.adam import Adam
from dnn.nn.protocols import LossLike, OptimizerLike
from dnn.train.border import checked_data
from dnn.train.rows import Rows
from dnn.train.variable_values import restored

MOST_ROWS = 256
MOST_COLUMNS = 60  # of the table's cells


class Explanation:
    """A page that shows one training step, or a few.

    Args:
        page: The HTML.
    """

    def __init__(self, page: str) -> None:
        self.html = page

    def save(self, path: str | Path) -> Path:
        """Write the page.

        Args:
            path: The file; one that exists is replaced.

        Returns:
            The path.
        """
        Path(path).write_text(self.html, "utf-8")
        return Path(path)

    def _repr_html_(self) -> str:
        style = 'style="width: 100%; height: 40rem; border: 0"'
        return f'<iframe title="a training step" srcdoc="{html.escape(self.html)}" {style}></iframe>'

    def __repr__(self) -> str:
        return f"Explanation({len(self.html):,} characters of HTML; save(path) writes them)"


def explain(
    model: tf.Module,
    x: npt.ArrayLike,
    y: npt.ArrayLike,
    *,
    loss: LossLike = sparse_softmax_cross_entropy,
    optimizer: OptimizerLike | None = None,
    steps: int = 1,
    batch_size: int | None = None,
    seed: int = 0,
    feature_names: Sequence[str] | None = None,
    class_names: Sequence[str] | None = None,
    columns: Mapping[str, Sequence[Any]] | None = None,
    features: Features | None = None,
    description: str = "",
    graph: bool = False,
) -> Explanation:
    """Take a training step on a few rows, and show every number of it beside the code that made it.

    In the order in which the data flow: features, each layer, the loss, the gradient back to each tensor with a finite
    difference beside it, what the optimizer makes of it, the new weights. The step is that of `fit`; afterwards the
    variables of model and optimizer are as they were before; a `tf.random.Generator` of the model's own has moved on.

    Args:
        model: a `Sequential` is shown layer by layer; any other module as one box, with its inputs, outputs and
            gradients.
        x: float[rows, features]: at most 256 rows in a step.
        y: the labels or targets, [rows, …], as the loss takes them.
        loss: a number for each row.
        optimizer: of the model's variables. None: `Adam` with its defaults.
        steps: how many steps to take, one after the other, >= 1; the page turns from one to the next.
        batch_size: rows of a step; the next step takes the next ones, and after the last the first again. None: all.
        seed: that of `fit`, for what is left to chance, such as dropout.
        feature_names: a name for each feature. None: those of `features`, else "feature 1" and so on.
        class_names: a name for each output. None: "class 0" and so on, by the numbers in y.
        columns: the cells of the table that the rows were made of, by column, to show them first. None: not shown.
        features: by which x was made of `columns`, to show how each cell became its feature. None: not shown.
        description: a sentence on what the network and the rows are, for the head of the page. "": none.
        graph: whether to show what TensorFlow makes of the first step too: the operations of the graph that `fit` runs,
            each with its line of the source, XLA's kernels, and where the microseconds go. It takes a few seconds.

    Returns:
        The page: `.save("step.html")`, or its `.html`; a notebook shows it.

    Raises:
        ValueError: If there are no rows, more than 256 in a step, names that do not fit, less than one step,
            `features` do not make x of `columns`, or the model is an ensemble or a `TabM`.

    Example:
        >>> model = dnn.mlp([2, 3, 2], seed=0)
        >>> explain(model, [[1.0, 2.0], [0.5, -1.0]], [0, 1]).html[:15]
        '<!DOCTYPE html>'
    """
    _refuse_members(model)
    rows = _checked_rows(model, x, y)
    count = rows.x.shape[0]
    size = count if batch_size is None else batch_size
    if steps < 1 or not 1 <= size <= count:
        raise ValueError(f"steps must be 1 or more, and batch_size in [1, {count}], got {steps} and {batch_size}")
    if size > MOST_ROWS:
        raise ValueError(f"a step that is shown has at most {MOST_ROWS} rows, got {size}: pass x[:8], y[:8]")
    indices = [np.arange(step * size, (step + 1) * size) % count for step in range(steps)]
    optimizer = Adam(model.trainable_variables) if optimizer is None else optimizer
    if graph:  # before anything is shown, which takes seconds
        checked_data(model, (rows.x.numpy(), rows.y.numpy()), "the graph is that of fit, whose data")
    _check_columns(columns, count)
    _check_features(features, columns, rows.x)
    unknown = [p.name for p in optimizer.parameters if not any(p is variable for variable in model.variables)]
    if unknown:
        raise ValueError(f"the optimizer trains variables that are not the model's: {', '.join(unknown)}")
    with restored(model.variables):
        model(rows.x[:1])  # which refuses a wrong width in its own words
    records = record_steps(model, loss, optimizer, [rows.at(tf.constant(chosen)) for chosen in indices], seed)
    feature_names = features.names if feature_names is None and features else feature_names
    columns = {} if columns is None else {name: columns[name] for name in columns}
    shown = _shown_columns(columns)
    names = Names(
        _checked_names(feature_names, rows.x.shape[1], "feature"),
        _checked_names(class_names, records[0].values[records[0].step.logits].shape[-1], "class"),
        {name: [[column[i] for i in chosen] for chosen in indices] for name, column in shown.items()},
        len(columns),
        [feature_origins(features, _cells_of(features, columns, chosen)) for chosen in indices] if features else [],
    )
    in_keras = compare_with_keras(model, loss, optimizer, records[0], rows.y[:size])
    made = graph_section(record_graph(model, loss, optimizer, rows.x[:size], rows.y[:size], seed)) if graph else ""
    return Explanation(step_page(records, names, in_keras, description=description, graph=made))


def _refuse_members(model: tf.Module) -> None:
    """Refuse what has members. Raises: ValueError, with the way to one of them if there is one."""
    if isinstance(model, Ensemble):
        raise ValueError("an ensemble is explained member by member: ensemble.member(0)")
    if hasattr(model, "member_logits"):
        why = "" if model.independent else ", which share weights,"
        raise ValueError(f"the members of a {type(model).__name__}{why} are not explained")


def _checked_rows(model: tf.Module, x: npt.ArrayLike, y: npt.ArrayLike) -> Rows:
    dtype = weights_dtype(model)
    inputs, targets = tf.cast(tf.convert_to_tensor(x), dtype), tf.convert_to_tensor(y)
    if inputs.shape.rank != 2 or not inputs.shape[0] or targets.shape.rank < 1 or targets.shape[0] != inputs.shape[0]:
        raise ValueError(f"x must be [rows, features] and y [rows, …], got {inputs.shape} and {targets.shape}")
    return Rows(inputs, targets)


def _checked_names(names: Sequence[str] | None, count: int, thing: str) -> list[str]:
    """Return the names; without any, classes have the numbers that y has, from 0, and features count from 1."""
    first = 0 if thing == "class" else 1
    found = [f"{thing} {first + index}" for index in range(count)] if names is None else [str(name) for name in names]
    if len(found) != count:
        raise ValueError(f"{thing}_names must have {count} names, got {len(found)}")
    return found


def _cells_of(features: Features, columns: Mapping[str, Sequence[Any]] | None, rows: Sequence[int]) -> dict[str, Any]:
    """Return the cells of these rows that the features are made of, as arrays."""
    dtypes = {"numeric": np.float64, "category": object}
    given = {} if columns is None else columns
    missing = [name for name in features.kinds if name not in given]
    if missing:
        raise ValueError(f"features are made of columns that are not given: {', '.join(missing)}")
    return {name: np.asarray(given[name], dtypes[kind])[rows] for name, kind in features.kinds.items()}


def _check_features(features: Features | None, columns: Mapping[str, Sequence[Any]] | None, x: tf.Tensor) -> None:
    if features is None:
        return
    made = features(_cells_of(features, columns, range(x.shape[0]))).numpy()
    if made.shape != x.shape or not np.allclose(made, x, rtol=1e-5, atol=1e-6):
        raise ValueError(f"features(columns) must be x, {x.shape}, and is another {made.shape}")


def _shown_columns(columns: Mapping[str, Sequence[Any]]) -> dict[str, Sequence[Any]]:
    """Return all columns of a table, or evenly spaced ones, as lists: a pandas Series would count by its own index."""
    names = [*columns]
    return {names[index]: list(columns[names[index]]) for index in shown_indices((len(names), 1), MOST_COLUMNS)[0]}


def _check_columns(columns: Mapping[str, Sequence[Any]] | None, rows: int) -> None:
    for name, cells in () if columns is None else columns.items():
        if len(cells) != rows:
            raise ValueError(f"columns[{name!r}] must have {rows} cells, as x has rows, got {len(cells)}")
