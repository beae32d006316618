"""What layers refuse: each check returns what it checked, or says what was wanted and what it got."""

import tensorflow as tf


def checked_width(x, width: int, name: str = "x") -> tf.Tensor:
    """x as a tensor. Raises: ValueError if its last axis is not `width`; an axis unknown in a trace may be."""
    x = tf.convert_to_tensor(x)
    if x.shape.rank == 0 or (x.shape.rank and x.shape[-1] not in (None, width)):
        raise ValueError(f"{name} must be [..., {width}], got shape {x.shape}")
    return x


def checked_size(size: int, name: str) -> int:
    """The size. Raises: ValueError if it is not positive."""
    if size < 1:
        raise ValueError(f"{name} must be positive, got {size}")
    return size


def checked_function(function, name: str):
    """The function, or None. Raises: TypeError for what cannot be called; text stands for no function here."""
    if function is not None and not callable(function):
        raise TypeError(f"{name} must be a function, got {function!r}")
    return function
