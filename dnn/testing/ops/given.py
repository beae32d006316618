"""What a spec was given, refused where it is no shape or no dtype of its kind."""

import tensorflow as tf


def refuse_a_word(shape) -> None:
    """Each letter of it would be the name of an axis. Raises: TypeError."""
    if isinstance(shape, str):
        raise TypeError(f"shape must be a list with the size or name of each axis, as [{shape!r}], got {shape!r}")


def numpy_type(dtype, kind: str) -> type:
    """Of a dtype of NumPy or TensorFlow. kind: "floating" or "integer". Raises: TypeError for one of another kind."""
    try:
        found = tf.as_dtype(dtype)
    except TypeError:
        found = tf.resource
    if not getattr(found, f"is_{kind}"):
        raise TypeError(f"dtype must be {kind}, got {dtype!r}")
    return found.as_numpy_dtype
