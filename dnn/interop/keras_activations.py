"""Keras's names of activations, and the functions that compute them here and in TensorFlow."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from dnn.nn.activations import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from dnn.nn.mish import mish
from dnn.nn.softmax import log_softmax, softmax

Function = Callable[..., Any]

ACTIVATIONS: Mapping[str, Function] = MappingProxyType(
    {
        "elu": elu,
        "gelu": gelu,
        "leaky_relu": leaky_relu,
        "log_softmax": log_softmax,
        "mish": mish,
        "relu": relu,
        "relu6": functools.partial(relu, max_value=6.0),
        "selu": selu,
        "sigmoid": sigmoid,
        "silu": silu,
        "softmax": softmax,
        "softplus": softplus,
        "tanh": tanh,
    }
)
"""Ours, by Keras's names of its """
TENSORFLOW_S: Mapping[str, Function] = MappingProxyType(
    {
        "elu": tf.nn.elu,
        "gelu": tf.nn.gelu,
        "leaky_relu": tf.nn.leaky_relu,
        "relu": tf.nn.relu,
        "relu6": tf.nn.relu6,
        "selu": tf.nn.selu,
        "sigmoid": tf.nn.sigmoid,
        "silu": tf.nn.silu,
        "softmax": tf.nn.softmax,
        "softplus": tf.nn.softplus,
        "tanh": tf.nn.tanh,
    }
)
"""TensorFlow's functions that are Keras's of these names."""
