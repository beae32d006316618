"""The structure of a model as data that JSON holds: classes, arguments and functions by their public names."""

import functools
import numbers
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias

import tensorflow as tf

from dnn.nn.dropout import Dropout
from dnn.nn.embedding_arguments import EMBEDDING_ARGUMENTS
from dnn.nn.ensemble_arguments import ENSEMBLE_ARGUMENTS
from dnn.nn.initializers import zeros
from dnn.nn.layers import Dense, Sequential
from dnn.nn.modules import function_name, parts_by_path, variable_paths
from dnn.nn.named_functions import FUNCTIONS
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.protocols import ModelLike
from dnn.nn.regularizers import L1, L1L2, L2

FORMAT, VERSION = "dnn model", 1
State: TypeAlias = dict[str, Any]


def _dense_arguments(layer: Dense) -> State:
    inputs, units = layer.kernel.shape
    return {
        "inputs": inputs,
        "units": units,
        "activation": layer.activation,
        **({} if layer.bias is not None else {"use_bias": False}),  # older versions read the structure of the others
        "kernel_regularizer": layer.kernel_regularizer,
        "bias_regularizer": layer.bias_regularizer,
        "dtype": layer.kernel.dtype,
    }


def _normalization_arguments(layer: LayerNormalization | BatchNormalization) -> State:
    has = {"center": layer.beta is not None, "scale": layer.gamma is not None}
    dtypes = [variable.dtype for variable in (layer.gamma, layer.beta) if variable is not None]
    return {"size": layer.size, "epsilon": layer.epsilon, **has, "dtype": dtypes[0] if dtypes else tf.float32}


def _batch_normalization_arguments(layer: BatchNormalization) -> State:
    arguments = _normalization_arguments(layer)
    if layer.gamma is None and layer.beta is None:
        arguments["dtype"] = layer.moving_mean.dtype
    return {**arguments, "momentum": layer.momentum}


ARGUMENTS: Mapping[type, Callable[[Any], State]] = MappingProxyType(
    {
        Sequential: lambda model: {"layers": model.layers},
        Dense: _dense_arguments,
        Dropout: lambda layer: {"rate": layer.rate, "seed": layer.seed},
        BatchNormalization: _batch_normalization_arguments,
        LayerNormalization: _normalization_arguments,
        **ENSEMBLE_ARGUMENTS,
        **EMBEDDING_ARGUMENTS,
        L1: vars,
        L2: vars,
        L1L2: vars,
    }
)
"""What each class of the package was made with. Initializers are not kept: the weights that they drew are."""

CLASSES: Mapping[str, type] = MappingProxyType({piece.__name__: piece for piece in ARGUMENTS})


def model_state(model: ModelLike) -> State:
    """Return the structure of a model, without its weights, as a dict that JSON holds.

    Args:
        model: one built of the package's layers, regularizers and functions, or a user's own `tf.Module`, of which only
            the name is kept: its code is not, so `model_from_state` needs its constructor.

    Returns:
        A dict of strings, numbers, lists and dicts.
    """
    head: State = {"format": FORMAT, "version": VERSION}
    try:
        described = _Describer().value(model, "")
    except ValueError as reason:
        return {**head, "own": {"class": type(model).__qualname__, "reason": str(reason)}}
    return {**head, "model": described, "shared": shared_variables(model)}


def model_from_state(state: State, constructor: Callable[[], ModelLike] | None = None) -> ModelLike:
    """Make the model that `model_state` described, with weights that are all 0: the inverse.

    Args:
        state: what `model_state` returned.
        constructor: a function without arguments, or a class, that makes the model; it must be given for a user's own
            module. None: the structure says it all.

    Returns:
        The model; its weights are for `load_weights`.

    Raises:
        ValueError: If the structure is not one, is that of a newer version, or is that of a user's own module and there
            is no constructor.
    """
    if not isinstance(state, dict) or state.get("format") != FORMAT:
        raise ValueError(f"this is not the structure of a model: 'format' must be {FORMAT!r}")
    if state.get("version") != VERSION:
        raise ValueError(f"the structure has version {state.get('version')!r}, and this dnn reads version {VERSION}")
    if constructor is not None:
        return constructor()
    if "own" in state:
        name, reason = (str(state["own"].get(key)) for key in ("class", "reason"))
        raise ValueError(f"the file holds no code, and {reason}: give constructor=, which makes this {name}")
    model = _Maker().value(state.get("model"), "")
    if not isinstance(model, tf.Module) or not callable(model):
        raise ValueError(f"the structure must be that of a model, got {state.get('model')!r}")
    _share_variables(model, state.get("shared", {}))
    return model


def shared_variables(model: tf.Module) -> dict[str, str]:
    """Return the first path of a variable by each other path of it: two layers may share a kernel."""
    first: dict[int, str] = {}
    paths = variable_paths(model).items()
    return {path: first[id(v)] for path, v in paths if first.setdefault(id(v), path) != path}


