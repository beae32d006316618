"""What is used after training: named columns in, class probabilities out, in one object and from one folder."""

import logging
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.data.arrays import load_arrays, save_arrays
from dnn.data.encoding import Encoding, load_encoding
from dnn.nn.activations import relu
from dnn.nn.layers import Sequential, mlp
from dnn.nn.protocols import ModelLike, TensorLike
from dnn.nn.softmax import softmax

CHUNK = 65_536  # rows whose features are in memory at once
WEIGHTS = "weights.npz"


class Classifier(tf.Module):
    """Class probabilities of named columns: softmax(model(features(columns))).

    Args:
        encoding: What was learnt of the table: its features, its labels, its target.
        model: Maps float32[rows, features.width] to logits, float32[rows, classes].
    """

    def __init__(self, encoding: Encoding, model: ModelLike) -> None:
        super().__init__()
        self.features = encoding.features
        self.model = model
        self.encoding = encoding

    @tf.function(reduce_retracing=True)
    def _logits(self, columns: Mapping[str, TensorLike]) -> tf.Tensor:
        return self.model(self.features(columns))

    def __call__(self, columns: Mapping[str, TensorLike]) -> tf.Tensor:
        """Return the probability of each class, for each row.

        Args:
            columns: float64[rows] or string[rows] by column name, in any order.

        Returns:
            float32[rows, classes]; each row sums to 1.

        Raises:
            ValueError: If a column is missing, is extra, or has another kind than in training.
        """
        return softmax(self._logits(columns))

    def logits(self, columns: Mapping[str, npt.NDArray[Any]]) -> npt.NDArray[np.float32]:
        """Return the logits of any number of rows, computed a chunk at a time.

        Args:
            columns: float64[rows] or object[rows] of str by column name, in any order.

        Returns:
            float32[rows, classes], in the order of the rows.

        Raises:
            ValueError: If a column is missing, is extra, or has another kind than in training, or a number is so large
                that the logits overflow.
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
        """Write features.json and weights.npz, for `load`.

        Args:
            folder: An existing folder; files of these names in it are replaced.

        Raises:
            ValueError: If the model is not an `mlp` with relu, or the scale of the features is not one of this package.
        """
        _check_relu_mlp(self.model)
        self.encoding.save(folder)
        save_arrays(Path(folder, WEIGHTS), **{name: v.numpy() for name, v in named_variables(self.model).items()})

    def export(self, folder: str | Path) -> None:
        """Write a TensorFlow SavedModel that runs without `dnn`.

        Its inputs are the columns under their `input_names`, float64[rows] (NaN: empty) or string[rows]; its outputs
        `probabilities`, float32[rows, classes], and `label`, string[rows]. If the model has an op in C++, the logger
        "dnn" tells, at the level WARNING, what else must go with the SavedModel.

        Args:
            folder: The folder to write.

        Raises:
            ValueError: If two columns would have one input name.
        """
        dtypes = {"numeric": tf.float64, "category": tf.string}
        inputs = input_names(self.features.kinds)
        kinds = {inputs[name]: kind for name, kind in self.features.kinds.items()}
        signature = {name: tf.TensorSpec([None], dtypes[kind], name) for name, kind in kinds.items()}
        classes = tf.constant(self.encoding.labels.names)

        @tf.function(input_signature=[signature])
        def serve(inputs_by_name: Mapping[str, tf.Tensor]) -> dict[str, tf.Tensor]:
            probabilities = self({name: inputs_by_name[inputs[name]] for name in inputs})
            return {"probabilities": probabilities, "label": tf.gather(classes, tf.argmax(probabilities, axis=1))}

        tf.saved_model.save(self, str(folder), signatures=serve)
        _tell_of_ops(serve.get_concrete_function().graph.as_graph_def(), folder)

    def __repr__(self) -> str:
        variables = self.model.trainable_variables
        weights = sum(int(np.prod(variable.shape)) for variable in variables)
        return f"Classifier({self.encoding}, {type(self.model).__name__} with {weights:,} weights)"


def input_names(columns: Iterable[str]) -> dict[str, str]:
    """Return the name of each column as an input of a SavedModel, where only ASCII letters, digits and _ are allowed.

    >>> input_names(["age", "marital status"])
    {'age': 'age', 'marital status': 'marital_status'}
    """
    inputs = {name: re.sub(r"\W", "_", name, flags=re.ASCII) for name in columns}
    inputs = {name: text if text[0].isalpha() else f"column_{text}" for name, text in inputs.items()}
    if len(set(inputs.values())) < len(inputs):
        raise ValueError(f"two columns would have the same input name in a SavedModel: {inputs}; rename one")
    return inputs


def load(folder: str | Path) -> Classifier:
    """Load the classifier in a run folder.

    Args:
        folder: A folder that `dnn train` made, or to which `Classifier.save` wrote.

    Returns:
        The classifier, with the weights and the features it was saved with, bit for bit.

    Raises:
        ValueError: If it is not a run folder, or a file in it is damaged, or the weights do not fit the features.
    """
    if not Path(folder, WEIGHTS).is_file():
        raise ValueError(f"{folder} is not a run folder: it has no {WEIGHTS}")
    encoding = load_encoding(folder)
    arrays = load_arrays(Path(folder, WEIGHTS))
    units = [array.shape[-1] for name, array in arrays.items() if name.endswith("kernel") and array.ndim]
    model = mlp([encoding.features.width, *units[:-1], encoding.labels.classes])
    variables = named_variables(model)
    expected = {name: (tuple(variable.shape), "float32") for name, variable in variables.items()}
    saved = {name: (array.shape, array.dtype.name) for name, array in arrays.items()}
    if expected != saved:
        raise ValueError(f"{folder}: {WEIGHTS} does not fit the features: expected {expected}, got {saved}")
    if not all(np.isfinite(array).all() for array in arrays.values()):
        raise ValueError(f"{folder}: {WEIGHTS} holds a NaN or an infinity")
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return Classifier(encoding, model)


def named_variables(model: tf.Module) -> dict[str, tf.Variable]:
    """Return each variable by its path in the model: "layers/0/kernel", …"""
    variables = model._flatten(predicate=lambda value: isinstance(value, tf.Variable), with_path=True)
    return {"/".join(map(str, path)): variable for path, variable in variables}


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


def _check_relu_mlp(model: ModelLike) -> None:
    activations = [getattr(layer, "activation", "none") for layer in getattr(model, "layers", ())]
    if type(model) is not Sequential or activations != [relu] * (len(activations) - 1) + [None]:
        raise ValueError("only an mlp with relu can be loaded again from weights; `export` writes any model")


def _tensor(cells: npt.NDArray[Any]) -> tf.Tensor:
    return tf.constant(cells, tf.string if cells.dtype.kind in "OSU" else tf.float64)
