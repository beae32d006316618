"""A Keras model becomes ours: Dense, Dropout, normalizations and activations, one after the other."""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

import keras  # type: ignore[import-not-found, import-untyped, unused-ignore]
import tensorflow as tf

from dnn.interop.keras_activations import ACTIVATIONS, Function
from dnn.nn.activations import elu, leaky_relu, relu
from dnn.nn.dropout import Dropout
from dnn.nn.initializers import zeros
from dnn.nn.layers import Dense, Sequential
from dnn.nn.modules import set_weights
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.precision import at_least_float32
from dnn.nn.prelu import PReLU
from dnn.nn.regularizers import L1, L1L2, L2
from dnn.nn.rms_normalization import RMSNormalization
from dnn.nn.softmax import softmax

Layers = list[Any]
Settings = dict[str, Any]

TO_PROBABILITIES = ("sigmoid", "softmax")
PENALTIES = MappingProxyType({keras.regularizers.L1: L1, keras.regularizers.L2: L2, keras.regularizers.L1L2: L1L2})
NOT_OURS = (
    *(f"{name}_constraint" for name in ("kernel", "bias", "gamma", "beta", "alpha")),
    *(f"{name}_regularizer" for name in ("activity", "gamma", "beta", "alpha")),
    "noise_shape",
    "rms_scaling",
    "lora_rank",
    "quantization_config",
)  # settings of Keras's layers that ours lack


def from_keras(model: Any, *, logits: bool | None = None) -> Sequential:
    """Return a `Sequential` of our layers with the weights of a Keras model.

    Frozen layers are not marked: here the optimizer says what trains. Dropout draws its own numbers.

    Args:
        model: a `keras.Sequential`, a functional model without branches, or the path of a `.keras` file, which Keras
            loads.
        logits: whether to drop the softmax or sigmoid with which the model ends; Dropout may follow it. True: the
            result gives logits, as `dnn`'s losses take them. False: it gives the same probabilities, for prediction
            alone. None: it must not end with one.

    Returns:
        The model. Its weights are copies.

    Raises:
        ValueError: If the model ends with a softmax or sigmoid and `logits` is None; or if it has branches, a layer, or
            a setting of a layer, that has no twin here, or layers of several dtypes. The message names the layer.
        TypeError: If it is no Keras model.
    """
    if isinstance(model, str | Path):
        model = keras.saving.load_model(model, compile=False)
    if not isinstance(model, keras.Model):
        raise TypeError(f"model must be a Keras model or the path of a .keras file, got {model!r}")
    if not model.built:
        raise ValueError(f"{model.name} has no weights yet: give it a keras.Input, or call it once")
    named = _ours(_chain(model))
    check_one_dtype(named)
    return Sequential(_without_probabilities([twin for _, twin in named], model.name, logits))


def check_one_dtype(layers: Sequence[tuple[str, Any]]) -> None:
    """Refuse named layers of ours whose weights have several dtypes, between which Keras casts and we do not.

    A normalization may be float32 among layers of half precision: it computes in float32 anyway.
    """
    modules = [(name, layer) for name, layer in layers if isinstance(layer, tf.Module)]
    dense = {layer.kernel.dtype: name for name, layer in modules if isinstance(layer, Dense)}
    wide = {at_least_float32(variable.dtype): name for name, layer in modules for variable in layer.variables}
    for first, *others in (list(dense.items()), list(wide.items())) if wide else ():
        for dtype, name in others:
            pair = f"{first[1]} has weights of {first[0].name}, and {name} of {dtype.name}"
            raise ValueError(f"{pair}: layers of several dtypes are not supported")


def _chain(model: Any) -> Layers:
    """Return the layers of a Keras model in the order of their calls. Raises: ValueError if there are branches."""
    if isinstance(model, keras.Sequential):
        return _flat(model.layers)
    if not isinstance(model, keras.Function):
        raise ValueError(f"{model.name} is of a class of its own, whose code cannot be turned into layers")
    refused = ValueError(f"{model.name} has branches, and only layers one after the other become ours")
    if len(model.inputs) != 1 or len(model.outputs) != 1:
        raise refused
    tensor, layers = model.outputs[0], []
    while tensor is not model.inputs[0]:
        layer, node, _ = tensor._keras_history
        if len(layer._inbound_nodes[node].input_tensors) != 1:
            raise refused
        layers.append(layer)
        (tensor,) = layer._inbound_nodes[node].input_tensors
    return _flat(reversed(layers))


def _flat(layers: Iterable[Any]) -> Layers:
    """Return the layers, those of models among them instead of these."""
    return [part for layer in layers for part in (_chain(layer) if isinstance(layer, keras.Model) else [layer])]


def _ours(layers: Iterable[Any]) -> list[tuple[str, Any]]:
    """Return our twins of Keras's layers, each with Keras's name; of a layer that occurs twice, the same one twice."""
    layers = list(layers)
    made: dict[int, Layers] = {}
    for layer in layers:
        if id(layer) not in made:
            made[id(layer)] = _ours_of(layer)
    return [(f"layer {layer.name!r}", twin) for layer in layers for twin in made[id(layer)]]


