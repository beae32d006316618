"""Gradients of ops, as TensorFlow registers them, and again when a notebook's cell or a module runs again."""

import functools
from collections.abc import Callable
from typing import Any

import tensorflow as tf

GradientFunction = Callable[..., Any]


def gradient(op: str) -> Callable[[GradientFunction], GradientFunction]:
    """Return a decorator that registers the gradient of an op, in place of an earlier one.

    `tf.RegisterGradient` does the same, but once in a process, with a KeyError for a second time.

    Args:
        op: The name of the op, as in REGISTER_OP.

    Returns:
        A decorator for a function of the op, with its `inputs` and `outputs`, and of the gradient of each output. The
        function returns the gradient of each input, or None.

    Raises:
        KeyError: From the decorator, if the gradient of the op was registered otherwise.
    """

    def register(function: GradientFunction) -> GradientFunction:
        _registered(op)["gradient"] = function
        return function

    return register


@functools.cache
def _registered(op: str) -> dict[str, GradientFunction]:
    """Return where TensorFlow looks the gradient of an op up: it can be registered once, and not be changed."""
    current: dict[str, GradientFunction] = {}
    tf.RegisterGradient(op)(lambda *arguments: current["gradient"](*arguments))
    return current
