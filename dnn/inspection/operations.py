"""A training step as a list of operations: functions of named tensors, each with a name for what it returns.

So the loss can be computed again from any tensor on, in any precision: by what a gradient says, and by what really
happens when a cell changes. The functions are those of the package (or the user's): nothing is written again.
"""

import functools
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Literal, NamedTuple

import tensorflow as tf

from dnn.nn.dropout import Dropout, dropout, dropout_seed
from dnn.nn.example_weights import weighted_mean
from dnn.nn.input_spec import weights_dtype
from dnn.nn.layers import Dense, Sequential, dense, key_at, takes_training
from dnn.nn.modules import function_name
from dnn.nn.normalization import (
    BatchNormalization,
    LayerNormalization,
    layer_normalization,
    moments,
    normalize_by_moments,
    rounded_mean,
)
from dnn.nn.precision import at_least_float32
from dnn.nn.protocols import LossLike
from dnn.train.rows import Rows

Kind = Literal["dense", "cell", "row", "column", "mean", "penalty", "box"]
"""What a cell of the result depends on: a row and a column; the same cell; the row; the column; all; unknown."""


class Operation(NamedTuple):
    """output = function(*inputs), tensors by their names; `title` is for people.

    function: what the step runs. piece: the public function or object that it is, for formula and source.
    inside: the variables that a module of the user's own reads by itself. dtype: in which a function that is not of
    this package computes, whatever it is given; None: in that of its arguments.
    """

    output: str
    function: Callable[..., Any]
    inputs: tuple[str, ...]
    kind: Kind
    piece: Any
    title: str
    inside: tuple[tf.Variable, ...] = ()
    dtype: tf.DType | None = None

    def run(self, *arguments: tf.Tensor) -> tf.Tensor:
        """Return the function's result: of float64 arguments, float64."""
        return result_of(self, *arguments)


def result_of(operation: Operation, *arguments: tf.Tensor) -> tf.Tensor:
    """Return what an operation makes of arguments; not a method, since AutoGraph converts none of a NamedTuple."""
    function, dtype = operation.function, operation.dtype
    if dtype is None or not arguments:
        return function(*arguments)
    result = function(*(tf.cast(argument, dtype) for argument in arguments))
    return result if arguments[0].dtype == dtype else tf.cast(result, arguments[0].dtype)


class Step(NamedTuple):
    """The operations in their order, the variables that they read by name, and the name of the model's output."""

    operations: list[Operation]
    variables: dict[str, tf.Variable]
    logits: str


def operations_of(model: tf.Module, loss: LossLike, batch: Rows, key: tf.Tensor) -> Step:
    """Return a training step on this batch as operations, from "x" to "mean".

    A `Sequential` is taken apart into its layers, a `Dense` into its sums and its activation. Any other module is one
    operation, whose inside is not seen.

    Args:
        model: the model.
        loss: the loss, for each row.
        batch: labels and weights are constants of the operations; x is their first tensor.
        key: int32[3], (seed, epoch, step).

    Returns:
        The operations.
    """
    operations: list[Operation] = []
    variables: dict[str, tf.Variable] = {}
    names: dict[Any, str] = {}  # of each variable the first: a layer may be called twice
    logits = "x"
    for path, layer, at in _layers(model, key, ""):
        for operation, read in _layer_operations(path, layer, logits, at, batch.x.dtype):
            first = {name: names.setdefault(variable.ref(), name) for name, variable in read.items()}
            operations.append(operation._replace(inputs=tuple(first.get(name, name) for name in operation.inputs)))
            variables |= {first[name]: variable for name, variable in read.items()}
        logits = operations[-1].output
    penalties = list(_penalties(model, names))
    operations += penalties
    of_labels = functools.partial(loss, batch.y)
    dtype = None if is_known(loss) else batch.x.dtype
    title = f"loss: {function_name(loss)}"
    operations.append(Operation("losses", of_labels, (logits,), "row", loss, title, dtype=dtype))

    def mean(losses: tf.Tensor, *addends: tf.Tensor) -> tf.Tensor:
        total = weighted_mean(losses, batch.weights, batch.counted)
        return tf.add_n([total, *(tf.cast(addend, total.dtype) for addend in addends)])

    addends = (penalty.output for penalty in penalties)
    operations.append(Operation("mean", mean, ("losses", *addends), "mean", weighted_mean, "mean over the rows"))
    return Step(operations, variables, logits)


def _layers(model: Any, key: tf.Tensor, path: str) -> Iterator[tuple[str, Any, tf.Tensor]]:
    """Yield path, layer and key of the layers that a Sequential calls one after the other; else of the model alone."""
    if type(model) is not Sequential:
        yield path or "model", model, key
        return
    for index, layer in enumerate(model.layers):
        below = f"{path}/layers/{index}" if path else f"layers/{index}"
        yield from _layers(layer, key_at(key, index), below)


