"""What `MlpAdam` computes: the layers of a network or an ensemble, and the dropout after each of them."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.nn.activations import gelu, relu
from dnn.nn.dropout import Dropout, dropout_seed
from dnn.nn.ensemble import Ensemble, member_keys
from dnn.nn.layers import Dense, Sequential, key_at

ACTIVATIONS: dict[str, object] = {"relu": relu, "gelu": gelu}  # those of the kernel
OTHERWISE = "; otherwise use dnn.FusedAdam or dnn.Adam"


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
        raise ValueError(f"MlpAdam takes the model itself, as dnn.mlp makes it, not its variables, {got}")
    layers = _paired(network.layers)
    _check_nothing_else(model, network, len(layers))
    if layers[-1].dense.kernel.shape[-1] == 1:
        raise ValueError("softmax of one output is always 1: the model must have at least two")
    return layers


def rates_of(layers: Sequence[MlpLayer], members: int | None) -> npt.NDArray[np.float64]:
    """Return the rate of dropout after each layer but the last, float64[layers - 1], or [members, layers - 1]."""
    shape = () if members is None else (members,)
    rates = [layer.dropout.rate if layer.dropout else 0.0 for layer in layers[:-1]]
    each = [np.broadcast_to(np.asarray(rate, np.float64), shape) for rate in rates]
    return np.stack(each, axis=-1) if each else np.zeros((*shape, 0))


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


def activation_of(layer: Dense) -> str:
    """Return the kernel's name of a layer's activation; "" if it has none for it."""
    return next((name for name, function in ACTIVATIONS.items() if layer.activation is function), "")


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
        raise ValueError(f"layers[{i}] has no bias, and MlpAdam adds one to every layer{OTHERWISE}")
    if layer.kernel_regularizer or layer.bias_regularizer:
        raise ValueError(f"layers[{i}] has a regularizer, which MlpAdam does not compute{OTHERWISE}")
    if layer.activation is not None if last else not activation_of(layer):
        expected = "no activation, being the last" if last else "the activation dnn.relu or dnn.gelu"
        raise ValueError(f"layers[{i}] must have {expected}, got {layer.activation!r}{OTHERWISE}")
    return layer


def _check_nothing_else(model: tf.Module, network: Sequential, count: int) -> None:
    """Refuse parts or variables beyond the layers: nothing would compute or train them."""
    if any("penalty" in vars(part) for part in (model, *model.submodules)):
        raise ValueError(f"a penalty was set on the model or a layer, which the kernel does not compute{OTHERWISE}")
    parts = len(set(map(id, network.layers)))
    inner = len(network.submodules) == parts == len(network.layers)
    outer = model is network or len(model.submodules) == 1 + parts
    if not (inner and outer and len(model.trainable_variables) == 2 * count):
        raise ValueError(f"the model must be its layers alone, each there once, and all of it trained{OTHERWISE}")
