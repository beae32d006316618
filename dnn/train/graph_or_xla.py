"""Graph mode or XLA: which of the two runs the epochs of a fit.

XLA makes one program of an epoch. Its steps are faster than those of graph mode, which goes from operation to
operation: three times for a small network, by a fifth to a third for a large one. But the program takes 1 to 2 s longer
to make.
"""

import logging
import math
import re
from collections.abc import Callable

import tensorflow as tf

STEP = 1e7  # what XLA saves in each step, as the multiply-adds of matrix products beside which it saves as much again
PAYS = 1.5e11  # multiply-adds after which XLA has saved the seconds that it took to compile
MOST_ROWS = 512  # of a step: with larger batches graph mode is as fast, or faster


def graph_epochs(jit_compile: bool | str, steps: int, batch_size: int, weights: int) -> float:
    """How many epochs run in graph mode before XLA takes over: 0 for True, ∞ for False.

    For "auto", after as much work as would have paid for compiling it: whenever a fit stops, it has lost no more than
    the right choice would have cost. Time is not looked at: what is computed depends on the arguments alone.
    steps: of an epoch. weights: how many numbers are trained; a step takes batch_size · weights multiply-adds thrice.
    """
    if jit_compile != "auto":
        return 0 if jit_compile else math.inf
    return math.inf if batch_size > MOST_ROWS else math.ceil(PAYS / (steps * (STEP + batch_size * weights)))


class GraphOrXla:
    """A compiled function of an epoch: in graph mode at first, then under XLA; or back in graph mode, with a line in
    the log, if it has an operation that XLA does not know, as custom ones in C++ mostly are.
    """

    def __init__(self, make: Callable[[bool], Callable], epochs_before_xla: float):
        """make: jit_compile -> the function, traced."""
        self._make, self._epochs_before_xla, self._epochs = make, epochs_before_xla, 0
        self._function = make(epochs_before_xla == 0)

    def __call__(self, *tensors):
        if 0 < self._epochs == self._epochs_before_xla:
            self._function = self._make(True)
        self._epochs += 1
        try:
            return self._function(*tensors)
        except (tf.errors.InvalidArgumentError, tf.errors.UnimplementedError) as error:  # before anything was run
            if "XLA" not in str(error):
                raise
            logging.getLogger("dnn").warning("jit_compile: in graph mode, since XLA %s", _reason(error))
            self._function = self._make(False)
            return self._function(*tensors)


def _reason(error: tf.errors.OpError) -> str:
    unknown = sorted(set(re.findall(r"No registered '(\w+)' OpKernel", error.message)))
    return f"has no kernel for {', '.join(unknown)}" if unknown else f"says: {error.message.splitlines()[0]}"
