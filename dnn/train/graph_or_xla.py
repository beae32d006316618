"""Graph mode or XLA: which of the two runs the epochs of a fit.

XLA makes one program of an epoch. Its steps are faster than those of graph mode, which goes from operation to
operation: 1.2 to 4 times. But the program takes about a second longer to make.
"""

import logging
import math
import re
from collections.abc import Callable

import tensorflow as tf
from tensorflow.python.framework import kernels

from dnn.train.compiled import FEW
from dnn.train.traced import Compiled

SMALL_STEP, STEP = 1e7, 1e8  # what XLA saves in each step, as multiply-adds beside which it saves as much again
PAYS = 1.5e11  # multiply-adds after which XLA has saved the seconds that it took to compile
MOST_ROWS = 4096  # of a step: with larger batches graph mode is as fast


def graph_epochs(steps: int, batch_size: int, work: int) -> float:
    """How many epochs "auto" runs in graph mode before XLA takes over: as much work as would have paid for compiling.

    0 if one epoch is as much, ∞ if the batches are too large. Time is not looked at: what is computed depends on the
    arguments alone.
    steps: of an epoch. work: multiply-adds of a step, as `dnn.train.compiled.multiply_adds` counts them.
    """
    saved = work + (SMALL_STEP if work < FEW else STEP)
    return math.inf if batch_size > MOST_ROWS else PAYS // (steps * saved)


class GraphOrXla:
    """A compiled function of an epoch: in graph mode at first, then under XLA; or back in graph mode, with a line in
    the log, if XLA cannot compile it, as it cannot most custom operations in C++.

    XLA leaves out checks (tf.debugging.assert_…), and draws other numbers than the stateful tf.random: an epoch with
    such operations, or with those that XLA lacks, goes over to it only for jit_compile=True.
    """

    def __init__(self, make: Callable[[bool], Compiled], jit_compile: bool | str, epochs_before_xla: float):
        """make: jit_compile -> the function, traced. epochs_before_xla: of jit_compile "auto"."""
        self._make, self._epochs = make, 0
        self._epochs_before_xla = epochs_before_xla if jit_compile == "auto" else math.inf
        self._untried = jit_compile != "auto" and bool(jit_compile)  # XLA compiles, and may fail, in the first call
        self._function = make(self._untried)

    def __call__(self, *tensors):
        if self._epochs == self._epochs_before_xla and not _keeping_from_xla(self._function):
            logging.getLogger("dnn").info("jit_compile: under XLA, after %d epochs in graph mode", self._epochs)
            self._function, self._untried = self._make(True), True
        self._epochs += 1
        try:
            if self._untried:
                refuse_what_xla_lacks(self._function)
                _tell_of_changes(self._function)
            return self._function(*tensors)
        except tf.errors.OpError as error:  # nothing was run if XLA could not compile it
            if not self._untried or isinstance(error, tf.errors.ResourceExhaustedError | tf.errors.CancelledError):
                raise
            logging.getLogger("dnn").warning("jit_compile: in graph mode, since XLA %s", _reason(error))
            self._function = self._make(False)
            return self._function(*tensors)
        finally:
            self._untried = False


def refuse_what_xla_lacks(function: Compiled) -> None:
    """Raise what XLA would, of operations that it lacks, before it fills the log: a tf.errors.UnimplementedError."""
    unknown = [f"No registered '{kind}' OpKernel" for kind in _unknown_to_xla(function)]
    if unknown:
        raise tf.errors.UnimplementedError(None, None, ", ".join(unknown))


def what_xla_lacked(error: tf.errors.OpError) -> list[str]:
    """The operations for which it had no kernel, as it says; none where it failed by something else."""
    return sorted(set(re.findall(r"No registered '(\w+)' OpKernel", error.message)))


def _keeping_from_xla(function: Compiled) -> list[str]:
    return _changed_under_xla(function) + _unknown_to_xla(function)


def _unknown_to_xla(function: Compiled) -> list[str]:
    """The user's own operations in C++ without a kernel for it."""
    own = {kind for kind in function.operations() if not hasattr(tf.raw_ops, kind)}
    return [kind for kind in sorted(own) if not _has_kernel(kind)]


def _has_kernel(kind: str) -> bool:
    """Whether it has one for XLA, or none at all, as a function has."""
    found = kernels.get_registered_kernels_for_op(kind).kernel
    return not found or any(kernel.device_type.startswith("XLA") for kernel in found)


def _tell_of_changes(function: Compiled) -> None:
    changed = _changed_under_xla(function)
    if changed:
        logging.getLogger("dnn").warning("jit_compile: XLA leaves out, or draws otherwise, %s", ", ".join(changed))


def _changed_under_xla(function: Compiled) -> list[str]:
    kinds = ("Assert", "CheckNumerics", "Random", "TruncatedNormal", "Multinomial")
    return sorted({operation for operation in function.operations() if operation.startswith(kinds)})


def _reason(error: tf.errors.OpError) -> str:
    lacked = what_xla_lacked(error)
    return f"has no kernel for {', '.join(lacked)}" if lacked else f"says: {error.message.splitlines()[0]}"