def _ours_of(layer: Any) -> Layers:
    place = f"layer {layer.name!r}, {type(layer).__name__}"
    maker = FROM_KERAS.get(type(layer))
    if maker is None:
        raise ValueError(f"{place}, has no twin in dnn")
    try:
        settings = layer.get_config()
    except TypeError as error:  # of an activation that is a functools.partial
        raise ValueError(f"{place}: {error}") from error
    policy = layer.dtype_policy
    if policy.compute_dtype != policy.variable_dtype:
        raise ValueError(f"{place}: its policy {policy.name} computes in another dtype than that of its weights")
    for name in NOT_OURS:
        if settings.get(name) not in (None, False):
            raise ValueError(f"{place}: {name}={settings[name]} has no twin in dnn")
    try:
        twins = maker(layer, settings, tf.as_dtype(policy.variable_dtype))
    except ValueError as error:
        raise ValueError(f"{place}: {error}") from error
    for twin in twins:
        if isinstance(twin, tf.Module) and twin.variables:
            set_weights(twin, layer.get_weights())
    return twins


def _ours_of_dense(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    use_bias: bool = settings["use_bias"]
    named = {
        "activation": None if settings["activation"] == "linear" else _our_activation(settings["activation"]),
        "use_bias": use_bias,
        "kernel_regularizer": _our_penalty(layer.kernel_regularizer),
        "bias_regularizer": _our_penalty(layer.bias_regularizer if use_bias else None),
    }
    inputs, units = layer.kernel.shape
    return [Dense(inputs, units, kernel_initializer=zeros, seed=0, dtype=dtype, **named)]


def _our_penalty(penalty: Any) -> Any:
    if penalty is not None and type(penalty) not in PENALTIES:
        raise ValueError(f"{type(penalty).__name__} has no twin in dnn")
    return penalty and PENALTIES[type(penalty)](**{name: float(value) for name, value in penalty.get_config().items()})


def _our_activation(name: Any) -> Function:
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise ValueError(f"the activation {name!r} has no twin in dnn")
    return ACTIVATIONS[name]


def _ours_of_batch_normalization(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    _check_last_axis(settings["axis"], layer)
    named = {name: settings[name] for name in ("momentum", "epsilon", "center", "scale")}
    return [BatchNormalization(layer.moving_mean.shape[0], dtype=dtype, **named)]


def _ours_of_layer_normalization(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    _check_last_axis(settings["axis"], layer)
    named = {name: settings[name] for name in ("epsilon", "center", "scale")}
    return [LayerNormalization(layer.input.shape[-1], dtype=dtype, **named)]


def _ours_of_rms_normalization(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    _check_last_axis(settings["axis"], layer)
    return [RMSNormalization(layer.input.shape[-1], epsilon=settings["epsilon"], dtype=dtype)]


def _check_last_axis(axis: Any, layer: Any) -> None:
    (number,) = axis if isinstance(axis, list | tuple) and len(axis) == 1 else (axis,)
    if number not in (-1, len(layer.input.shape) - 1):
        raise ValueError(f"axis={axis} has no twin in dnn, where it is the last one")


def _ours_of_softmax(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    _check_last_axis(settings["axis"], layer)
    return [softmax]


def _partial(function: Function, **settings: Any) -> Layers:
    return [functools.partial(function, **{name: value for name, value in settings.items() if value is not None})]


def _ours_of_dropout(layer: Any, settings: Settings, dtype: tf.DType) -> Layers:
    return [Dropout(settings["rate"])]


FROM_KERAS: Mapping[type, Callable[[Any, Settings, tf.DType], Layers]] = MappingProxyType(
    {
        keras.layers.InputLayer: lambda layer, settings, dtype: [],
        keras.layers.Dense: _ours_of_dense,
        keras.layers.Dropout: _ours_of_dropout,
        keras.layers.BatchNormalization: _ours_of_batch_normalization,
        keras.layers.LayerNormalization: _ours_of_layer_normalization,
        keras.layers.RMSNormalization: _ours_of_rms_normalization,
        keras.layers.PReLU: lambda layer, settings, dtype: [PReLU(layer.input.shape[-1], dtype=dtype)],
        keras.layers.Activation: lambda layer, settings, dtype: (
            [] if settings["activation"] == "linear" else [_our_activation(settings["activation"])]
        ),
        keras.layers.ReLU: lambda layer, settings, dtype: _partial(
            relu, **{name: settings[name] for name in ("negative_slope", "max_value", "threshold")}
        ),
        keras.layers.LeakyReLU: lambda layer, settings, dtype: _partial(
            leaky_relu, negative_slope=settings["negative_slope"]
        ),
        keras.layers.ELU: lambda layer, settings, dtype: _partial(elu, alpha=settings["alpha"]),
        keras.layers.Softmax: _ours_of_softmax,
    }
)
"""What makes our twins of a layer of Keras, of its settings and of the dtype of its weights."""


def _without_probabilities(layers: Layers, name: str, logits: bool | None) -> Layers:
    """Drop the last softmax or sigmoid for logits=True. Raises: ValueError if there is one, and nobody says."""
    end = next((index for index in reversed(range(len(layers))) if not isinstance(layers[index], Dropout)), -1)
    last = layers[end] if layers else None
    function = last.activation if isinstance(last, Dense) else last
    ends = next((name for name in TO_PROBABILITIES if ACTIVATIONS[name] is function), None)
    if ends is None or logits is False:
        return layers
    if logits is None:
        raise ValueError(
            f"{name} ends with a {ends}: logits=True drops it, for dnn's losses, which take logits; logits=False "
            "keeps it, for prediction alone"
        )
    if not isinstance(last, Dense):
        return [layer for index, layer in enumerate(layers) if index != end]
    if sum(layer is last for layer in layers) > 1:
        raise ValueError(f"{name} ends with a {ends} in a layer that occurs twice, so only logits=False is supported")
    last.activation = None
    return layers
