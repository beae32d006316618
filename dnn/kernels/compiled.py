"""What the ops in C++ of this folder share: where their library is, and a gradient for their first output alone."""

import functools
import platform
from pathlib import Path
from types import ModuleType

import tensorflow as tf

from dnn.ops.loading import load


@functools.cache
def compiled_ops(source: str, *flags: str) -> ModuleType:
    """Return the module of a source in this folder, which is compiled at the first call."""
    return load(Path(__file__).with_name(source), flags=flags)


@functools.cache
def vector_flags() -> tuple[str, ...]:
    """Return the compiler's flags for the widest vectors that this machine has: of x86-64 under Linux, which tells.

    Elsewhere (Arm: NEON) there are none, and the compiler's default is what each machine has.
    """
    file = Path("/proc/cpuinfo")
    if platform.machine() != "x86_64" or not file.is_file():
        return ()
    told = next((line for line in file.read_text("utf-8", "replace").splitlines() if line.startswith("flags")), "")
    if {"avx512f", "fma"} <= set(told.split()):
        return ("-mavx512f", "-mfma")
    return ("-mavx2", "-mfma") if {"avx2", "fma"} <= set(told.split()) else ()


def first_output_alone(first: tf.Tensor, second: tf.Tensor, message: str) -> tf.Tensor:
    """Return `first`, the gradient of the first output, after a check that `second`, that of the second, is 0.

    TensorFlow passes zeros for an output on which nothing depends, and a gradient that ignored them would ignore others
    too. Zeros that TensorFlow made in a graph are known as such, and not checked.
    Raises: InvalidArgumentError with the message where `second` is not 0: at once, or when the graph is run.
    """
    if getattr(second, "_is_zeros_tensor", False):
        return first
    with tf.control_dependencies([tf.debugging.Assert(tf.reduce_all(tf.equal(second, 0)), [message])]):
        return tf.identity(first)
