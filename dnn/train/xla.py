"""Graph mode or XLA: which of the two runs the epochs of a fit.

XLA makes one program of an epoch. Its steps are 1.2 to 4 times as fast as those of graph mode, which goes from
operation to operation, but the program takes about a second longer to make.
"""

import logging
import math
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from dnn.nn.modules import once, whole_variable
from dnn.train.runtime import Compiled, check_xla_kernels, is_small, missing_xla_kernels, operations_without_xla_kernel

SMALL_STEP_SAVED, STEP_SAVED = 1e7, 1e8  # what XLA saves in each step, as multiply-adds that take as long
PAYS = 1.5e11  # multiply-adds after which XLA has saved the seconds that it took to compile
MAX_XLA_BATCH = 4096  # rows: with larger batches graph mode is as fast


def epochs_before_xla(steps: int, batch_size: int, multiply_adds: int, members: int = 1) -> float:
    """Return how many epochs "auto" runs in graph mode before XLA takes over: as much work as pays for compiling.

    0 if one epoch is as much, ∞ if the batches are too large. Time is not looked at: what is computed depends on the
    arguments alone.

    Args:
        steps: of an epoch.
        batch_size: rows of a step.
        multiply_adds: of a step, as `dnn.train.epoch.step_multiply_adds` counts them.
        members: of an ensemble; XLA saves in the step of each, beyond the first, what it saves in a small step.
    """
    saved = multiply_adds + (SMALL_STEP_SAVED if is_small(multiply_adds) else STEP_SAVED)
    saved += (members - 1) * SMALL_STEP_SAVED
    return math.inf if batch_size > MAX_XLA_BATCH else PAYS // (steps * saved)


class GraphOrXla:
    """Runs an epoch's function in graph mode at first and then under XLA; or back in graph mode if XLA cannot.

    Where XLA cannot compile it, as with most custom operations in C++, the log gets a line.

    XLA leaves out checks (tf.debugging.assert_…), and draws other numbers than the stateful tf.random: an epoch with
    such operations, or with those that XLA lacks, goes over to it only for jit_compile=True.
    """

    def __init__(
        self,
        compiled: Compiled,
        trace: Callable[[bool], Compiled],
        *,
        under_xla: bool = False,
        graph_epochs: float = math.inf,
    ):
        """compiled: trace(under_xla). graph_epochs: how many to run before going over to XLA."""
        self._compiled, self._trace = compiled, trace
        self._untried = under_xla  # XLA compiles, and may fail, in the first call
        self._may_go_over, self._graph_epochs = not under_xla, graph_epochs
        self._native: Callable[[], Compiled] | None = None
        self._native_after = math.inf
        self.is_native = False
        self.unit = "epochs"  # what it is called for

    @property
    def variables(self) -> Sequence[tf.Variable]:
        """The variables that the function computes with."""
        return once(map(whole_variable, self._compiled.function.variables))

    @property
    def draws(self) -> list[str]:
        """The operations that draw from TensorFlow's own state, which no checkpoint keeps."""
        drawing = ("Random", "TruncatedNormal", "Multinomial")
        return sorted({operation for operation in self._compiled.operations() if operation.startswith(drawing)})

    def __call__(self, epoch: int, *tensors: Any) -> tf.Tensor:
        """Run an epoch, counted from 1, or a part of it: what runs it depends on its number alone, also resumed."""
        self.goes_native(epoch)
        if self._may_go_over and epoch > self._graph_epochs:
            self._may_go_over = False
            if not _kept_from_xla(self._compiled):
                logging.getLogger("dnn").info("jit_compile: under XLA, after %d %s in graph mode", epoch - 1, self.unit)
                self._compiled, self._untried = self._trace(True), True
        try:
            if self._untried:
                check_xla_kernels(self._compiled)
                _tell_what_xla_changes(self._compiled)
            return self._compiled(*tensors)
        except tf.errors.OpError as error:  # nothing was run if XLA could not compile it
            if not self._untried or isinstance(error, tf.errors.ResourceExhaustedError | tf.errors.CancelledError):
                raise
            logging.getLogger("dnn").warning("jit_compile: in graph mode, since XLA %s", _reason(error))
            self._compiled = self._trace(False)
            return self._compiled(*tensors)
        finally:
            self._untried = False

    def go_native(self, native: Callable[[], Compiled], after: float) -> None:
        """Let what this function traces, epochs in C++, take over after so many epochs."""
        self._native, self._native_after = native, after

    def goes_native(self, epoch: int) -> bool:
        """Whether an epoch, counted from 1, is one in C++, which takes over where it is time and the kernel can."""
        if self._native and epoch > self._native_after:
            self._take(self._native, epoch - 1)
        return self.is_native

    def _take(self, native: Callable[[], Compiled], epochs: int) -> None:
        self._native, log = None, logging.getLogger("dnn")
        try:
            self._compiled, self._untried, self._may_go_over, self.is_native = native(), False, False, True
            log.info("jit_compile: in C++, after %d epochs; jit_compile=True or False forbids it", epochs)
        except (ValueError, TypeError, RuntimeError, OSError) as error:  # another model; no compiler, no folder for it
            log.info("jit_compile: not in C++, since %s", str(error).splitlines()[0])


def warn_of_draws(programs: Sequence[GraphOrXla]) -> None:
    """Say in the log that a model draws from what no checkpoint keeps, if it does."""
    if draws := sorted({each for program in programs for each in program.draws}):
        message = "checkpoint: %s draw from TensorFlow's state, which is not kept: what goes on draws other numbers"
        logging.getLogger("dnn").warning(message, ", ".join(draws))


def _kept_from_xla(function: Compiled) -> list[str]:
    return _changed_under_xla(function) + operations_without_xla_kernel(function)


def _tell_what_xla_changes(function: Compiled) -> None:
    changed = _changed_under_xla(function)
    if changed:
        logging.getLogger("dnn").warning("jit_compile: XLA leaves out, or draws otherwise, %s", ", ".join(changed))


def _changed_under_xla(function: Compiled) -> list[str]:
    prefixes = ("Assert", "CheckNumerics", "Random", "TruncatedNormal", "Multinomial")
    return sorted({operation for operation in function.operations() if operation.startswith(prefixes)})


def _reason(error: tf.errors.OpError) -> str:
    missing = missing_xla_kernels(error)
    return f"has no kernel for {', '.join(missing)}" if missing else f"says: {error.message.splitlines()[0]}"
