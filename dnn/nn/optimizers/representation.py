"""What `repr` shows of an optimizer: its settings, and how far it has come."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf


def settings(optimizer: tf.Module) -> list[str]:
    """Return name=value for each public attribute that is a number, a truth value or a string."""
    return [
        f"{name}={value!r}"
        for name, value in vars(optimizer).items()
        if not name.startswith("_") and isinstance(value, bool | int | float | str | np.number)
    ]


def current(value: Callable[[], Any]) -> str:
    """Return the number that value() has now; "<symbolic>" in a trace, which has no numbers."""
    if not tf.executing_eagerly():
        return "<symbolic>"
    number = value()
    number = number.numpy() if isinstance(number, tf.Variable) else number  # no array if a strategy's
    return repr(np.asarray(number).tolist())


def size(parameters: Sequence[tf.Variable]) -> str:
    """Return how many parameters there are, and of how many numbers."""
    return f"{len(parameters)} ({sum(p.shape.num_elements() for p in parameters):,} numbers)"
