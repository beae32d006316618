"""A model of ours becomes Keras's."""

import functools
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

import keras  # type: ignore[import-not-found, import-untyped, unused-ignore]
import tensorflow as tf

from dnn.interop.from_keras import PENALTIES, check_one_dtype
from dnn.interop.keras_activations import ACTIVATIONS, TENSORFLOW_S, Function
from dnn.nn.activations import elu, leaky_relu, relu
from dnn.nn.dropout import Dropout
from dnn.nn.layers import Dense, Sequential
from dnn.nn.modules import function_name, get_weights
from dnn.nn.normalization import BatchNormalization, LayerNormalization
from dnn.nn.precision import at_least_float32
from dnn.nn.prelu import PReLU
from dnn.nn.rms_normalization import RMSNormalization

Layers = list[Any]


def to_keras(model: Sequential, *, activation: str | None = None) -> keras.Sequential:
    """Return a `keras.Sequential` with the weights of our model.

    Args:
        model: a `Sequential` of this package's layers and activations; Sequentials in it are opened.
        activation: Keras's name of what to end with, for example "softmax", since our models end with logits. None:
            nothing is added.

    Returns:
        The Keras model, built, not compiled. Its weights are copies.

    Raises:
        ValueError: If a layer has no twin in Keras, two share variables or differ in dtype, or the model does not tell
            the number of its features. The message names the layer.
        TypeError: If the model is not a `Sequential`.
    """
    if type(model) is not Sequential:
        raise TypeError(f"model must be a dnn.Sequential, got {model!r}")
    ours = [*_opened(model, "layers")]
    variables = [id(variable) for _, layer in ours if isinstance(layer, tf.Module) for variable in layer.variables]
    if len(variables) > len(set(variables)):
        raise ValueError("two layers share variables, or are one, which a keras.Sequential cannot hold")
    width, dtype = _input(ours)
    check_one_dtype(ours)
    twins = [_keras_s(layer, path, dtype) for path, layer in ours]
    last = [keras.layers.Activation(activation, dtype=dtype)] if activation else []
    built = keras.Sequential([keras.Input([width], dtype=dtype), *(twin for row in twins for twin in row), *last])
    for (_, layer), (first, *_) in zip(ours, twins, strict=True):
        if first.weights:
            first.set_weights(get_weights(layer))
    return built


def _opened(model: Sequential, path: str) -> Iterator[tuple[str, Any]]:
    for index, layer in enumerate(model.layers):
        below = f"{path}.{index}"
        yield from _opened(layer, f"{below}.layers") if type(layer) is Sequential else [(below, layer)]


def _keras_s(layer: Any, path: str, dtype: str) -> Layers:
    """Return Keras's twins of a layer of ours, the first takes its weights; dtype: of what computes without weights."""
    if type(layer) is Dense:
        penalties = layer.kernel_regularizer, layer.bias_regularizer
        of_kernel, of_bias = (_keras_penalty(penalty, path) for penalty in penalties)
        named = {"dtype": layer.kernel.dtype.name, "use_bias": layer.bias is not None}
        named |= {"kernel_regularizer": of_kernel, "bias_regularizer": of_bias}
        made = keras.layers.Dense(layer.kernel.shape[1], **named)
        return [made, *([] if layer.activation is None else _keras_activation(layer.activation, path, dtype))]
    if type(layer) is Dropout:
        return [keras.layers.Dropout(layer.rate, dtype=dtype)]
    if type(layer) is PReLU:
        return [keras.layers.PReLU(dtype=layer.alpha.dtype.name)]
    if type(layer) is RMSNormalization:
        return [keras.layers.RMSNormalization(epsilon=layer.epsilon, dtype=at_least_float32(tf.as_dtype(dtype)).name)]
    if type(layer) in (BatchNormalization, LayerNormalization):
        named = {"epsilon": layer.epsilon, "center": layer.beta is not None, "scale": layer.gamma is not None}
        wide = at_least_float32(tf.as_dtype(dtype)).name  # in which ours compute, and keep the moving averages
        if type(layer) is LayerNormalization:
            return [keras.layers.LayerNormalization(dtype=wide, **named)]
        return [keras.layers.BatchNormalization(momentum=layer.momentum, dtype=wide, **named)]
    return _keras_activation(layer, path, dtype)


def _keras_penalty(penalty: Any, path: str) -> Any:
    twin = next((keras_s for keras_s, ours in PENALTIES.items() if ours is type(penalty)), None)
    if penalty is not None and twin is None:
        raise ValueError(f"{path}: the penalty {function_name(penalty)} has no twin in Keras")
    return twin and twin(**vars(penalty))


def _keras_activation(function: Any, path: str, dtype: str) -> Layers:
    for name in ACTIVATIONS:
        if function is ACTIVATIONS[name] or function is TENSORFLOW_S.get(name):
            return [keras.layers.Activation(name, dtype=dtype)]
    if isinstance(function, functools.partial) and not function.args and function.func in PARTIALS:
        return [PARTIALS[function.func](dtype=dtype, **function.keywords)]
    raise ValueError(f"{path}, {function_name(function)}, has no twin in Keras")


PARTIALS: Mapping[Function, Any] = MappingProxyType(
    {relu: keras.layers.ReLU, leaky_relu: keras.layers.LeakyReLU, elu: keras.layers.ELU}
)


def _input(layers: Iterable[tuple[str, Any]]) -> tuple[int, str]:
    """Return the number of features of the model and their dtype: what precedes the first weights keeps both."""
    for _, layer in layers:
        if isinstance(layer, Dense):
            return layer.kernel.shape[0], layer.kernel.dtype.name
        if isinstance(layer, BatchNormalization | LayerNormalization):
            return layer.size, next((v.dtype.name for v in (layer.gamma, layer.beta) if v is not None), "float32")
    raise ValueError(
        "the model does not tell the number of its features: it has neither Dense nor normalization layers"
    )
