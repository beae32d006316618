"""The functions that a saved structure may name: those of `dnn` by their names, TensorFlow's as "tf.nn.relu"."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import tensorflow as tf

from dnn.nn.activations import elu, gelu, leaky_relu, relu, selu, sigmoid, silu, softplus, tanh
from dnn.nn.ensemble import log_mean_softmax, mean_output
from dnn.nn.maxout import maxout
from dnn.nn.mish import mish
from dnn.nn.softmax import log_softmax, softmax

FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        "elu": elu,
        "gelu": gelu,
        "leaky_relu": leaky_relu,
        "log_mean_softmax": log_mean_softmax,
        "log_softmax": log_softmax,
        "maxout": maxout,
        "mean_output": mean_output,
        "mish": mish,
        "relu": relu,
        "selu": selu,
        "sigmoid": sigmoid,
        "silu": silu,
        "softmax": softmax,
        "softplus": softplus,
        "tanh": tanh,
        "tf.nn.elu": tf.nn.elu,
        "tf.nn.gelu": tf.nn.gelu,
        "tf.nn.leaky_relu": tf.nn.leaky_relu,
        "tf.nn.relu": tf.nn.relu,
        "tf.nn.relu6": tf.nn.relu6,
        "tf.nn.selu": tf.nn.selu,
        "tf.nn.sigmoid": tf.nn.sigmoid,
        "tf.nn.silu": tf.nn.silu,
        "tf.nn.softmax": tf.nn.softmax,
        "tf.nn.softplus": tf.nn.softplus,
        "tf.nn.tanh": tf.nn.tanh,
    }
)
"""The functions that a structure may name, `dnn`'s and TensorFlow's."""
