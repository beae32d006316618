"""What TensorFlow says of a function that is traced often, which nothing but its proof does."""

from collections.abc import Iterator
from contextlib import contextmanager

import tensorflow as tf


@contextmanager
def without_retracing_warnings() -> Iterator[None]:
    """Within, the logger of TensorFlow leaves out that a function was traced again: of many shapes, it is."""
    tf.get_logger().addFilter(_is_of_something_else)
    try:
        yield
    finally:
        tf.get_logger().removeFilter(_is_of_something_else)


def _is_of_something_else(record) -> bool:
    return "tf.function retracing" not in record.getMessage()
