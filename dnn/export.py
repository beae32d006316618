"""What is used after training: named columns in, class probabilities out, in one object and from one folder."""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from dnn.data.arrays import load_arrays, save_arrays
from dnn.data.encoding import Encoding, load_encoding
from dnn.nn.activations import relu
from dnn.nn.layers import Sequential, mlp
from dnn.nn.softmax import softmax

CHUNK = 65_536  # rows whose features are in memory at once
WEIGHTS = "weights.npz"


class Classifier(tf.Module):
    """Class probabilities, float32[rows, classes], of named columns: softmax(model(features(columns)))."""

    def __init__(self, encoding: Encoding, model: tf.Module):
        super().__init__()
        self.features = encoding.features
        self.model = model
        self.encoding = encoding

    @tf.function(reduce_retracing=True)
    def _logits(self, columns):
        return self.model(self.features(columns))

    def __call__(self, columns: Mapping) -> tf.Tensor:
        """columns: name -> float64[rows] or string[rows]. Raises: ValueError for missing or extra columns."""
        return softmax(self._logits(columns))

    def logits(self, columns: Mapping[str, np.ndarray]) -> np.ndarray:
        """float32[rows, classes], in the order of the rows, of any number of rows: a chunk at a time.

        Raises: ValueError for missing or extra columns, or a number so large that its logits overflow.
        """
        self.features.check(columns)
        columns = {name: columns[name] for name in self.features.kinds}
        rows = len(next(iter(columns.values())))
        chunks = (
            {name: _tensor(cells[first : first + CHUNK]) for name, cells in columns.items()}
            for first in range(0, rows, CHUNK)
        )
        logits = np.concatenate([self._logits(chunk) for chunk in chunks])
        finite = np.isfinite(logits).all(axis=1)
        if not finite.all():
            raise ValueError(f"data row {int(np.argmin(finite)) + 1}: a number is so large that the logits overflow")
        return logits

    def save(self, folder: str | Path) -> None:
        """Write features.json and weights.npz into an existing folder, for `load`.

        Raises: ValueError for a network that is not an `mlp` with relu, and as `Features.state`.
        """
        _check_relu_mlp(self.model)
        self.encoding.save(folder)
        save_arrays(Path(folder, WEIGHTS), **{name: v.numpy() for name, v in named_variables(self.model).items()})

    def export(self, folder: str | Path) -> None:
        """Write a TensorFlow SavedModel that runs without `dnn`.

        Its inputs are the columns under their `input_names`, float64[rows] (NaN: empty) or string[rows]; its outputs
        `probabilities`, float32[rows, classes], and `label`, string[rows]. Of an op in C++ in it, the logger "dnn"
        tells, at the level WARNING, what else must go with it.
        Raises: ValueError if two columns would have one input name.
        """
        dtypes = {"numeric": tf.float64, "category": tf.string}
        inputs = input_names(self.features.kinds)
        kinds = {inputs[name]: kind for name, kind in self.features.kinds.items()}
        signature = {name: tf.TensorSpec([None], dtypes[kind], name) for name, kind in kinds.items()}
        classes = tf.constant(self.encoding.labels.names)

        @tf.function(input_signature=[signature])
        def serve(inputs_by_name):
            probabilities = self({name: inputs_by_name[inputs[name]] for name in inputs})
            return {"probabilities": probabilities, "label": tf.gather(classes, tf.argmax(probabilities, axis=1))}

        tf.saved_model.save(self, str(folder), signatures=serve)
        _tell_of_ops(serve.get_concrete_function().graph.as_graph_def(), folder)


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """Column -> its name as an input of a SavedModel, where only ASCII letters, digits and _ are allowed.

    >>> input_names(["age", "marital status"])
    {'age': 'age', 'marital status': 'marital_status'}
    """
    inputs = {name: re.sub(r"\W", "_", name, flags=re.ASCII) for name in columns}
    inputs = {name: text if text[0].isalpha() else f"column_{text}" for name, text in inputs.items()}
    if len(set(inputs.values())) < len(inputs):
        raise ValueError(f"two columns would have the same input name in a SavedModel: {inputs}; rename one")
    return inputs


def load(folder: str | Path) -> Classifier:
    """The classifier in a run folder. Raises: ValueError if it is not one, or is damaged."""
    if not Path(folder, WEIGHTS).is_file():
        raise ValueError(f"{folder} is not a run folder: it has no {WEIGHTS}")
    encoding = load_encoding(folder)
    arrays = load_arrays(Path(folder, WEIGHTS))
    units = [array.shape[-1] for name, array in arrays.items() if name.endswith("kernel") and array.ndim]
    model = mlp([encoding.features.width, *units[:-1], encoding.labels.classes])
    variables = named_variables(model)
    wanted = {name: (tuple(variable.shape), "float32") for name, variable in variables.items()}
    found = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    if wanted != found:
        raise ValueError(f"{folder}: {WEIGHTS} does not fit the features: wanted {wanted}, got {found}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{folder}: {WEIGHTS} holds a NaN or an infinity")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return Classifier(encoding, model)


def named_variables(model: tf.Module) -> dict[str, tf.Variable]:
    """Each variable under its place in the model: "layers/0/kernel", …"""
    found = model._flatten(predicate=lambda value: isinstance(value, tf.Variable), with_path=True)
    return {"/".join(map(str, place)): variable for place, variable in found}


def _tell_of_ops(graph, folder: str | Path) -> None:
    """What is not TensorFlow's own, a SavedModel names and does not hold."""
    nodes = [*graph.node, *(node for function in graph.library.function for node in function.node_def)]
    own = sorted({node.op for node in nodes if not hasattr(tf.raw_ops, node.op)})
    if own:
        logging.getLogger("dnn").warning(
            "export: %s is not TensorFlow's: its library must be loaded before the SavedModel, wherever that is used; "
            "dnn.ops.carry(SOURCE, %r) puts it beside it",
            ", ".join(own),
            str(folder),
        )


def _check_relu_mlp(model: tf.Module) -> None:
    activations = [getattr(layer, "activation", "none") for layer in getattr(model, "layers", ())]
    if type(model) is not Sequential or activations != [relu] * (len(activations) - 1) + [None]:
        raise ValueError("only an mlp with relu can be loaded again from weights; `export` writes any model")


def _tensor(cells: np.ndarray) -> tf.Tensor:
    return tf.constant(cells, tf.string if cells.dtype.kind in "OSU" else tf.float64)
