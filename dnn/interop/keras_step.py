"""The same training step in Keras: what its layers, its loss and its optimizer make of the same rows and weights."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import keras  # type: ignore[import-not-found, import-untyped, unused-ignore]
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from dnn.interop.to_keras import to_keras
from dnn.nn.layers import Sequential
from dnn.nn.losses import binary_cross_entropy, mean_squared_error, softmax_cross_entropy, sparse_softmax_cross_entropy
from dnn.nn.optimizers.adam import Adam
from dnn.nn.optimizers.rmsprop import RMSprop
from dnn.nn.optimizers.sgd import SGD

Array = npt.NDArray[Any]

LOSSES: Mapping[Callable[..., Any], Callable[[], Any]] = MappingProxyType(
    {
        sparse_softmax_cross_entropy: lambda: keras.losses.SparseCategoricalCrossentropy(True, reduction="none"),
        softmax_cross_entropy: lambda: keras.losses.CategoricalCrossentropy(True, reduction="none"),
        binary_cross_entropy: lambda: keras.losses.BinaryCrossentropy(True, reduction="none"),
        mean_squared_error: lambda: keras.losses.MeanSquaredError(reduction="none"),
    }
)
SETTINGS: Mapping[type, tuple[Callable[..., Any], tuple[str, ...]]] = MappingProxyType(
    {
        Adam: (keras.optimizers.Adam, ("beta_1", "beta_2", "epsilon", "amsgrad")),
        RMSprop: (keras.optimizers.RMSprop, ("rho", "momentum", "epsilon", "centered")),
        SGD: (keras.optimizers.SGD, ("momentum", "nesterov")),
    }
)
"""Keras's class of each optimizer of ours, and the arguments that both have."""


class KerasStep(NamedTuple):
    """outputs: of each layer and activation, in their order. weights, gradients: as `get_weights` has them."""

    outputs: list[Array]
    losses: Array
    gradients: list[Array]
    weights: list[Array]


def keras_step(model: Sequential, loss: Callable[..., Any], optimizer: Any, x: tf.Tensor, y: tf.Tensor) -> KerasStep:
    """Take the step in Keras, on a copy of the model, with a new optimizer of the same settings.

    Args:
        model: a `Sequential` of layers that Keras has.
        loss: one of the package's losses.
        optimizer: `Adam`, `RMSprop` or `SGD`, that has taken no step yet.
        x: float[rows, features].
        y: the labels or targets.

    Raises:
        ValueError: If Keras has no twin of something; the message names it.
    """
    if loss not in LOSSES:
        raise ValueError("the loss has no twin in Keras")
    if type(optimizer) not in SETTINGS or optimizer.weight_decay or int(optimizer.t):
        raise ValueError("only a new Adam, RMSprop or SGD without weight decay is compared")
    twin = to_keras(model)
    if any(isinstance(layer, keras.layers.Dropout) for layer in twin.layers):
        raise ValueError("Dropout draws other numbers in Keras")
    kind, names = SETTINGS[type(optimizer)]
    trainer = kind(float(optimizer.learning_rate), **{name: getattr(optimizer, name) for name in names})
    outputs = []
    with tf.GradientTape() as tape:
        values = x
        for layer in twin.layers:
            values = layer(values, training=True) if _takes_training(layer) else layer(values)
            outputs.append(values.numpy())
        losses = LOSSES[loss]()(y, values)
        mean = tf.add_n([tf.reduce_mean(losses), *twin.losses])
    variables = [variable.value for variable in twin.trainable_variables]
    gradients = tape.gradient(mean, variables)
    trainer.apply(gradients, twin.trainable_variables)
    weights = [np.asarray(variable) for variable in twin.trainable_variables]
    return KerasStep(outputs, losses.numpy(), [gradient.numpy() for gradient in gradients], weights)


def _takes_training(layer: Any) -> bool:
    return isinstance(layer, keras.layers.BatchNormalization)
