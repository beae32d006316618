"""The summary of a model: Keras's table of its layers, their output shapes and their numbers of parameters."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from dnn.nn.html_table import small_table
from dnn.nn.input_spec import stated_spec, weights_dtype
from dnn.nn.layers import Sequential
from dnn.nn.modules import function_name, named_parts, once, parameter_count
from dnn.nn.protocols import TensorLike


def summary(
    model: tf.Module, inputs: TensorLike | tf.TensorSpec | None = None, *, print_fn: Callable[[str], object] = print
) -> None:
    """Print a table of the model's layers, their output shapes and their parameters, as Keras's `model.summary()`.

    A `Sequential` has a row for each layer. Any other module has one for each module in its attributes, and one for
    itself, which counts its own variables. A variable is counted once, in the first row that has it; a later row tells
    how many it shares. An output shape is "?" where neither `inputs` nor the layers tell the width of the input: a
    `Dense` and a normalization layer do. It is found by tracing, so nothing is computed and no state changes.

    Args:
        model: any `tf.Module`; for output shapes it can be called with a batch.
        inputs: an example batch, float[batch, features], of which only the shape matters, or a `tf.TensorSpec`. None:
            the width is that of the first layer.
        print_fn: called once with the table. To have it as a string, pass for example the `append` of a list.

    Example:
        >>> summary(dnn.mlp([51, 30, 2]))
        Model: "Sequential"
        Layer (type)  Output Shape  Param #
        -----------------------------------
        0 (Dense)     (None, 30)      1,560
        1 (Dense)     (None, 2)          62
        -----------------------------------
        Total params: 1,622 (6.34 KB)
        Trainable params: 1,622 (6.34 KB)
        Non-trainable params: 0 (0.00 B)
    """
    print_fn(_table(model, stated_spec(model) if inputs is None else _spec_of(inputs, model)))


HEADER = ("Layer (type)", "Output Shape", "Param #")


def summary_html(model: tf.Module) -> str:
    """Return the table of `summary` as HTML, for a notebook."""
    cells = _row_cells(_summary_rows(model, stated_spec(model)))
    return small_table(HEADER, cells, caption=f"Model: {type(model).__name__}", left=2, below=_totals(model))


class SummaryRow(NamedTuple):
    """A layer of the table; its variables, of which some may stand in an earlier row too."""

    name: str
    output: tf.TensorSpec | None
    variables: list[tf.Variable]


def _table(model: tf.Module, spec: tf.TensorSpec | None) -> str:
    lines = [HEADER, *_row_cells(_summary_rows(model, spec))]
    names, shapes, counts = (max(map(len, column)) for column in zip(*lines, strict=True))
    header, *body = (f"{name:{names}}  {shape:{shapes}}  {count:>{counts}}" for name, shape, count in lines)
    rule = "-" * len(header)
    return "\n".join([f'Model: "{type(model).__name__}"', header, rule, *body, rule, *_totals(model)])


def _row_cells(rows: Iterable[SummaryRow]) -> list[tuple[str, str, str]]:
    counted: set[int] = set()
    cells = []
    for row in rows:
        new = [variable for variable in row.variables if id(variable) not in counted]
        counted.update(map(id, new))
        cells.append((row.name, "?" if row.output is None else str(row.output.shape), _count(new, row.variables)))
    return cells


def _count(new: list[tf.Variable], variables: list[tf.Variable]) -> str:
    shared = parameter_count(variables) - parameter_count(new)
    return f"{parameter_count(new):,} ({shared:,} shared)" if shared else f"{parameter_count(new):,}"


def _totals(model: tf.Module) -> list[str]:
    variables, trainable = once(model.variables), once(model.trainable_variables)
    ids = {id(variable) for variable in trainable}
    others = [variable for variable in variables if id(variable) not in ids]
    parts = {"Total": variables, "Trainable": trainable, "Non-trainable": others}
    return [f"{name} params: {parameter_count(part):,} ({_memory(part)})" for name, part in parts.items()]


def _memory(variables: Iterable[tf.Variable]) -> str:
    """Return the size of the values, in the units that Keras writes: 1 KB is 1,024 bytes."""
    size = float(sum(parameter_count([variable]) * variable.dtype.size for variable in variables))
    for unit in ("B", "KB", "MB", "GB"):
        if size < 1024:
            return f"{size:.2f} {unit}"
        size /= 1024
    return f"{size:.2f} TB"


def _summary_rows(model: tf.Module, spec: tf.TensorSpec | None) -> list[SummaryRow]:
    if isinstance(model, Sequential):
        return _rows_of_layers(model, spec)
    modules = [(name, part) for name, part in named_parts(model) if isinstance(part, tf.Module)]
    rows = [
        SummaryRow(f"{name} ({_type(part)})", _output(part, stated_spec(part)), part.variables)
        for name, part in modules
    ]
    elsewhere = {id(variable) for row in rows for variable in row.variables}
    own = [variable for variable in once(model.variables) if id(variable) not in elsewhere]
    return [*rows, SummaryRow(f"{_type(model)} itself", _output(model, spec), own)]


def _rows_of_layers(model: Sequential, spec: tf.TensorSpec | None) -> list[SummaryRow]:
    rows = []
    for index, layer in enumerate(model.layers):
        spec = _output(layer, stated_spec(layer) if spec is None else spec)
        rows.append(SummaryRow(f"{index} ({_type(layer)})", spec, getattr(layer, "variables", [])))
    return rows


def _type(layer: Callable[..., Any]) -> str:
    return type(layer).__name__ if isinstance(layer, tf.Module) else function_name(layer)


def _output(layer: Callable[..., Any], spec: tf.TensorSpec | None) -> tf.TensorSpec | None:
    """Return the spec of a layer's output, found by tracing it; None if that of its input is unknown."""
    if spec is None:
        return None
    try:
        traced = tf.function(layer, autograph=False).get_concrete_function(spec)
    except (TypeError, NotImplementedError):  # Python's own `if` or `for` over tensors needs AutoGraph, which is slow
        traced = tf.function(layer).get_concrete_function(spec)
    return tf.TensorSpec.from_tensor(tf.nest.flatten(traced.structured_outputs)[0])


def _spec_of(inputs: TensorLike | tf.TensorSpec, model: tf.Module) -> tf.TensorSpec:
    if isinstance(inputs, tf.TensorSpec):
        return inputs
    return tf.TensorSpec([None, *np.shape(inputs)[1:]], weights_dtype(model))
