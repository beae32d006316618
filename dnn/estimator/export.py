"""A trained network as a TensorFlow SavedModel, from columns to predictions, that runs without `dnn`."""

import itertools
import logging
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tensorflow as tf

from dnn.data.table import Kind
from dnn.nn.activations import gelu


def export(
    predict: Callable[[Mapping[str, tf.Tensor]], tf.Tensor],
    kinds: Mapping[str, Kind],
    classes: Sequence[str] | None,
    folder: str | Path,
    threshold: float | None = None,
    *,
    for_onnx: Callable[[Mapping[str, tf.Tensor]], tf.Tensor],
) -> None:
    """Write a TensorFlow SavedModel.

    Its inputs are the columns under their `input_names`, float64[rows] (NaN: empty) or string[rows]. Its outputs are
    `probabilities`, float32[rows, classes], and `label`, string[rows]; or `amount`, float64[rows]. If the model has an
    op in C++, the logger "dnn" tells, at the level WARNING, what else must go with the SavedModel.

    White space around strings is stripped, as the readers of files do. ONNX has no such op, so a second signature,
    "without_strip", leaves strings as they are; nor has it erfc, so gelu is computed there by erf, to 1e-7.

    Args:
        predict: A `tf.Module` from tensors by column name to probabilities or amounts.
        kinds: "numeric" or "category" by column name.
        classes: Their names; None for amounts.
        folder: The folder to write.
        threshold: Probability from which on a row is of the second of two classes. None: the most probable class.
        for_onnx: What `predict` is, made again of the same variables, and called by nobody yet.
    """
    dtypes = {"numeric": tf.float64, "category": tf.string}
    inputs = input_names(kinds)
    signature = {inputs[name]: tf.TensorSpec([None], dtypes[kind], inputs[name]) for name, kind in kinds.items()}

    def outputs(predicted: tf.Tensor) -> dict[str, tf.Tensor]:
        if classes is None:
            return {"amount": predicted}
        labels = tf.argmax(predicted, axis=1) if threshold is None else tf.cast(predicted[:, 1] >= threshold, tf.int64)
        return {"probabilities": predicted, "label": tf.gather(tf.constant(classes), labels)}

    @tf.function(input_signature=[signature])
    def serve(inputs_by_name: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        cells = {name: inputs_by_name[inputs[name]] for name in inputs}
        cells = {name: x if kinds[name] == "numeric" else tf.strings.strip(x) for name, x in cells.items()}
        return outputs(predict(cells))

    @tf.function(input_signature=[signature])
    def serve_without_strip(inputs_by_name: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        return outputs(for_onnx({name: inputs_by_name[inputs[name]] for name in inputs}))

    with _erf_for_erfc(for_onnx):
        serve_without_strip.get_concrete_function()
    signatures = {"serving_default": serve, "without_strip": serve_without_strip}
    tf.saved_model.save(predict, str(folder), signatures=signatures)
    _tell_of_ops(serve.get_concrete_function().graph.as_graph_def(), folder)


@contextmanager
def _erf_for_erfc(predict: Any) -> Iterator[None]:
    """While a graph for ONNX is traced, let the layers of a model compute gelu as x/2 (1 + erf(x/√2))."""
    parts = [part for part in getattr(predict, "submodules", ()) if getattr(part, "activation", None) is gelu]
    for part in parts:
        part.activation = _gelu_by_erf
    try:
        yield
    finally:
        for part in parts:
            part.activation = gelu


def _gelu_by_erf(x: tf.Tensor) -> tf.Tensor:
    return x * (0.5 + 0.5 * tf.math.erf(math.sqrt(0.5) * x))


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """Return the name of each column as an input of a SavedModel: ASCII letters, digits and _, each name once.

    TensorFlow does not tell capitals apart here, so names that differ in those alone get a number too.

    Args:
        columns: Names of the columns, of any signs.

    Returns:
        The input's name by column, in the order of the columns.

    Example:
        >>> list(input_names(["age", "marital status", "marital.status", "Größe", "年齢"]).values())
        ['age', 'marital_status', 'marital_status_2', 'Gr__e', 'column___']
    """
    names: dict[str, str] = {}
    taken = {"self"}  # an argument of a method of TensorFlow that saves
    for column in columns:
        text = re.sub(r"\W", "_", column, flags=re.ASCII)
        text = text if text[:1].isalpha() else f"column_{text}"
        numbered = (text if number == 1 else f"{text}_{number}" for number in itertools.count(1))
        names[column] = next(name for name in numbered if name.lower() not in taken)
        taken.add(names[column].lower())
    return names


def _tell_of_ops(graph: Any, folder: str | Path) -> None:
    """Log which ops of a GraphDef are not TensorFlow's own: a SavedModel names them, and does not hold them."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    own = sorted({node.op for node in nodes if not hasattr(tf.raw_ops, node.op)})
    if own:
        logging.getLogger("dnn").warning(
            "export: %s is not TensorFlow's: its library must be loaded before the SavedModel, wherever that is used; "
            "dnn.ops.carry(SOURCE, %r) puts it beside it",
            ", ".join(own),
            str(folder),
        )
