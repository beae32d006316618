"""A table of TensorFlow's that finds the place of a string."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import tensorflow as tf


class _NamedByContent(tf.lookup.KeyValueTensorInitializer):
    """Gives a table the same name as all tables of the same strings, so that they are one.

    TensorFlow keeps a table by its name as long as the process lives, about 25 kB each, and names each anew: a server
    that loads its model again and again would grow. A table without a name (`experimental_is_anonymous`) is no way
    out: a session, as TensorFlow Serving's, makes it anew for each request, and tf2onnx does not know it.
    """

    def __init__(self, strings: Sequence[str]) -> None:
        digest = hashlib.sha256(json.dumps(strings).encode()).hexdigest()
        self._name_of_content = f"strings_{digest}"  # first: what is inherited asks for it
        super().__init__(tf.constant(strings, tf.string), tf.range(len(strings), dtype=tf.int64))

    @property
    def _shared_name(self) -> str:  # TensorFlow's own; if it has another one day, memory alone shows it
        return self._name_of_content


def rows_of_strings(strings: Any) -> tf.Tensor:
    """Return a column of strings as string[rows]; ValueError for another shape, [rows, 1] say."""
    strings = tf.convert_to_tensor(strings, tf.string)
    if strings.shape.rank not in (None, 1):
        raise ValueError(f"strings must be [rows], got shape {strings.shape}")
    return strings


def string_table(strings: Sequence[str]) -> tf.lookup.StaticHashTable:
    """Return the table from each string to its place, int64; of any other string it gives the number of strings."""
    return tf.lookup.StaticHashTable(_NamedByContent(strings), default_value=len(strings))