def _layer_operations(
    path: str, layer: Any, x: str, key: tf.Tensor, dtype: tf.DType
) -> Iterator[tuple[Operation, dict[str, tf.Variable]]]:
    """Yield the operations of a layer, each with the variables that it reads."""
    if type(layer) is Dense:
        inputs, units = layer.kernel.shape
        named = {f"{path}/kernel": layer.kernel, f"{path}/bias": layer.bias}
        read = {name: variable for name, variable in named.items() if variable is not None}
        title = f"{path}: Dense({inputs} → {units})"
        yield Operation(f"{path}/sums", dense, (x, *read), "dense", dense, title), read
        if layer.activation is not None:
            name = function_name(layer.activation)
            yield _activation(f"{path}/outputs", layer.activation, f"{path}/sums", f"{path}: {name}", dtype), {}
    elif type(layer) is Dropout:
        function = functools.partial(dropout, rate=layer.rate, seed=dropout_seed(key, layer.seed))
        yield Operation(f"{path}/outputs", function, (x,), "cell", dropout, f"{path}: Dropout({layer.rate})"), {}
    elif type(layer) in (LayerNormalization, BatchNormalization):
        yield _normalization(path, layer, x)
    elif isinstance(layer, tf.Module):
        yield _box(path, layer, x, key), {}
    else:
        yield _activation(f"{path}/outputs", layer, x, f"{path}: {function_name(layer)}", dtype), {}


def _activation(output: str, function: Callable[..., Any], x: str, title: str, dtype: tf.DType) -> Operation:
    if not is_known(function):
        return Operation(output, function, (x,), "box", function, title, dtype=dtype)
    name = function_name(function).split("(")[0]
    return Operation(output, function, (x,), "cell" if name in CELLWISE else "row", function, title)


def is_known(function: Callable[..., Any]) -> bool:
    """Whether a function is of this package or TensorFlow's, which compute in any floating dtype, row by row."""
    module = getattr(getattr(function, "func", function), "__module__", None) or ""
    return module.split(".")[0] in ("dnn", "tensorflow")


CELLWISE = {"elu", "gelu", "leaky_relu", "mish", "relu", "selu", "sigmoid", "silu", "softplus", "tanh"}


def _normalization(
    path: str, layer: LayerNormalization | BatchNormalization, x: str
) -> tuple[Operation, dict[str, tf.Variable]]:
    function = layer_normalization if type(layer) is LayerNormalization else _normalize_columns
    named = {"gamma": layer.gamma, "beta": layer.beta}
    read = {f"{path}/{name}": variable for name, variable in named.items() if variable is not None}
    names = [name for name, variable in named.items() if variable is not None]

    def normalize(values: tf.Tensor, *parameters: tf.Tensor) -> tf.Tensor:
        return function(values, **dict(zip(names, parameters, strict=True)), epsilon=layer.epsilon)

    kind: Kind = "row" if type(layer) is LayerNormalization else "column"
    title = f"{path}: {type(layer).__name__}({layer.size})"
    return Operation(f"{path}/outputs", normalize, (x, *read), kind, function, title), read


def _normalize_columns(
    x: tf.Tensor, gamma: tf.Tensor | None = None, beta: tf.Tensor | None = None, *, epsilon: float
) -> tf.Tensor:
    """Return what `BatchNormalization` returns in training, without moving its averages."""
    wide, axes = tf.cast(x, at_least_float32(x.dtype)), range(x.shape.rank - 1)
    wide = wide - rounded_mean(wide, axes)
    return tf.cast(normalize_by_moments(wide, *moments(wide, axes), gamma, beta, epsilon=epsilon), x.dtype)


def _box(path: str, module: tf.Module, x: str, key: tf.Tensor) -> Operation:
    """Return a module of the user's own as one operation, in the dtype of its weights."""
    dtype = weights_dtype(module)
    function = functools.partial(module, training=key) if takes_training(module) else module
    inside = tuple(module.trainable_variables)
    return Operation(
        f"{path}/outputs", function, (x,), "box", module, f"{path}: {type(module).__name__}", inside, dtype
    )


def _penalties(model: tf.Module, names: Mapping[Any, str]) -> Iterator[Operation]:
    """Yield what `fit` adds to the loss: of each regularizer of a layer that is shown, and of each other module."""
    modules = [module for module in (model, *model.submodules) if callable(getattr(module, "penalty", None))]
    for index, module in enumerate(modules):
        if type(module) is Dense and module.kernel.ref() in names:
            pairs = ((module.kernel, module.kernel_regularizer), (module.bias, module.bias_regularizer))
            for variable, regularizer in pairs:
                if regularizer is not None and variable is not None:
                    name = names[variable.ref()]
                    yield Operation(
                        f"{name}/penalty", regularizer, (name,), "penalty", regularizer, f"penalty of {name}"
                    )
        elif float(module.penalty()):
            title = f"penalty of {type(module).__name__}"
            yield Operation(f"penalty/{index}", module.penalty, (), "penalty", module, title)
