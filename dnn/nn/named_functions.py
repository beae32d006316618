"""The functions that a saved structure may name: those of `dnn` by their names, TensorFlow's as "tf.nn.relu".

A public function of one of the modules below is one of them as soon as it is written.
"""

import inspect
from collections.abc import Callable, Mapping
from types import MappingProxyType, ModuleType
from typing import Any

import tensorflow as tf

from dnn.nn import activations, glu, maxout, mish, softmax
from dnn.nn.ensemble import log_mean_softmax, mean_output

MODULES: tuple[ModuleType, ...] = (activations, glu, maxout, mish, softmax)
OF_TENSORFLOW = ("elu", "gelu", "leaky_relu", "relu", "relu6", "selu", "sigmoid", "silu", "softmax", "softplus", "tanh")


def public_functions(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the functions that a module defines, in its order, but those whose names begin with an underscore."""
    named = {name: value for name, value in vars(module).items() if inspect.isfunction(value)}
    return {name: f for name, f in named.items() if f.__module__ == module.__name__ and not name.startswith("_")}


FUNCTIONS: Mapping[str, Callable[..., Any]] = MappingProxyType(
    {
        **{name: function for module in MODULES for name, function in public_functions(module).items()},
        "log_mean_softmax": log_mean_softmax,
        "mean_output": mean_output,
        **{f"tf.nn.{name}": getattr(tf.nn, name) for name in OF_TENSORFLOW},
    }
)
"""The functions that a structure may name, `dnn`'s and TensorFlow's."""
