"""The layers of a network or an ensemble that the epochs in C++ compute, and what goes with each of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.activations import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from dnn.nn.dropout import Dropout, dropout_seed
from dnn.nn.ensemble import Ensemble, member_keys
from dnn.nn.layers import Dense, Sequential, key_at
from dnn.nn.mish import mish
from dnn.nn.regularizers import L1, L1L2, L2

ACTIVATIONS = None, relu, leaky_relu, elu, selu, gelu, sigmoid, tanh, softplus, silu, mish  # as in activations.h
OTHERWISE = "; graph mode and XLA take it, with dnn.Adam for MlpAdam"


class MlpLayer(NamedTuple):
    """A layer, and its dropout, if any, with the place that it has in the network."""

    dense: Dense
    dropout: Dropout | None = None
    place: int = 0


def layers_of(model: object) -> tuple[MlpLayer, ...]:
    """Return the layers of a model as dnn.mlp or dnn.ensemble_mlp makes it.

    Raises:
        ValueError: If it is another. The message names what differs.
    """
    network = model.network if type(model) is Ensemble else model
    if type(network) is not Sequential or not network.layers:  # a derived class may compute otherwise
        got = f"got {type(model).__name__}{OTHERWISE}"
        raise ValueError(f"the model must be as dnn.mlp or dnn.ensemble_mlp makes it, itself, not its variables, {got}")
    layers = _paired(network.layers)
    _check_nothing_else(model, network, len(layers))
    return layers


def penalties_of(layers: Sequence[MlpLayer]) -> npt.NDArray[np.float64]:
    """Return the factors l1 and l2 of each kernel's and each bias's penalty, float64[2 layers, 2]."""
    parts = [part for layer in layers for part in (layer.dense.kernel_regularizer, layer.dense.bias_regularizer)]
    return np.array([(getattr(part, "l1", 0.0), getattr(part, "l2", 0.0)) for part in parts], np.float64)


def rates_of(layers: Sequence[MlpLayer], members: int) -> npt.NDArray[np.float64]:
    """Return the rate of dropout after each layer but the last, float64[members, layers - 1]."""
    rates = [layer.dropout.rate if layer.dropout else 0.0 for layer in layers[:-1]]
    each = [np.broadcast_to(np.asarray(rate, np.float64), (members,)) for rate in rates]
    return np.stack(each, axis=-1) if each else np.zeros((members, 0))


def epoch_seeds(layers: Sequence[MlpLayer], key: tf.Tensor | None, members: int | None) -> tf.Tensor:
    """Return the first word of the seed that each `Dropout` draws from in this epoch; the second tells the step.

    Args:
        layers: of the model.
        key: int32[2], (seed, epoch).
        members: their number; None of one network.

    Returns:
        int32[layers - 1], or int32[members, layers - 1]; 0 where there is no dropout.

    Raises:
        ValueError: If there is dropout, and no key.
    """
    shape = [] if members is None else [members]
    if not any(layer.dropout for layer in layers):
        return tf.zeros([*shape, len(layers) - 1], tf.int32)
    if key is None:
        raise ValueError("a model with dropout needs the key of the epoch: train it with dnn.fit")
    step = tf.concat([key, [0]], axis=0)
    keys = step if members is None else member_keys(step, members)
    return tf.stack([_seeds(layer, keys) for layer in layers[:-1]], axis=-1)


def _seeds(layer: MlpLayer, keys: tf.Tensor) -> tf.Tensor:
    if layer.dropout is None:
        return tf.zeros_like(keys[..., 0])
    return dropout_seed(key_at(keys, layer.place), layer.dropout.seed)[..., 0]


def activation_of(layer: Dense) -> int | None:
    """Return the kernel's number of a layer's activation; None if it has none for it."""
    return next((number for number, each in enumerate(ACTIVATIONS) if layer.activation is each), None)


def _paired(parts: Sequence[object]) -> tuple[MlpLayer, ...]:
    """Return each layer with the dropout that follows it."""
    layers: list[MlpLayer] = []
    for i, part in enumerate(parts):
        if type(part) is Dropout and layers and layers[-1].dropout is None and i < len(parts) - 1:
            layers[-1] = MlpLayer(layers[-1].dense, part, i)
        else:
            layers.append(MlpLayer(_checked_layer(part, i, i == len(parts) - 1)))
    return tuple(layers)


def _checked_layer(layer: object, i: int, last: bool) -> Dense:
    if type(layer) is not Dense:
        place = f"layers[{i}] must be a Dense, or a Dropout between two"
        raise ValueError(f"{place}, got {type(layer).__name__}{OTHERWISE}")
    if layer.bias is None:
        raise ValueError(f"layers[{i}] has no bias, and the kernel adds one to every layer{OTHERWISE}")
    other = next((part for part in (layer.kernel_regularizer, layer.bias_regularizer) if not _is_penalty(part)), None)
    if other is not None:
        raise ValueError(f"layers[{i}] must have dnn.L1, dnn.L2 or dnn.L1L2 as regularizer, got {other!r}{OTHERWISE}")
    if layer.activation is not None if last else not activation_of(layer):
        names = ", ".join(f"dnn.{each.__name__}" for each in ACTIVATIONS if each is not None)
        expected = "no activation, being the last" if last else f"one of the activations {names}"
        raise ValueError(f"layers[{i}] must have {expected}, got {layer.activation!r}{OTHERWISE}")
    return layer


def _is_penalty(regularizer: object) -> bool:
    return regularizer is None or type(regularizer) in (L1, L2, L1L2)


def _check_nothing_else(model: tf.Module, network: Sequential, count: int) -> None:
    """Refuse parts or variables beyond the layers: nothing would compute or train them."""
    if any("penalty" in vars(part) for part in (model, *model.submodules)):
        raise ValueError(f"a penalty was set on the model or a layer, which the kernel does not compute{OTHERWISE}")
    parts = len(set(map(id, network.layers)))
    inner = len(network.submodules) == parts == len(network.layers)
    outer = model is network or len(model.submodules) == 1 + parts
    if not (inner and outer and len(model.trainable_variables) == 2 * count):
        raise ValueError(f"the model must be its layers alone, each there once, and all of it trained{OTHERWISE}")
