"""Which layers were told that they are in training, noted while `fit` traces a step.

A Dropout that never gets the key of a step drops nothing, and a BatchNormalization moves no average, without an error.
So `fit` refuses them, unless training=False says that it is on purpose.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import tensorflow as tf

from dnn.nn.protocols import TensorLike

Calls = dict[int, tuple[tf.Module, bool]]
"""By the id of a layer: the layer, and whether it was told in one of its calls at least."""

_CALLS: ContextVar[Calls | None] = ContextVar("training_calls", default=None)


@contextmanager
def noted_calls() -> Iterator[Calls]:
    """Note the calls of such layers within the block."""
    calls: Calls = {}
    token = _CALLS.set(calls)
    try:
        yield calls
    finally:
        _CALLS.reset(token)


def note_call(layer: tf.Module, training: TensorLike | None) -> None:
    """Note a call of a layer that behaves differently in training; outside `noted_calls` do nothing.

    Args:
        training: the argument of the call: a key, False, or None, which nobody may have chosen.
    """
    calls = _CALLS.get()
    if calls is not None:
        _, told = calls.get(id(layer), (layer, False))
        calls[id(layer)] = layer, told or training is not None
