"""Gradients of ops: as TensorFlow registers them, but again where a cell or a module runs again, as in a notebook."""

import functools
from collections.abc import Callable

import tensorflow as tf


def gradient(op: str) -> Callable[[Callable], Callable]:
    """A decorator: the function is the gradient of the op of that name from now on, instead of an earlier one.

    The function takes the op, with its `inputs` and `outputs`, and the gradient of each output; it gives that of each
    input, or None. `tf.RegisterGradient` does the same, once in a process, with a KeyError for a second time.
    Raises: KeyError if the gradient of that op is registered otherwise.
    """

    def keep(function: Callable) -> Callable:
        _last(op)["gradient"] = function
        return function

    return keep


@functools.cache
def _last(op: str) -> dict[str, Callable]:
    """Where TensorFlow finds the gradient of an op: once registered there is no other way to change it."""
    last: dict[str, Callable] = {}
    tf.RegisterGradient(op)(lambda *arguments: last["gradient"](*arguments))
    return last
