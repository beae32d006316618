"""Keras's names of activations, and the functions that compute them here and in TensorFlow."""

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from dnn.nn.activations import relu
from dnn.nn.named_functions import FUNCTIONS

Function = Callable[..., Any]

IN_TENSORFLOW = "tf.nn."
# glu is a function of Keras, but its Activation("glu") does not know that it halves the width
NOT_IN_KERAS = ("geglu", "glu", "log_mean_softmax", "maxout", "mean_output", "reglu", "swiglu")

ACTIVATIONS: Mapping[str, Function] = MappingProxyType(
    {
        name: function
        for name, function in FUNCTIONS.items()
        if not name.startswith(IN_TENSORFLOW) and name not in NOT_IN_KERAS
    }
    | {"relu6": functools.partial(relu, max_value=6.0)}
)
"""Ours, by Keras's names."""

TENSORFLOW_S: Mapping[str, Function] = MappingProxyType(
    {
        name.removeprefix(IN_TENSORFLOW): function
        for name, function in FUNCTIONS.items()
        if name.startswith(IN_TENSORFLOW)
    }
)
"""TensorFlow's functions that are Keras's of these names."""
