"""Graph mode or XLA: which of the two runs the epochs of a fit.

XLA makes one program of an epoch. Its steps take a quarter to a half of the time that graph mode, which goes from
operation to operation, needs for a small network, but the program takes 1 to 2 s longer to make. For a large network it
is not faster: there the time goes into matrix products, which graph mode leaves to a better library.
"""

import logging
import math
import re
from collections.abc import Callable

import tensorflow as tf

STEP = 1e6  # what graph mode spends on the operations of a step, in multiply-adds of its matrix products
PAYS = 1.5e10  # multiply-adds after which the seconds that XLA takes to compile come back
LARGEST = 2e7  # multiply-adds of a step beyond which XLA is not sure to be faster


def graph_epochs(jit_compile: bool | str, steps: int, products: float) -> float:
    """How many epochs run in graph mode before XLA takes over: 0 for True, ∞ for False.

    For "auto", after as much work as would have paid for compiling it, of a network that is small enough: at worst a
    fit takes twice as long as with the right choice, however early it stops. Time is not looked at, so what is computed
    depends on the arguments alone.
    steps: of an epoch. products: multiply-adds of a step, batch size times weights.
    """
    if jit_compile != "auto":
        return 0 if jit_compile else math.inf
    return math.inf if products > LARGEST else math.ceil(PAYS / (steps * (STEP + products)))


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
