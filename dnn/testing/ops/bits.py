"""The bits of tensors, by which two results are the same or are not."""

import numpy as np
import tensorflow as tf


def bits(results) -> list[bytes]:
    """Of each tensor in any structure: NaN is the same as NaN, and 0 is not -0."""
    return [_bytes(np.asarray(result.numpy())) for result in tf.nest.flatten(results)]


def _bytes(array: np.ndarray) -> bytes:
    """Strings are objects, and the bytes of an array of those are where they are."""
    return repr(array.tolist()).encode() if array.dtype == object else array.tobytes()