def refuse_lost_variables(model: tf.Module, state: State) -> None:
    """Refuse a structure that makes another model: one without an attribute that was added, or trained where frozen.

    Args:
        model: the model.
        state: what `model_state` returned of it.

    Raises:
        ValueError: If the structure makes other variables; the message names one, and says what would keep it.
    """
    if "own" in state:
        return
    remedy = "a tf.Module of your own, which is loaded by its constructor, keeps it"
    there, made = variable_paths(model), variable_paths(model_from_state(state))
    for path, variable in there.items():
        if path not in made:
            raise ValueError(
                f"{path} would be lost: it was added to a layer of dnn, whose file has no place for it; {remedy}"
            )
        if variable.trainable != made[path].trainable:
            change = ("is not trainable, and would be", "is trainable, and would not be")[variable.trainable]
            raise ValueError(f"{path} {change} when it is loaded; {remedy}")
    if lost := [path for path in made if path not in there]:
        raise ValueError(f"{lost[0]} is not there, and would be when it is loaded; {remedy}")


class _Describer:
    """Turns objects into data; a module that was met before is told by the path at which it was met."""

    def __init__(self) -> None:
        self.met: dict[int, str] = {}

    def value(self, value: Any, path: str) -> Any:
        if value is None or isinstance(value, bool | str):
            return value
        if isinstance(value, numbers.Number):
            return int(value) if isinstance(value, numbers.Integral) else float(value)  # type: ignore[arg-type]
        if isinstance(value, tf.DType):
            return {"dtype": value.name}
        if isinstance(value, list | tuple):
            return [self.value(item, f"{path}/{index}") for index, item in enumerate(value)]
        return self.piece(value, path) if type(value) in ARGUMENTS else _described_function(value, path)

    def piece(self, piece: Any, path: str) -> State:
        if isinstance(piece, tf.Module):
            if id(piece) in self.met:
                return {"same_as": self.met[id(piece)]}
            self.met[id(piece)] = path
        arguments = ARGUMENTS[type(piece)](piece)
        below = f"{path}/" if path else ""
        values = {name: self.value(value, f"{below}{name}") for name, value in arguments.items()}
        return {"class": type(piece).__name__, "arguments": values}


def _described_function(function: Any, path: str) -> State:
    if isinstance(function, functools.partial) and not function.args:
        arguments = {name: _Describer().value(value, f"{path}/{name}") for name, value in function.keywords.items()}
        return {**_described_function(function.func, path), "arguments": arguments}
    name = next((name for name, known in FUNCTIONS.items() if known is function), None)
    if name is None:
        place = f"{path} is" if path else "the model is"
        raise ValueError(f"{place} {function_name(function)}, which is not a piece of dnn")
    return {"function": name}


class _Maker:
    """Turns data into objects again; nothing but the classes and functions of the two tables is called."""

    def __init__(self) -> None:
        self.made: dict[str, Any] = {}

    def value(self, data: Any, path: str) -> Any:
        if isinstance(data, list):
            return [self.value(item, f"{path}/{index}") for index, item in enumerate(data)]
        if not isinstance(data, dict):
            return data
        if "same_as" in data:
            return _known(self.made, data["same_as"], path, "module")
        below, stated = f"{path}/" if path else "", data.get("arguments", {})
        if not isinstance(stated, dict):
            raise ValueError(f"{path or 'the model'}: 'arguments' must be a dict, got {stated!r}")
        arguments = {name: self.value(value, f"{below}{name}") for name, value in stated.items()}
        if "function" in data:
            function = _known(FUNCTIONS, data["function"], path, "function")
            return functools.partial(function, **arguments) if "arguments" in data else function
        if "dtype" in data:
            return _known(_DTYPES, data["dtype"], path, "dtype")
        self.made[path] = _made(_known(CLASSES, data.get("class"), path, "class"), arguments, path)
        return self.made[path]


_DTYPES = MappingProxyType({dtype.name: dtype for dtype in (tf.float16, tf.bfloat16, tf.float32, tf.float64)})


def _made(piece: type, arguments: State, path: str) -> Any:
    first = {"kernel_initializer": zeros, "seed": 0} if piece is Dense else {}
    try:
        return piece(**arguments, **first)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{path or 'the model'}: no {piece.__name__} can be made of {arguments}: {error}") from error


def _known(table: Mapping[str, Any], name: Any, path: str, kind: str) -> Any:
    if not isinstance(name, str) or name not in table:
        raise ValueError(f"{path or 'the model'}: there is no {kind} {name!r}, but {', '.join(table)}")
    return table[name]


def _share_variables(model: tf.Module, shared: Any) -> None:
    """Put the variable at the second path of each pair at the first path, where another one is."""
    if not isinstance(shared, dict):
        raise ValueError(f"'shared' must be a dict of paths, got {shared!r}")
    paths = variable_paths(model)
    modules = {path: part for path, part in parts_by_path(model) if isinstance(part, tf.Module)}
    for path, first in shared.items():
        other, variable = (_known(paths, name, "shared", "variable") for name in (path, first))
        if variable.shape != other.shape or variable.dtype != other.dtype:
            raise ValueError(f"shared: {path} and {first} are not alike: {other.shape} and {variable.shape}")
        owner, _, attribute = path.rpartition("/")
        setattr(_known(modules, owner, "shared", "module"), attribute, variable)
